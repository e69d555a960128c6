//! The layers hold: see CONTRIBUTING.md.

use std::path::{Path, PathBuf};

use anyhow::Result;
use house::{arrows, circles, crates, layers, ours_among_dependencies, upward};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// What each shared crate may be built from, the lowest first.
const FLOORS: [(&str, &[&str]); 5] = [
    ("vocabulary", &[]),
    ("diagnosis", &["vocabulary"]),
    ("domain", &["diagnosis", "vocabulary"]),
    ("wire", &[]),
    ("adapters", &["diagnosis", "domain", "signing", "vocabulary", "wire"]),
];

#[test]
fn a_crate_is_built_from_those_below_it() -> Result<()> {
    let all = crates(&root())?;
    for (name, below) in FLOORS {
        let ours = ours_among_dependencies(&all[name], &all)?;
        let above: Vec<_> = ours.iter().filter(|ours| !below.contains(&ours.as_str())).collect();
        assert!(above.is_empty(), "{name} is built from {above:?}");
    }
    Ok(())
}

#[test]
fn a_folder_imports_only_from_those_below_it_and_files_form_no_cycle() -> Result<()> {
    let mut with_order = 0;
    for (name, folder) in crates(&root())? {
        let Some(layers) = layers(&name) else { continue };
        with_order += 1;
        let arrows = arrows(&folder)?;
        assert!(arrows.len() > 10, "{name}: the imports were read");
        assert_eq!(upward(&arrows, layers), Vec::<&house::Arrow>::new(), "{name}");
        assert_eq!(circles(&arrows, false), Vec::<Vec<String>>::new(), "{name}");
    }
    assert_eq!(with_order, 3);
    Ok(())
}

#[test]
fn in_crates_without_layers_only_a_parent_and_its_children_import_each_other() -> Result<()> {
    for (name, folder) in crates(&root())? {
        assert_eq!(circles(&arrows(&folder)?, true), Vec::<Vec<String>>::new(), "{name}");
    }
    Ok(())
}

#[test]
fn a_module_root_has_nothing_but_modules_and_re_exports() -> Result<()> {
    for (name, folder) in crates(&root())?.iter().filter(|(name, _)| layers(name).is_some()) {
        for path in folder.files.values().filter(|path| path.ends_with("mod.rs") || path.ends_with("lib.rs")) {
            let file = syn::parse_file(&std::fs::read_to_string(path)?)?;
            let others = file.items.iter().filter(|item| !matches!(item, syn::Item::Mod(_) | syn::Item::Use(_)));
            assert_eq!(others.count(), 0, "{name}: {}", path.display());
        }
    }
    Ok(())
}
