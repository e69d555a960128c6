//! Values of records as Route 53 writes them.

use anyhow::{Result, bail};
use hickory_proto::rr::{Name, RData, RecordType};

use super::dname;

/// Reads a value, where host names are absolute with or without a dot at the end.
pub(super) fn read_data(record_type: RecordType, value: &str) -> Result<RData> {
    let names_end_it = matches!(
        record_type,
        RecordType::CNAME | RecordType::DNAME | RecordType::NS | RecordType::MX | RecordType::SRV | RecordType::PTR
    );
    let value = if names_end_it && !value.ends_with('.') { format!("{value}.") } else { value.to_owned() };
    if value.trim().is_empty() {
        bail!("an empty value");
    }
    if record_type == RecordType::DNAME {
        return dname::data(&Name::from_ascii(&value)?);
    }
    Ok(RData::try_from_str(record_type, &value)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_txt_value_keeps_its_blanks_and_the_bounds_of_its_strings() {
        let RData::TXT(txt) = read_data(RecordType::TXT, "\"one two\" \"three\"").unwrap() else { panic!("no TXT") };
        assert_eq!(txt.txt_data.len(), 2);
        assert_eq!(&*txt.txt_data[0], b"one two");
    }

    #[test]
    fn a_host_name_is_absolute_without_a_dot_too() {
        let data = |value| read_data(RecordType::CNAME, value).unwrap();
        assert_eq!(data("a.example.test"), data("a.example.test."));
    }

    #[test]
    fn a_caa_record_is_read() {
        assert!(matches!(
            read_data(RecordType::CAA, "0 issue \"ca.test; validationmethods=dns-01\"").unwrap(),
            RData::CAA(_)
        ));
    }
}
