//! `template.yaml`: parameters, outputs and alarms, with their descriptions.
//!
//! Read line by line: it is written by hand in one style, and a YAML parser would be a dependency for this alone.

use std::fs;

use anyhow::{Context, Result, ensure};

use crate::page::root;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Described {
    pub name: String,
    /// `Number`
    pub kind: Option<String>,
    pub description: String,
    pub default: Option<String>,
    pub constraint: Option<String>,
    pub allowed: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    pub label: String,
    pub parameters: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct Template {
    pub groups: Vec<Group>,
    pub parameters: Vec<Described>,
    pub outputs: Vec<Described>,
    pub alarms: Vec<Described>,
    /// Functions, schedules and whatever else says what it is, as the consoles show it.
    pub resources: Vec<Described>,
}

impl Template {
    pub fn read() -> Result<Self> {
        let text = fs::read_to_string(root().join("template.yaml")).context("template.yaml")?;
        Self::parse(&text)
    }

    fn parse(text: &str) -> Result<Self> {
        let resources = entries(section(text, "Resources"));
        let alarms = resources
            .iter()
            .filter(|(_, lines)| lines.iter().any(|line| line.trim() == "Type: AWS::CloudWatch::Alarm"));
        let template = Self {
            groups: groups(text),
            parameters: entries(section(text, "Parameters")).iter().map(described).collect(),
            outputs: entries(section(text, "Outputs")).iter().map(described).collect(),
            alarms: alarms.map(described).collect(),
            resources: resources.iter().flat_map(all_descriptions).collect(),
        };
        let grouped: usize = template.groups.iter().map(|group| group.parameters.len()).sum();
        ensure!(grouped == template.parameters.len(), "each parameter is in one group");
        Ok(template)
    }
}

/// The lines below the key `name` of the top level.
fn section<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    let head = format!("{name}:");
    let lines = text.lines().skip_while(|line| *line != head).skip(1);
    lines.take_while(|line| line.is_empty() || line.starts_with([' ', '#'])).collect()
}

/// The entries of a section: name, and the lines below it.
fn entries(lines: Vec<&str>) -> Vec<(String, Vec<&str>)> {
    let mut entries: Vec<(String, Vec<&str>)> = Vec::new();
    for line in lines {
        let is_key = line.len() > 3 && line.starts_with("  ") && !line[2..].starts_with([' ', '#']);
        match line.trim().strip_suffix(':') {
            Some(name) if is_key => entries.push((name.to_owned(), Vec::new())),
            _ => {
                if let Some((_, lines)) = entries.last_mut() {
                    lines.push(line);
                }
            }
        }
    }
    entries
}

fn described((name, lines): &(String, Vec<&str>)) -> Described {
    Described {
        name: name.clone(),
        kind: value(lines, "Type"),
        description: value(lines, "Description").or_else(|| value(lines, "AlarmDescription")).unwrap_or_default(),
        default: value(lines, "Default"),
        constraint: value(lines, "ConstraintDescription"),
        allowed: value(lines, "AllowedValues"),
    }
}

/// Those at any depth: a schedule's stand within its function.
fn all_descriptions((name, lines): &(String, Vec<&str>)) -> Vec<Described> {
    let places = lines.iter().enumerate().filter(|(_, line)| line.trim_start().starts_with("Description:"));
    let texts = places.filter_map(|(at, _)| value(&lines[at..], "Description"));
    texts.map(|description| Described { name: name.clone(), description, ..Described::default() }).collect()
}

/// The scalar of `key`: on its line, or folded over those below.
fn value(lines: &[&str], key: &str) -> Option<String> {
    let head = format!("{key}:");
    let at = lines.iter().position(|line| line.trim_start().starts_with(&head))?;
    let mut own = lines[at].trim_start()[head.len()..].trim();
    let mut at = at;
    // The text of a `!Sub` with values of its own is the first item of a list.
    if own == "!Sub" && lines.get(at + 1).is_some_and(|next| next.trim_start().starts_with("- ")) {
        at += 1;
        own = lines[at].trim_start()[2..].trim();
    }
    let depth = indent(lines[at]);
    if !own.ends_with(">-") {
        let own = own.split(" # ").next().unwrap_or_default().trim();
        return Some(own.trim_matches('"').to_owned());
    }
    let folded = lines[at + 1..].iter().take_while(|line| indent(line) > depth).map(|line| line.trim());
    Some(folded.collect::<Vec<_>>().join(" "))
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// The groups in which CloudFormation shows the parameters.
fn groups(text: &str) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let lines = text.lines().skip_while(|line| line.trim() != "ParameterGroups:").skip(1);
    for line in lines.take_while(|line| line.trim() != "ParameterLabels:") {
        let line = line.trim();
        if let Some(label) = line.strip_prefix("- Label: { default: ") {
            let label = label.trim_end_matches('}').trim().to_owned();
            groups.push(Group { label, parameters: Vec::new() });
        } else if let Some(group) = groups.last_mut() {
            let listed = line.strip_prefix("Parameters:").or_else(|| line.strip_prefix("- ")).unwrap_or_default();
            let names = listed.trim().trim_matches(['[', ']']).split(',').map(str::trim);
            group.parameters.extend(names.filter(|name| !name.is_empty()).map(str::to_owned));
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = "\
Metadata:
  AWS::CloudFormation::Interface:
    ParameterGroups:
      - Label: { default: Names }
        Parameters: [Zone, Target]
      - Label: { default: Operation }
        Parameters:
          - Level
    ParameterLabels:
      Zone: { default: Delegation zone }

Parameters:
  Zone:
    Type: String
    Description: >-
      The zone that
      is used.
    Default: \"\"
    MaxLength: 200 # of 253
  Target:
    Type: String
    Description: The host.
  Level:
    Type: Number
    Description: How much.
    Default: 3 # not more
    AllowedValues: [1, 3]

Resources:
  Silent:
    Type: AWS::CloudWatch::Alarm
    Properties:
      AlarmDescription: !Sub >-
        It is silent.
        Runbook: x
      Period: 300

Outputs:
  Url:
    Description: Where.
    Value: !Ref Api
";

    #[test]
    fn descriptions_and_defaults_are_read() {
        let template = Template::parse(TEMPLATE).expect("valid");
        let [zone, target, level] = template.parameters.as_slice() else { panic!("{template:#?}") };
        assert_eq!((zone.description.as_str(), zone.default.as_deref()), ("The zone that is used.", Some("")));
        assert_eq!((target.description.as_str(), target.default.as_deref()), ("The host.", None));
        assert_eq!((level.default.as_deref(), level.allowed.as_deref()), (Some("3"), Some("[1, 3]")));
        assert_eq!(template.groups[1], Group { label: "Operation".into(), parameters: vec!["Level".into()] });
        assert_eq!(template.outputs[0].description, "Where.");
        assert_eq!(template.alarms[0].description, "It is silent. Runbook: x");
    }
}
