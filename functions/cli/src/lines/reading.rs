use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};

use super::Line;
use super::line::{COLUMNS, EXPORT_KEY, LISTS, TAGS};

/// A line with its number in the file, from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Numbered {
    pub(crate) number: u64,
    pub(crate) line: Line,
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) number: u64,
    pub(crate) field: Option<String>,
    pub(crate) why: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.number)?;
        if let Some(field) = &self.field {
            write!(f, ", {field}")?;
        }
        write!(f, ": {}", self.why)
    }
}

/// Reads CSV with a header, or JSON lines: a file whose first character is `{`.
///
/// All lines are checked before one is used: an invalid name, or a name in two lines, makes the whole file invalid.
pub(crate) fn read(bytes: &[u8]) -> Result<Vec<Numbered>, Vec<Fault>> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() as u64;
        vec![Fault { number: before + 1, field: None, why: "not UTF-8: save the file with this encoding".into() }]
    })?;
    // Spreadsheets begin a file with it.
    let text = text.trim_start_matches('\u{feff}');
    let objects = match text.trim_start().starts_with('{') {
        true => json_lines(text),
        false => csv_records(text)?,
    };
    let mut faults = Vec::new();
    let mut lines = Vec::new();
    for (number, object) in objects {
        let line = object.and_then(|object| {
            serde_path_to_error::deserialize::<_, Line>(object).map_err(|error| {
                let field = error.path().to_string();
                (Some(field).filter(|field| field != "."), error.into_inner().to_string())
            })
        });
        match line {
            Ok(line) => lines.push(Numbered { number, line }),
            Err((field, why)) => faults.push(Fault { number, field, why }),
        }
    }
    faults.extend(names_at_fault(&lines));
    faults.sort_by_key(|fault| fault.number);
    if faults.is_empty() { Ok(lines) } else { Err(faults) }
}

/// An object of a line, or the field that is wrong and why.
type Object = Result<Value, (Option<String>, String)>;

fn json_lines(text: &str) -> Vec<(u64, Object)> {
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| (number, serde_json::from_str(line).map_err(|error| (None, error.to_string()))))
        .collect()
}

fn csv_records(text: &str) -> Result<Vec<(u64, Object)>, Vec<Fault>> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter(text.lines().next().unwrap_or_default()))
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let whole = |error: csv::Error| vec![Fault { number: 1, field: None, why: error.to_string() }];
    let header: Vec<String> = reader.headers().map_err(whole)?.iter().map(str::to_lowercase).collect();
    let unknown = header.iter().find(|column| !COLUMNS.contains(&column.as_str()) && *column != "also");
    if let Some(unknown) = unknown {
        let why = match unknown.as_str() {
            "" => format!("a column has no name; the columns are: {}", COLUMNS.join(", ")),
            unknown => format!("there is no column “{unknown}”; the columns are: {}", COLUMNS.join(", ")),
        };
        return Err(vec![Fault { number: 1, field: None, why }]);
    }
    let records = reader.into_records().map(|record| match record {
        Ok(record) => {
            let number = record.position().map_or(0, csv::Position::line);
            (number, Ok(object(&header, &record)))
        }
        Err(error) => {
            let number = error.position().map_or(0, csv::Position::line);
            let why = match error.kind() {
                csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                    format!("it has {len} columns, and the header has {expected_len}")
                }
                _ => error.to_string(),
            };
            (number, Err((None, why)))
        }
    });
    Ok(records.collect())
}

/// Where a comma is the decimal sign, spreadsheets write semicolons.
fn delimiter(header: &str) -> u8 {
    [b';', b'\t'].into_iter().find(|sign| header.as_bytes().contains(sign)).unwrap_or(b',')
}

/// An empty cell says nothing.
fn object(header: &[String], record: &csv::StringRecord) -> Value {
    let cells = header.iter().zip(record).filter(|(_, cell)| !cell.is_empty());
    let fields = cells.map(|(column, cell)| {
        let value = match column.as_str() {
            TAGS => tags(cell),
            EXPORT_KEY => switch(cell),
            list if LISTS.contains(&list) || list == "also" => {
                Value::from_iter(cell.split([' ', ';', ',', '\n']).filter(|one| !one.is_empty()))
            }
            _ => Value::from(cell),
        };
        (column.clone(), value)
    });
    Value::Object(fields.collect::<Map<_, _>>())
}

/// `team=shops; cost center=a/1`: keys and values may have blanks, and neither semicolons nor commas.
fn tags(cell: &str) -> Value {
    let tags = cell.split([';', ',', '\n']).map(str::trim).filter(|tag| !tag.is_empty());
    let tags: Option<Map<String, Value>> =
        tags.map(|tag| tag.split_once('=').map(|(key, value)| (key.trim().to_owned(), value.trim().into()))).collect();
    // Unchanged: the error then names it.
    tags.map_or_else(|| Value::from(cell), Value::Object)
}

fn switch(cell: &str) -> Value {
    match cell.to_lowercase().as_str() {
        "true" | "on" | "yes" => true.into(),
        "false" | "off" | "no" => false.into(),
        _ => cell.into(),
    }
}

