//! `aws_route53_record` resources, in HCL rather than its JSON form: this is what is pasted beside other HCL, and it
//! takes comments. All texts are escaped as HCL's templates need it.

use wire::RequiredRecord;

use super::{Identifiers, TTL, is_alias, subject, zone_of_target, zones};
use crate::render::character_strings;

pub(crate) fn terraform(records: &[&RequiredRecord]) -> String {
    let mut identifiers = Identifiers::default();
    let subject = subject(records);
    let mut text = String::new();
    for zone in zones(records) {
        // Named for the endpoint too, so that files of several endpoints can be put together.
        let zone_id = identifiers.unique(format!("zone_id_of_{}_for_{}", word(zone.domain), word(subject)));
        text += &variable(&zone_id, &format!("The Route 53 hosted zone for the records of {}", zone.domain), None);
        for record in zone.records {
            let name = identifiers.unique(word(&record.name));
            text += &match is_alias(record) {
                true => alias(&name, &zone_id, record),
                false => resource(
                    &name,
                    &zone_id,
                    record,
                    &format!("  ttl     = {TTL}\n  records = [{}]\n", quoted(&data(record))),
                ),
            };
        }
    }
    // Blocks end with an empty line; the file does not.
    text.trim_end().to_owned() + "\n"
}

/// The provider's value of a record: it adds one pair of quotes itself, so that only the quotes between the parts of a long
/// text are to be written (AWS provider, `aws_route53_record`, "records").
fn data(record: &RequiredRecord) -> String {
    match character_strings(record, "") {
        Some(strings) => strings.trim_matches('"').to_owned(),
        None => record.value.clone(),
    }
}

fn variable(name: &str, description: &str, default: Option<&str>) -> String {
    let default = default.map_or_else(String::new, |value| format!("  default     = {}\n", quoted(value)));
    format!("variable \"{name}\" {{\n  type        = string\n  description = {}\n{default}}}\n\n", quoted(description))
}

fn resource(name: &str, zone_id: &str, record: &RequiredRecord, body: &str) -> String {
    let kind = if is_alias(record) { "A" } else { record.kind.as_str() };
    format!(
        "# {}\nresource \"aws_route53_record\" \"{name}\" {{\n  zone_id = var.{zone_id}\n  name    = {}\n  type    = {}\n{body}}}\n\n",
        record.purpose,
        quoted(&record.name),
        quoted(kind)
    )
}

/// Route 53's own alias, which leads to AWS resources only; their hosted zone is not known here.
fn alias(name: &str, zone_id: &str, record: &RequiredRecord) -> String {
    let target = format!("target_zone_id_of_{name}");
    let description = format!(
        "The hosted zone of {}, an AWS resource such as a load balancer (its canonical hosted zone id)",
        record.value
    );
    let body = format!(
        "\n  alias {{\n    name                   = {}\n    zone_id                = var.{target}\n    evaluate_target_health = false\n  }}\n",
        quoted(&record.value)
    );
    variable(&target, &description, zone_of_target(&record.value)) + &resource(name, zone_id, record, &body)
}

/// A name as an identifier: `_acme-challenge.*.example.com` is `acme-challenge_wildcard_example_com`.
fn word(name: &str) -> String {
    let mut word = String::new();
    for c in name.trim_start_matches('_').chars() {
        match c {
            '*' => word += "wildcard",
            c if c.is_ascii_alphanumeric() || c == '-' => word.push(c),
            _ => word.push('_'),
        }
    }
    // An identifier begins with a letter.
    if word.starts_with(|c: char| c.is_ascii_alphabetic()) { word } else { format!("name_{word}") }
}

/// A quoted template that stands for `text` (HCL's native syntax, "Template Literals").
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out += "\\n",
            // Doubled, it does not begin an expression.
            '$' | '%' if rest.peek() == Some(&'{') => out.extend([c, c]),
            c => out.push(c),
        }
    }
    out + "\""
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use hcl::{Body, Expression, Structure};

    fn parsed(text: &str) -> Body {
        hcl::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    /// The labels and the attributes of the blocks of this kind.
    fn blocks(body: &Body, kind: &str) -> Vec<(String, hcl::Map<String, Expression>)> {
        body.iter()
            .filter_map(Structure::as_block)
            .filter(|block| block.identifier() == kind)
            .map(|block| {
                let labels: Vec<_> = block.labels().iter().map(|label| label.as_str()).collect();
                let attributes = block.body().attributes().map(|a| (a.key().to_owned(), a.expr().clone())).collect();
                (labels.join(" "), attributes)
            })
            .collect()
    }

    #[test]
    fn a_parser_of_hcl_finds_each_record_once() {
        let sample = sample();
        let text = terraform(&sample.iter().collect::<Vec<_>>());
        let body = parsed(&text);
        let resources = blocks(&body, "resource");
        let named: Vec<_> = resources.iter().map(|(labels, _)| labels.as_str()).collect();
        assert_eq!(
            named,
            [
                "aws_route53_record example_com",
                "aws_route53_record wildcard_example_com",
                "aws_route53_record acme-challenge_example_com",
                "aws_route53_record a-b_example_co_uk",
                "aws_route53_record acme-challenge_a-b_example_co_uk",
                "aws_route53_record validation-persist_example_org",
            ]
        );
        let delegation = &resources[2].1;
        assert_eq!(delegation["name"], Expression::from("_acme-challenge.example.com"));
        assert_eq!(delegation["type"], Expression::from("CNAME"));
        assert_eq!(delegation["records"], Expression::from(vec!["l.acme.platform.example"]));
        let standing = &resources[5].1;
        assert_eq!(standing["records"], Expression::from(vec!["ca.example; accounturi=https://ca.example/7"]));
        // What is a variable is declared, and what is declared is used.
        for (name, _) in blocks(&body, "variable") {
            assert!(text.contains(&format!("var.{name}\n")), "{name}");
        }
        assert_eq!(text.matches("= var.").count(), resources.len() + 1);
    }

    #[test]
    fn text_stays_text_in_a_template() {
        for text in ["plain", "a\"b\\c", "${var.x}", "%{ if x }", "$${", "$", "100%", "a\nb"] {
            let body = parsed(&format!("a = {}\n", quoted(text)));
            let evaluated: std::collections::HashMap<String, String> = hcl::from_body(body).expect("an attribute");
            assert_eq!(evaluated["a"], text, "{}", quoted(text));
        }
    }

    #[test]
    fn a_long_text_has_the_quotes_between_its_parts_and_none_around_it() {
        let mut record = sample().remove(5);
        record.value = "x".repeat(256);
        assert_eq!(data(&record), format!("{}\"\"x", "x".repeat(255)));
    }

    #[test]
    fn an_identifier_begins_with_a_letter() {
        assert_eq!(word("1.example.com"), "name_1_example_com");
        assert_eq!(word("_acme-challenge.*.x"), "acme-challenge_wildcard_x");
    }
}
