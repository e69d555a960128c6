//! The order of the folders, and what breaks it.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;

use crate::imports::Arrow;

/// The folders of a crate from the lowest up; a file at the root is a folder of its own.
pub type Layers = &'static [&'static str];

/// The order that holds in `name`, where one was chosen.
pub fn layers(name: &str) -> Option<Layers> {
    match name {
        "vocabulary" => Some(&[
            "version",
            "stable_hash",
            "former_names",
            "text",
            "times",
            "record",
            "guidance",
            "names",
            "failure",
            "acme",
            "dns",
            "certificate",
        ]),
        "diagnosis" => {
            Some(&["http01", "facts", "report", "subject", "catalogue", "to_failure", "checks", "judge", "gate"])
        }
        "domain" => Some(&[
            "endpoint",
            "issues",
            "status",
            "overview",
            "alert",
            "installation",
            "health",
            "flow",
            "ports",
            "acts",
        ]),
        _ => None,
    }
}

/// Arrows from a folder to one above it, or to or from one that `layers` does not know.
pub fn upward(arrows: &BTreeSet<Arrow>, layers: Layers) -> Vec<&Arrow> {
    let floor = |module: &[String]| layers.iter().position(|folder| module.first().is_some_and(|name| name == folder));
    let is_down = |arrow: &&Arrow| match (floor(&arrow.from), floor(&arrow.to)) {
        // The root re-exports short names.
        _ if arrow.from.is_empty() => true,
        (Some(from), Some(to)) => to <= from,
        _ => false,
    };
    arrows.iter().filter(|arrow| !is_down(arrow)).collect()
}

/// Sets of files that import each other in a circle, each sorted.
///
/// With `families`, a parent and its children may: a file and those in the folder of its name.
pub fn circles(arrows: &BTreeSet<Arrow>, families: bool) -> Vec<Vec<String>> {
    let names: BTreeMap<&Vec<String>, String> =
        arrows.iter().flat_map(|arrow| [&arrow.from, &arrow.to]).map(|module| (module, module.join("::"))).collect();
    let mut graph = DiGraphMap::<&str, ()>::new();
    for arrow in arrows {
        if !(families && is_family(&arrow.from, &arrow.to)) {
            graph.add_edge(&names[&arrow.from], &names[&arrow.to], ());
        }
    }
    let mut found: Vec<Vec<String>> = tarjan_scc(&graph)
        .into_iter()
        .filter(|files| files.len() > 1)
        .map(|files| {
            let mut files: Vec<String> = files.into_iter().map(str::to_owned).collect();
            files.sort();
            files
        })
        .collect();
    found.sort();
    found
}

fn is_family(one: &[String], other: &[String]) -> bool {
    one.starts_with(other) || other.starts_with(one)
}