/// Invalid names, and names in two lines of one tenant.
fn names_at_fault(lines: &[Numbered]) -> Vec<Fault> {
    let mut had: BTreeMap<(Option<&str>, String), u64> = BTreeMap::new();
    let mut faults = Vec::new();
    for Numbered { number, line } in lines {
        let number = *number;
        match line.all_names() {
            Err((field, why)) => faults.push(Fault { number, field: Some(field), why }),
            Ok(names) => {
                for name in names {
                    // As the API counts them: a wildcard and its base are one name.
                    let base = name.trim_start_matches("*.").to_owned();
                    let before = had.insert((line.tenant.as_deref(), base), number).filter(|before| *before != number);
                    if let Some(before) = before {
                        let why = format!("{name} (or its wildcard) is a name of line {before} already");
                        faults.push(Fault { number, field: None, why });
                        break;
                    }
                }
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::{DnsMethod, Reachability};

    fn faults(text: &str) -> Vec<String> {
        read(text.as_bytes()).expect_err(text).iter().map(ToString::to_string).collect()
    }

    fn lines(text: &str) -> Vec<Line> {
        read(text.as_bytes()).expect(text).into_iter().map(|numbered| numbered.line).collect()
    }

    #[test]
    fn csv_and_json_lines_say_the_same() {
        let csv = "domain,names,reachability,challenge,tenant,regions\n\
                   www.a.example,,external,,acme,\n\
                   \n\
                   b.example,*.b.example b2.example,internal,dns-persist-01,,us-east-1\n";
        let json = r#"{"domain": "www.a.example", "reachability": "external", "tenant": "acme"}

            {"domain": "b.example", "names": ["*.b.example", "b2.example"], "reachability": "internal", "challenge": "dns-persist-01", "regions": ["us-east-1"]}"#;
        let read = lines(csv);
        assert_eq!(read, lines(json));
        assert_eq!((read[0].names.as_ref(), read[0].reachability), (None, Reachability::External));
        assert_eq!(read[1].challenge, Some(DnsMethod::DnsPersist01));
    }

    #[test]
    fn tags_and_the_export_are_read_from_cells() {
        let csv = "domain,reachability,tags,export_key\na.example,internal,team=shops; cost center=a/1=b,TRUE\n";
        let json = r#"{"domain": "a.example", "reachability": "internal", "tags": {"team": "shops", "cost center": "a/1=b"}, "export_key": true}"#;
        assert_eq!(lines(csv), lines(json));
        let found =
            faults("domain,reachability,tags,export_key\na.example,internal,team,\nb.example,internal,,maybe\n");
        assert!(found[0].starts_with("line 2, tags: ") && found[1].starts_with("line 3, export_key: "), "{found:?}");
    }

    #[test]
    fn what_spreadsheets_write_is_read() {
        let expected = lines("domain,reachability,names\na.example,internal,b.example c.example\n");
        for text in [
            "\u{feff}domain,reachability,names\r\na.example,internal,\"b.example, c.example\"\r\n",
            "Domain;Reachability;Names\na.example;internal;\"b.example;c.example\"\n",
            "domain\treachability\tnames\n a.example \tinternal\tb.example c.example",
        ] {
            assert_eq!(lines(text), expected, "{text:?}");
        }
    }

    #[test]
    fn each_line_that_is_wrong_is_named_with_its_field() {
        let text = "domain,reachability,names\n\
                    a.example,outside,\n\
                    ok.example,external,\n\
                    a..b,external,\n\
                    c.example,internal,*.c.example x.c.example\n\
                    ,internal,\n\
                    d.example\n";
        let found = faults(text);
        let starts = ["line 2, reachability: unknown variant `outside`", "line 4, domain: ", "line 5, names[1]: "];
        for (found, start) in found.iter().zip(starts) {
            assert!(found.starts_with(start), "{found} is not {start}");
        }
        assert!(found[3].starts_with("line 6") && found[3].contains("domain"), "{found:#?}");
        assert_eq!(found[4], "line 7: it has 1 columns, and the header has 3");
    }

    #[test]
    fn a_column_or_a_field_that_is_not_known_is_refused_by_name() {
        assert!(faults("domain,reach\na.example,internal\n")[0].starts_with("line 1: there is no column “reach”"));
        let object = r#"{"domain": "a.example", "reachability": "internal", "adress": 1}"#;
        assert!(faults(object)[0].contains("unknown field `adress`"), "{:?}", faults(object));
        assert!(faults("{\"domain\": \"a.example\",\n")[0].starts_with("line 1: "));
    }

    #[test]
    fn a_name_is_allowed_in_only_one_line_of_a_tenant() {
        let text =
            "domain,tenant,reachability\na.example,one,internal\nA.example,two,internal\n*.a.example,one,internal\n";
        assert_eq!(faults(text), ["line 4: *.a.example (or its wildcard) is a name of line 2 already"]);
        assert_eq!(lines("domain,reachability,names\na.example,internal,*.a.example\n").len(), 1);
    }

    #[test]
    fn another_encoding_is_named_with_its_line() {
        let found = read(b"domain,reachability\nb\xfccher.example,internal\n").expect_err("not UTF-8");
        assert_eq!(found[0].to_string(), "line 2: not UTF-8: save the file with this encoding");
    }
}
