//! The page of the stack's parameters and outputs, as `template.yaml` has them.

use std::fmt::Write;

use anyhow::{Context, Result};

use crate::template::{Described, Template};

const HEAD: &str = "\
# Parameters and outputs

<!-- Written by tests/docs from template.yaml. Do not edit; renew it with:
     WRITE_PAGES=1 cargo nextest run -p documentation -->

`make deploy` asks for the parameters and keeps the answers in `deployment.toml`. Only those without a default are required.
[Deploy to AWS](../how-to/deploy.md) names the ones to begin with.

## Parameters
";

/// Parameters by group, then outputs.
pub fn parameters_page(template: &Template) -> Result<String> {
    let mut page = String::from(HEAD);
    for group in &template.groups {
        write!(page, "\n### {}\n\n| parameter | default | description |\n|---|---|---|\n", group.label)?;
        for name in &group.parameters {
            let found = template.parameters.iter().find(|parameter| parameter.name == *name);
            let parameter = found.with_context(|| format!("the group {} names {name}", group.label))?;
            writeln!(page, "| `{name}` | {} | {} |", default(parameter), cell(&description(parameter)))?;
        }
    }
    page.push_str("\n## Outputs\n\n| output | description |\n|---|---|\n");
    for output in &template.outputs {
        writeln!(page, "| `{}` | {} |", output.name, cell(&output.description))?;
    }
    Ok(page)
}

fn default(parameter: &Described) -> String {
    match parameter.default.as_deref() {
        None => "required".to_owned(),
        Some("") => "empty".to_owned(),
        Some(value) => format!("`{}`", cell(value)),
    }
}

fn description(parameter: &Described) -> String {
    let Described { description, constraint, allowed, .. } = parameter;
    let allowed = allowed.as_ref().map(|values| values.trim_matches(['[', ']']).replace('"', ""));
    match (allowed, constraint) {
        (Some(values), _) => format!("{description} One of: {values}."),
        (None, Some(constraint)) => format!("{description} M{}.", constraint.trim_start_matches('m')),
        (None, None) => description.clone(),
    }
}

/// Text that ends no cell of a table and is no markup.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}
