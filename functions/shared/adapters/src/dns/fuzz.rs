//! Responses of name servers that are run by domain owners, and by whoever attacks them.

use hickory_resolver::proto::op::Message;
use hickory_resolver::proto::rr::Name;
use testkit::fuzz::fuzz;
use vocabulary::dns::{Answer, RecordKind};
use vocabulary::text::is_invisible;

use super::exchange;
use super::zone::Cut;

const KINDS: [RecordKind; 10] = [
    RecordKind::A,
    RecordKind::Aaaa,
    RecordKind::Caa,
    RecordKind::Cname,
    RecordKind::Dnskey,
    RecordKind::Ds,
    RecordKind::Mx,
    RecordKind::Ns,
    RecordKind::Soa,
    RecordKind::Txt,
];

#[test]
fn fuzz_answers_of_name_servers() {
    fuzz("dns-answers", |input| {
        let Ok(message) = Message::from_vec(input) else { return };
        let sections = || message.answers.iter().chain(&message.authorities);
        let owners = sections().map(|record| record.name.clone()).take(8);
        let names: Vec<Name> = owners.chain([Name::from_ascii("www.shop.test.").expect("a name")]).collect();
        for name in &names {
            for kind in KINDS {
                let reply = exchange::read(&message, name, kind);
                if let Answer::Records(records) = &reply.answer {
                    assert!(!records.is_empty());
                    let shown = records.iter().chain(reply.alias.iter());
                    assert!(shown.flat_map(|text| text.chars()).all(|c| !is_invisible(c)), "{records:?}");
                }
            }
            assert!(exchange::name_servers(&message, name).len() <= 8);
            let cut = Cut::new(name.clone(), sections(), &message.additionals);
            assert!(cut.hosts.len() <= 8 && cut.glue.iter().all(|(host, _)| cut.hosts.contains(host)));
        }
    });
}
