//! The built template, with its functions ready to upload.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::layout::{CloudFolder, Project};

const PACKED: &str = "packed.yaml";

/// Zips files, each as the program of one function. Fast, because nothing here waits for a small upload.
const ZIP: &str = "
import sys, zipfile
for archive, program in zip(sys.argv[1::2], sys.argv[2::2]):
    with zipfile.ZipFile(archive, 'w', zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        file.write(program, 'bootstrap')
";

/// A template whose parts are in a bucket.
pub(crate) struct Linked {
    /// What to upload: keys, and what is there.
    pub(crate) objects: Vec<(String, Vec<u8>)>,
    /// Key of the template among them.
    pub(crate) key: String,
}

/// The template to deploy in place of `template`: the functions are zipped once, not by each `sam deploy`. It lies in the
/// same folder, which `sam build` empties.
pub(crate) fn packed(project: &Project, template: &Path) -> Result<PathBuf> {
    let built = Built::read(template)?;
    let packed = built.folder.join(PACKED);
    // Clouds of several tests start at once.
    let lock = File::create(built.folder.join("packed.lock"))
        .with_context(|| format!("writing to {}", built.folder.display()))?;
    lock.lock()?;
    if packed.is_file() {
        return Ok(packed);
    }
    let archive = |function: &str| format!("{function}.zip");
    let pairs = built.functions().map(|function| (built.folder.join(archive(function)), built.program(function)));
    zip(project, &pairs.collect::<Vec<_>>())?;
    // Complete or not there: others take the file as it is.
    let unfinished = built.folder.join("packed.yaml.new");
    fs::write(&unfinished, built.with_code(archive))?;
    fs::rename(unfinished, &packed)?;
    Ok(packed)
}

/// The template with functions of a few bytes, each of which leads to its program in the cloud's folder: forty megabytes
/// a function need not be zipped, uploaded and unpacked for a cloud that lives for one test. `bucket`: where it will be.
pub(crate) fn linked(project: &Project, folder: &CloudFolder, template: &Path, bucket: &str) -> Result<Linked> {
    let built = Built::read(template)?;
    let (programs, launchers) = (folder.file("programs"), folder.file("launchers"));
    fs::create_dir_all(&programs)?;
    fs::create_dir_all(&launchers)?;
    let mut pairs = Vec::new();
    for function in built.functions() {
        // A link of the cloud's own: the next build replaces the file, and this cloud keeps what it was started with.
        let program = programs.join(function);
        // A second stack of the cloud runs the same ones.
        if !program.is_file() {
            fs::hard_link(built.program(function), &program)
                .or_else(|_| fs::copy(built.program(function), &program).map(drop))
                .with_context(|| format!("linking {}", program.display()))?;
        }
        let launcher = launchers.join(function);
        fs::write(&launcher, format!("#!/bin/sh\nexec '{}'\n", program.display()))?;
        pairs.push((launchers.join(format!("{function}.zip")), launcher));
    }
    zip(project, &pairs)?;

    let mut text = built.with_code(|function| format!("s3://{bucket}/{function}.zip"));
    let mut objects = Vec::new();
    for (function, (archive, _)) in built.functions().zip(&pairs) {
        objects.push((format!("{function}.zip"), fs::read(archive)?));
    }
    for path in built.text.lines().filter_map(|line| line.trim().strip_prefix("DefinitionUri: ")) {
        let file = built.folder.join(path);
        let name = file.file_name().context("a definition is a file")?.to_string_lossy().into_owned();
        text = text.replace(&format!("DefinitionUri: {path}"), &format!("DefinitionUri: s3://{bucket}/{name}"));
        objects.push((name, fs::read(&file).with_context(|| format!("reading {}", file.display()))?));
    }
    let key = "template.yaml".to_owned();
    objects.push((key.clone(), text.into_bytes()));
    Ok(Linked { objects, key })
}

/// Makes an archive of each program, as a function's code. Blocks.
pub(crate) fn zip(project: &Project, pairs: &[(PathBuf, PathBuf)]) -> Result<()> {
    let mut command = Command::new(project.tool("sam", "python")?);
    command.args(["-c", ZIP]).args(pairs.iter().flat_map(|(archive, program)| [archive, program]));
    ensure!(command.status()?.success(), "zipping the functions failed");
    Ok(())
}

/// What `sam build` made.
struct Built {
    folder: PathBuf,
    text: String,
}

impl Built {
    fn read(template: &Path) -> Result<Self> {
        let folder = template.parent().context("a template lies in a folder")?.to_owned();
        Ok(Self { folder, text: fs::read_to_string(template)? })
    }

    /// Folders of built functions that the template names.
    fn functions(&self) -> impl Iterator<Item = &str> {
        self.text.lines().filter_map(|line| self.code(line))
    }

    fn program(&self, function: &str) -> PathBuf {
        self.folder.join(function).join("bootstrap")
    }

    /// The template with `place` of each function's code in the place of its folder.
    fn with_code(&self, place: impl Fn(&str) -> String) -> String {
        let line = |line: &str| match self.code(line) {
            Some(function) => line.replace(function, &place(function)) + "\n",
            None => format!("{line}\n"),
        };
        self.text.lines().map(line).collect()
    }

    fn code<'a>(&self, line: &'a str) -> Option<&'a str> {
        let function = line.trim().strip_prefix("CodeUri: ")?;
        self.program(function).is_file().then_some(function)
    }
}
