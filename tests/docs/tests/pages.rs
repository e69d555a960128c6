//! README and docs against the files, the template and the Makefile.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use documentation::{
    Template, broken_links, linked_pages, make_targets, named_pages, pages, parameters_page, root, terraform_outputs,
    terraform_variables,
};

const PARAMETERS: &str = "docs/reference/parameters.md";

#[test]
fn every_relative_link_and_anchor_resolves() -> Result<()> {
    let pages = pages()?;
    ensure!(pages.len() > 40, "the pages were found: {}", pages.len());
    assert_eq!(broken_links(&pages), Vec::<String>::new());
    Ok(())
}

#[test]
fn every_page_can_be_reached_from_the_map() -> Result<()> {
    let pages = pages()?;
    let mut reached = BTreeSet::from([PathBuf::from("docs/README.md")]);
    loop {
        let of_reached = pages.iter().filter(|page| reached.contains(&page.path) && page.path.ends_with("README.md"));
        let found: BTreeSet<PathBuf> = of_reached.flat_map(linked_pages).collect();
        let before = reached.len();
        reached.extend(found);
        if reached.len() == before {
            break;
        }
    }
    let lost = pages.iter().map(|page| &page.path).filter(|path| path.starts_with("docs") && !reached.contains(*path));
    assert_eq!(lost.collect::<Vec<_>>(), Vec::<&PathBuf>::new(), "add them to docs/README.md or an index it links to");
    Ok(())
}

/// Every file below `path`, or itself, that is text.
fn sources(path: &Path, texts: &mut Vec<(PathBuf, String)>) -> Result<()> {
    // A link leads to packages that were fetched; the last release names pages of its own.
    if path.is_symlink() || path.ends_with("last-release.json") {
        return Ok(());
    }
    if path.is_dir() {
        for entry in std::fs::read_dir(path)? {
            sources(&entry?.path(), texts)?;
        }
    } else if let Ok(text) = std::fs::read_to_string(path) {
        texts.push((path.to_owned(), text));
    }
    Ok(())
}

#[test]
fn every_page_named_in_the_sources_exists() -> Result<()> {
    let mut texts = Vec::new();
    for path in ["functions", "infra", "tests/end-to-end", "tests/local-cloud", "template.yaml", "Makefile"] {
        sources(&root().join(path), &mut texts)?;
    }
    let named = texts.iter().flat_map(|(path, text)| named_pages(text).into_iter().map(move |page| (path, page)));
    let named: Vec<_> = named.collect();
    ensure!(named.len() > 10, "the names were found: {named:?}");
    let missing: Vec<_> = named.iter().filter(|(_, page)| !root().join(page).exists()).collect();
    ensure!(missing.is_empty(), "{missing:#?}");
    Ok(())
}

#[test]
fn every_make_target_exists() -> Result<()> {
    let makefile = std::fs::read_to_string(root().join("Makefile"))?;
    let is_there = |target: &str| makefile.lines().any(|line| line.starts_with(&format!("{target}:")));
    let calls = make_targets(&pages()?);
    ensure!(calls.len() > 10, "the commands were found: {calls:#?}");
    let unknown: Vec<_> = calls.iter().filter(|call| !is_there(&call.words[1])).collect();
    ensure!(unknown.is_empty(), "{unknown:#?}");
    Ok(())
}

#[test]
fn the_page_of_parameters_is_what_the_template_says() -> Result<()> {
    let page = parameters_page(&Template::read()?)?;
    let path = root().join(PARAMETERS);
    if std::env::var_os("WRITE_PAGES").is_some() {
        return std::fs::write(&path, page).context(PARAMETERS);
    }
    let kept = std::fs::read_to_string(&path).context(PARAMETERS)?;
    ensure!(kept == page, "{PARAMETERS} is stale: WRITE_PAGES=1 cargo nextest run -p documentation");
    Ok(())
}

