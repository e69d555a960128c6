//! The Terraform module's variables and outputs, as `template.yaml` has its parameters and outputs.

use std::fmt::Write;

use crate::template::{Described, Template};

const HEAD: &str = "\
# Written by tests/docs from template.yaml. Do not edit; renew it with:
# WRITE_PAGES=1 cargo nextest run -p documentation
";

/// The label of the parameters for the local cloud begins so: no stack on AWS sets them.
const OF_TESTS: &str = "Local cloud only";

/// `variables.tf`: one variable for each parameter. Null keeps the stack's own default.
pub fn terraform_variables(template: &Template) -> String {
    let mut text = HEAD.to_owned();
    let of_tests = template.groups.iter().find(|group| group.label.starts_with(OF_TESTS));
    let is_of_tests = |name: &String| of_tests.is_some_and(|group| group.parameters.contains(name));
    let shown: Vec<&Described> = template.parameters.iter().filter(|parameter| !is_of_tests(&parameter.name)).collect();
    for parameter in &shown {
        let kind = if parameter.kind.as_deref() == Some("Number") { "number" } else { "string" };
        let default = parameter.default.as_ref().map_or("", |_| "\n  default     = null");
        let description = quoted(&parameter.description);
        let name = snake_case(&parameter.name);
        write!(text, "\nvariable \"{name}\" {{\n  description = {description}\n  type        = {kind}{default}\n}}\n")
            .expect("a string takes everything");
    }
    text.push_str("\nlocals {\n  parameters = {\n");
    for parameter in shown {
        writeln!(text, "    {} = var.{}", parameter.name, snake_case(&parameter.name)).expect("likewise");
    }
    text.push_str("  }\n}\n");
    text
}

/// `outputs.tf`: one output for each of the stack's. Null where the stack has none, as without sign-in.
pub fn terraform_outputs(template: &Template) -> String {
    let mut text = HEAD.to_owned();
    for Described { name, description, .. } in &template.outputs {
        let (own, description) = (snake_case(name), quoted(description));
        let value = format!("lookup(aws_cloudformation_stack.managed_https.outputs, \"{name}\", null)");
        write!(text, "\noutput \"{own}\" {{\n  description = {description}\n  value       = {value}\n}}\n")
            .expect("a string takes everything");
    }
    text
}

/// A string literal of HCL: `${` and `%{` begin templates there.
fn quoted(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace("${", "$${").replace("%{", "%%{");
    format!("\"{text}\"")
}

/// `AcmeEabSecretArn` as `acme_eab_secret_arn`.
fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_texts_are_written_as_hcl_has_them() {
        assert_eq!(snake_case("AcmeEabSecretArn"), "acme_eab_secret_arn");
        assert_eq!(snake_case("Http01Port"), "http01_port");
        assert_eq!(quoted(r#"a "b" ${c} \d"#), r#""a \"b\" $${c} \\d""#);
    }
}
