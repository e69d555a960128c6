//! What a file takes from other files of its crate.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemMod, ItemUse, UseTree};

use crate::tree::CrateFolder;

/// One file takes something from another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arrow {
    /// Paths of modules, as in [`CrateFolder::files`].
    pub from: Vec<String>,
    pub to: Vec<String>,
}

/// All arrows between the files of a crate. What a `mod.rs` re-exports is taken from the file that has it, and `mod.rs`
/// itself draws none by re-exporting.
///
/// # Errors
///
/// A file cannot be read or is no Rust.
pub fn arrows(folder: &CrateFolder) -> Result<BTreeSet<Arrow>> {
    let mut read = BTreeMap::new();
    let mut of_tests = BTreeSet::new();
    for (module, path) in &folder.files {
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let file = syn::parse_file(&text).with_context(|| path.display().to_string())?;
        let mut paths = Paths { here: module.clone(), ..Paths::default() };
        paths.visit_file(&file);
        of_tests.extend(paths.test_modules.iter().cloned());
        read.insert(module.clone(), paths);
    }
    let faces: BTreeMap<Vec<String>, Vec<String>> =
        read.values().flat_map(|paths| paths.faces.iter().cloned()).collect();
    let mut all = BTreeSet::new();
    for (module, paths) in &read {
        if is_of_tests(module, &of_tests) {
            continue;
        }
        for path in &paths.taken {
            let Some(to) = file_of(path, &folder.files, &faces) else { continue };
            if to != *module && !is_of_tests(&to, &of_tests) {
                all.insert(Arrow { from: module.clone(), to });
            }
        }
    }
    Ok(all)
}

fn is_of_tests(module: &[String], of_tests: &BTreeSet<Vec<String>>) -> bool {
    (0..=module.len()).any(|length| of_tests.contains(&module[..length]))
}

/// The file that has what stands at `path`, through at most a few faces.
fn file_of<F>(
    path: &[String],
    files: &BTreeMap<Vec<String>, F>,
    faces: &BTreeMap<Vec<String>, Vec<String>>,
) -> Option<Vec<String>> {
    let mut path = path.to_vec();
    for _ in 0..4 {
        let behind = (1..=path.len()).rev().find_map(|length| Some((length, faces.get(&path[..length])?)));
        let Some((length, behind)) = behind else { break };
        path = [behind.as_slice(), &path[length..]].concat();
    }
    (0..=path.len()).rev().map(|length| path[..length].to_vec()).find(|module| files.contains_key(module))
}

/// What one file names of its crate.
#[derive(Default)]
struct Paths {
    here: Vec<String>,
    taken: Vec<Vec<String>>,
    /// What it re-exports: the path it is known by, and where it is.
    faces: Vec<(Vec<String>, Vec<String>)>,
    test_modules: Vec<Vec<String>>,
}

impl Paths {
    /// `path` from the root of the crate; none if it leads out of it.
    fn absolute(&self, path: &[String]) -> Option<Vec<String>> {
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => Some(rest.to_vec()),
            "self" => Some([self.here.as_slice(), rest].concat()),
            "super" => {
                let ups = path.iter().take_while(|part| *part == "super").count();
                let above = self.here.len().checked_sub(ups)?;
                Some([&self.here[..above], &path[ups..]].concat())
            }
            _ => None,
        }
    }

    fn take_use(&mut self, tree: &UseTree, before: &[String], is_face: bool) {
        match tree {
            UseTree::Path(path) => {
                let path_so_far = [before, &[path.ident.to_string()]].concat();
                self.take_use(&path.tree, &path_so_far, is_face);
            }
            UseTree::Group(group) => group.items.iter().for_each(|item| self.take_use(item, before, is_face)),
            UseTree::Name(name) if name.ident == "self" => self.take(before, None, is_face),
            UseTree::Name(name) => self.take(&[before, &[name.ident.to_string()]].concat(), None, is_face),
            UseTree::Rename(rename) => {
                let path = [before, &[rename.ident.to_string()]].concat();
                self.take(&path, Some(rename.rename.to_string()), is_face);
            }
            UseTree::Glob(_) => self.take(before, None, false),
        }
    }

    fn take(&mut self, path: &[String], renamed: Option<String>, is_face: bool) {
        let absolute = match self.absolute(path) {
            Some(absolute) => absolute,
            // `pub use child::Item` in the file of the parent.
            None if is_face => [self.here.as_slice(), path].concat(),
            None => return,
        };
        if is_face {
            let name = renamed.or_else(|| path.last().cloned()).unwrap_or_default();
            self.faces.push(([self.here.as_slice(), &[name]].concat(), absolute));
        } else {
            self.taken.push(absolute);
        }
    }
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item(&mut self, item: &'ast Item) {
        match item {
            Item::Mod(module) if is_test(&module.attrs) => {
                let name = [self.here.as_slice(), &[module.ident.to_string()]].concat();
                self.test_modules.push(name);
            }
            Item::Fn(function) if is_test(&function.attrs) => {}
            item => visit::visit_item(self, item),
        }
    }

    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        if module.content.is_some() {
            self.here.push(module.ident.to_string());
            visit::visit_item_mod(self, module);
            self.here.pop();
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        if is_test(&item.attrs) {
            return;
        }
        let is_face = !matches!(item.vis, syn::Visibility::Inherited);
        self.take_use(&item.tree, &[], is_face);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let path_words: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if path_words.len() > 1 && matches!(path_words[0].as_str(), "crate" | "super" | "self") {
            self.take(&path_words, None, false);
        }
        visit::visit_path(self, path);
    }
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.meta.require_list().is_ok_and(|list| list.tokens.to_string().contains("test"))
    })
}
