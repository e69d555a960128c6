//! The crates of the workspace and their files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// One crate of the workspace.
#[derive(Clone, Debug)]
pub struct CrateFolder {
    pub name: String,
    pub folder: PathBuf,
    /// Its files below `src`, by the path of their module: `["names", "tenant"]`. The root is empty.
    pub files: BTreeMap<Vec<String>, PathBuf>,
}

/// All crates of the workspace at `root`, by name.
///
/// # Errors
///
/// What could not be read, by its path.
pub fn crates(root: &Path) -> Result<BTreeMap<String, CrateFolder>> {
    let manifest = read(&root.join("Cargo.toml"))?;
    let members = manifest.split("members = [").nth(1).and_then(|rest| rest.split(']').next()).context("members")?;
    let mut all = BTreeMap::new();
    for member in members.split('"').skip(1).step_by(2) {
        let folder = root.join(member);
        let name = package_name(&folder)?;
        let mut files = BTreeMap::new();
        collect(&folder.join("src"), &mut Vec::new(), &mut files)?;
        all.insert(name.clone(), CrateFolder { name, folder, files });
    }
    Ok(all)
}

/// Which crates of `all` the crate in `folder` is built from. What only its tests take is left out.
///
/// # Errors
///
/// Its manifest cannot be read.
pub fn ours_among_dependencies(folder: &CrateFolder, all: &BTreeMap<String, CrateFolder>) -> Result<Vec<String>> {
    let manifest = read(&folder.folder.join("Cargo.toml"))?;
    let section = manifest.split("\n[dependencies]\n").nth(1).unwrap_or_default();
    let section = section.split("\n[").next().unwrap_or_default();
    let names = section.lines().filter_map(|line| line.split(['.', ' ', '=']).next());
    Ok(names.filter(|name| all.contains_key(*name)).map(str::to_owned).collect())
}

fn package_name(folder: &Path) -> Result<String> {
    let manifest = read(&folder.join("Cargo.toml"))?;
    let line = manifest.lines().find_map(|line| line.strip_prefix("name = \"")).context("a package has a name")?;
    Ok(line.trim_end_matches('"').to_owned())
}

fn collect(folder: &Path, module: &mut Vec<String>, files: &mut BTreeMap<Vec<String>, PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
        if path.is_dir() {
            module.push(stem);
            collect(&path, module, files)?;
            module.pop();
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let mut name = module.clone();
            if !matches!(stem.as_str(), "lib" | "main" | "mod") {
                name.push(stem);
            }
            files.insert(name, path);
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| path.display().to_string())
}