#[test]
fn the_terraform_module_has_the_templates_parameters_and_outputs() -> Result<()> {
    let template = Template::read()?;
    let folder = root().join("infra/terraform");
    let written = [("variables.tf", terraform_variables(&template)), ("outputs.tf", terraform_outputs(&template))];
    for (name, text) in &written {
        let path = folder.join(name);
        if std::env::var_os("WRITE_PAGES").is_some() {
            std::fs::write(&path, text).context(*name)?;
        }
        let kept = std::fs::read_to_string(&path).context(*name)?;
        ensure!(kept == *text, "{name} is stale: WRITE_PAGES=1 cargo nextest run -p documentation");
    }
    let labels = |file: &str| -> Result<BTreeSet<String>> {
        let body =
            hcl::parse(&std::fs::read_to_string(folder.join(file))?).with_context(|| format!("{file} is no HCL"))?;
        let blocks = body.blocks().filter(|block| ["variable", "output"].contains(&block.identifier()));
        Ok(blocks.filter_map(|block| Some(block.labels().first()?.as_str().to_owned())).collect())
    };
    let required = template.parameters.iter().filter(|parameter| parameter.default.is_none());
    assert!(required.count() < 10 && labels("variables.tf")?.contains("delegation_hosted_zone_id"));
    assert_eq!(labels("outputs.tf")?.len(), template.outputs.len());
    assert_eq!(labels("main.tf")?, ["bucket", "release", "stack_name"].map(str::to_owned).into());
    Ok(())
}

#[test]
fn every_parameter_and_output_is_documented() -> Result<()> {
    let template = Template::read()?;
    ensure!(template.parameters.len() > 40 && template.outputs.len() > 15, "the template was read: {template:#?}");
    let page = std::fs::read_to_string(root().join(PARAMETERS))?;
    for described in template.parameters.iter().chain(&template.outputs) {
        ensure!(!described.description.is_empty(), "{} has no description", described.name);
        ensure!(page.contains(&format!("| `{}` | ", described.name)), "{} is in no row", described.name);
    }
    Ok(())
}

#[test]
fn every_parameter_named_in_the_docs_exists() -> Result<()> {
    let template = Template::read()?;
    let known: BTreeSet<&str> =
        template.parameters.iter().chain(&template.outputs).map(|described| described.name.as_str()).collect();
    // What a custom resource has begins with the same words.
    let attributes = std::fs::read_to_string(root().join("functions/serve-custom-resource/src/attributes.rs"))?;
    let mut unknown = Vec::new();
    for page in pages()?.iter().filter(|page| page.path.starts_with("docs/how-to")) {
        for code in page.code().iter().filter(|code| code.language.is_none()) {
            // `Name=value` and `Name`, where the name has the prefix that a parameter of the stack has.
            let name = code.text.split('=').next().unwrap_or_default();
            let is_ours = ["Acme", "Oidc", "Caa", "Health", "Delegation", "Endpoint"]
                .iter()
                .any(|prefix| name.starts_with(prefix) && name.chars().all(char::is_alphanumeric));
            if is_ours && !known.contains(name) && !attributes.contains(&format!("\"{name}\"")) {
                unknown.push(format!("{}:{}: {name}", page.path.display(), code.line));
            }
        }
    }
    assert_eq!(unknown, Vec::<String>::new());
    Ok(())
}

#[test]
fn every_alarm_has_its_runbook_and_every_runbook_its_alarm() -> Result<()> {
    let template = Template::read()?;
    let index = documentation::Page::read(Path::new("docs/runbooks/README.md"))?;
    let listed = linked_pages(&index);
    let mut expected = BTreeSet::new();
    for alarm in &template.alarms {
        let page = PathBuf::from(format!("docs/runbooks/{}.md", alarm.name.to_lowercase()));
        let link = format!("Runbook: ${{Runbooks}}/{}.md", alarm.name.to_lowercase());
        ensure!(alarm.description.ends_with(&link), "{}: {}", alarm.name, alarm.description);
        ensure!(listed.contains(&page), "{} is not in the index", alarm.name);
        expected.insert(page);
    }
    let all = pages()?;
    let runbooks =
        all.iter().filter(|page| page.path.starts_with("docs/runbooks") && !page.path.ends_with("README.md"));
    let mut there = BTreeSet::new();
    for page in runbooks {
        for part in ["## What it means", "## Check first", "## Then"] {
            ensure!(page.text.contains(&format!("\n{part}\n")), "{} has no “{part}”", page.path.display());
        }
        there.insert(page.path.clone());
    }
    assert_eq!(there, expected);
    Ok(())
}

#[test]
fn the_readme_is_short() -> Result<()> {
    let readme = std::fs::read_to_string(root().join("README.md"))?;
    let words = readme.split_whitespace().count();
    ensure!(words <= 900, "{words} words");
    Ok(())
}

