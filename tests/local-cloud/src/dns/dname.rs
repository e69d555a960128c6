//! Whole trees that are other names for another tree (RFC 6672). The library has no type for the record.

use anyhow::{Result, bail};
use hickory_proto::rr::rdata::{CNAME, NULL};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use hickory_proto::serialize::binary::{BinEncodable, BinEncoder, NameEncoding};

/// The data of a record that leads what is below its owner to `target`.
pub(super) fn data(target: &Name) -> Result<RData> {
    let mut octets = Vec::new();
    {
        let mut encoder = BinEncoder::new(&mut octets);
        target.emit(&mut encoder.with_name_encoding(NameEncoding::UncompressedLowercase))?;
    }
    Ok(RData::Unknown { code: RecordType::DNAME, rdata: NULL::with(octets) })
}

/// Where `name`, which is below `owner`, leads.
pub(super) fn substituted(name: &Name, owner: &Name, record: &Record) -> Result<Name> {
    let RData::Unknown { rdata, .. } = &record.data else { bail!("no DNAME record: {record}") };
    let target = read(&rdata.anything)?;
    let below = usize::from(name.num_labels() - owner.num_labels());
    let kept = Name::from_labels(name.iter().take(below))?;
    Ok(kept.append_name(&target)?)
}

/// The CNAME that goes with it, for those who do not know the type.
pub(super) fn synthesized(name: &Name, target: &Name) -> Record {
    Record::from_rdata(name.clone(), 1, RData::CNAME(CNAME(target.clone())))
}

fn read(octets: &[u8]) -> Result<Name> {
    use hickory_proto::serialize::binary::{BinDecodable, BinDecoder};
    Ok(Name::read(&mut BinDecoder::new(octets))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::testing::name;

    #[test]
    fn the_labels_below_the_owner_are_kept() {
        let owner = name("old.test.");
        let record = Record::from_rdata(owner.clone(), 1, data(&name("new.example.")).unwrap());
        let to = |asked: &str| substituted(&name(asked), &owner, &record).unwrap();
        assert_eq!(to("a.b.old.test."), name("a.b.new.example."));
        assert_eq!(to("a.old.test."), name("a.new.example."));
    }
}
