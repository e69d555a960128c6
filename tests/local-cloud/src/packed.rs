//! The built template with its functions zipped once, not anew by each `sam deploy`: that is most of
//! what a deployment here takes.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::layout::Project;

const PACKED: &str = "packed.yaml";

/// The template to deploy in place of `template`. It lies in the same folder, which `sam build` empties.
pub(crate) fn packed(project: &Project, template: &Path) -> Result<PathBuf> {
    let folder = template.parent().context("a template lies in a folder")?;
    let packed = folder.join(PACKED);
    // Clouds of several tests start at once.
    let lock = File::create(folder.join("packed.lock")).with_context(|| format!("writing to {}", folder.display()))?;
    lock.lock()?;
    if packed.is_file() {
        return Ok(packed);
    }
    let text = fs::read_to_string(template)?;
    for function in functions(&text, folder) {
        let zipped = Command::new(project.tool("sam", "python")?)
            .current_dir(folder.join(function))
            .args(["-m", "zipfile", "-c"])
            .arg(format!("../{function}.zip"))
            .arg("bootstrap")
            .status()?;
        ensure!(zipped.success(), "zipping {function} failed");
    }
    // Complete or not there: others take the file as it is.
    let unfinished = folder.join("packed.yaml.new");
    fs::write(&unfinished, with_zips(&text, folder))?;
    fs::rename(unfinished, &packed)?;
    Ok(packed)
}

/// Folders of built functions that the template names.
fn functions<'a>(template: &'a str, folder: &Path) -> Vec<&'a str> {
    template.lines().filter_map(|line| code_folder(line, folder)).collect()
}

fn with_zips(template: &str, folder: &Path) -> String {
    let line = |line: &str| match code_folder(line, folder) {
        Some(function) => line.replace(function, &format!("{function}.zip")) + "\n",
        None => format!("{line}\n"),
    };
    template.lines().map(line).collect()
}

fn code_folder<'a>(line: &'a str, folder: &Path) -> Option<&'a str> {
    let function = line.trim().strip_prefix("CodeUri: ")?;
    folder.join(function).join("bootstrap").is_file().then_some(function)
}