/// The fields of the structs in `runtime/src/metrics.rs` that CloudWatch makes metrics of.
fn metrics(source: &str) -> Vec<String> {
    let fields = source.lines().filter_map(|line| line.strip_prefix("    pub ")?.strip_suffix(',')?.split_once(": "));
    let counted = fields.filter(|(_, kind)| matches!(*kind, "u32" | "Option<u32>" | "Duration"));
    let pascal = |name: &str| {
        let words = name.split('_').map(|word| word[..1].to_uppercase() + &word[1..]);
        words.collect::<String>()
    };
    counted.map(|(name, _)| pascal(name)).collect()
}

#[test]
fn the_stacks_output_has_the_version_of_the_workspace() -> Result<()> {
    let template = std::fs::read_to_string(root().join("template.yaml"))?;
    let output = template.split_once("\n  Version:\n").context("the output Version")?.1;
    let value = |text: &str, key| {
        text.lines().find_map(|line| Some(line.trim().strip_prefix(key)?.split(" #").next()?.to_owned()))
    };
    let version = Some(env!("CARGO_PKG_VERSION").to_owned());
    assert_eq!(value(output, "Value: "), version, "change both");
    assert_eq!(value(&template, "SemanticVersion: "), version, "change both");
    Ok(())
}

#[test]
fn every_metric_is_documented() -> Result<()> {
    let source = std::fs::read_to_string(root().join("functions/shared/runtime/src/metrics.rs"))?;
    let page = std::fs::read_to_string(root().join("docs/reference/metrics.md"))?;
    let metrics = metrics(&source);
    ensure!(metrics.len() > 20, "the metrics were read: {metrics:?}");
    let missing: Vec<_> = metrics.iter().filter(|name| !page.contains(&format!("`{name}`"))).collect();
    ensure!(missing.is_empty(), "{missing:?}");
    Ok(())
}

#[test]
fn every_failure_is_documented() -> Result<()> {
    let page = std::fs::read_to_string(root().join("docs/reference/failures.md"))?;
    for name in vocabulary::failure::FailureName::ALL {
        ensure!(page.contains(&format!("\n| `{}` | ", name.as_str())), "{}", name.as_str());
    }
    Ok(())
}

/// What is held by something: the code spans in the last column of the table below `## Threats`.
fn holders(page: &str) -> Vec<String> {
    let table = page.split("\n## Threats\n").nth(1).unwrap_or_default();
    let table = table.split("\n## ").next().unwrap_or_default();
    let rows = table.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| threat"));
    let last = rows.filter_map(|row| row.trim_end_matches('|').trim_end().rsplit('|').next());
    last.flat_map(|cell| cell.split('`').skip(1).step_by(2).map(str::to_owned)).collect()
}

/// Names of tests in Rust sources, and of guard rules with a case that they refuse.
fn tests_and_rules(texts: &[(PathBuf, String)]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (path, text) in texts {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("rs") => {
                let lines: Vec<&str> = text.lines().map(str::trim).collect();
                let declared = |line: &str| {
                    let name = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ")?;
                    name.split_once('(').map(|(name, _)| name.to_owned())
                };
                let is_test = |line: &&str| line.starts_with("#[test]") || line.starts_with("#[tokio::test");
                names.extend(lines.windows(2).filter(|two| is_test(&two[0])).filter_map(|two| declared(two[1])));
                // proptest! has its tests without a line between.
                let attribute = |at: usize| lines[at.saturating_sub(3)..at].iter().any(is_test);
                let nearby = (0..lines.len()).filter(|at| attribute(*at)).filter_map(|at| declared(lines[at]));
                names.extend(nearby);
            }
            Some("yaml") if path.components().any(|part| part.as_os_str() == "guard") => {
                names.extend(text.lines().filter_map(|line| line.trim().strip_suffix(": FAIL")).map(str::to_owned));
            }
            _ => {}
        }
    }
    names
}

#[test]
fn every_threat_has_tests_that_exist() -> Result<()> {
    let page = std::fs::read_to_string(root().join("docs/explanation/security.md"))?;
    let named = holders(&page);
    ensure!(named.len() > 30, "the table was read: {named:?}");
    let mut texts = Vec::new();
    for path in ["functions", "tests", "infra/guard"] {
        sources(&root().join(path), &mut texts)?;
    }
    let existing = tests_and_rules(&texts);
    let missing: Vec<_> = named.iter().filter(|name| !existing.contains(*name)).collect();
    ensure!(missing.is_empty(), "no test or guard rule: {missing:#?}");
    let empty = page
        .lines()
        .filter(|line| line.starts_with("| ") && line.matches(" | ").count() == 2 && line.ends_with("|  |"));
    assert_eq!(empty.collect::<Vec<_>>(), Vec::<&str>::new(), "a threat that nothing holds");
    Ok(())
}
