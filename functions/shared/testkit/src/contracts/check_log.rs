use diagnosis::report::{CheckReport, Finding, Found, RecordCheck, RecordStatus, Serving, Severity};
use domain::endpoint::Endpoint;
use domain::ports::{CheckLog, Registry};
use time::{Duration, OffsetDateTime};
use vocabulary::acme::DnsMethod;
use vocabulary::guidance::{Guidance, WaitingOn};
use vocabulary::record::DnsRecord;

use super::{endpoint, registered, whole_second};

/// A check that found one record missing.
pub fn report_of_a_missing_record(name: &str, value: &str, at: OffsetDateTime) -> CheckReport {
    let record = DnsRecord {
        name: name.into(),
        kind: "CNAME".into(),
        value: value.into(),
        purpose: "Sends it to the platform.".into(),
    };
    let found =
        Found { server: "ns1.example.net".into(), records: vec![], chain: vec![], error: Some("NXDOMAIN".into()) };
    CheckReport {
        checked_at: at,
        records: vec![RecordCheck { record: record.clone(), status: RecordStatus::Missing, found: vec![found] }],
        findings: vec![Finding {
            check: "delegation-missing".into(),
            severity: Severity::Error,
            subject: name.into(),
            expected: format!("CNAME {value}"),
            explanation: "The CA finds no proof without it.".into(),
            guidance: Guidance::new(WaitingOn::DomainOwner, "has no CNAME record", "Create the record.")
                .with_record(Some(&record)),
            command: None,
        }],
        provider: None,
        serving: Serving::NotChecked,
        over_dns: vec![],
        unreached: None,
        connect: vec![],
    }
}

/// `seed` is one that no other test uses.
pub async fn check_log(log: &(impl CheckLog + Registry), seed: u64) {
    let now = whole_second();
    let (known, unknown) = (endpoint(seed, now), endpoint(seed + 1, now));
    let id = &known.id;
    log.register(&known, &registered(&known), None).await.expect("registered");
    assert_eq!(log.last_check(id).await, Ok(None), "nothing is there before");

    let begun = futures::future::join_all((0..8).map(|_| log.begin_check(id, now, now + Duration::seconds(5)))).await;
    assert_eq!(begun.into_iter().filter(|began| *began == Ok(true)).count(), 1, "of eight at once one checks");
    let again = now + Duration::seconds(5);
    assert_eq!(log.begin_check(id, again - Duration::MILLISECOND, again + Duration::HOUR).await, Ok(false));
    assert_eq!(
        log.begin_check(id, again, again + Duration::HOUR).await,
        Ok(true),
        "from that moment on it may be again"
    );
    assert_eq!(log.begin_check(&unknown.id, now, again).await, Ok(false), "what is not there is not checked");

    let at = |milliseconds: i64| {
        let at = now + Duration::milliseconds(milliseconds);
        report_of_a_missing_record("_acme-challenge.host.example.com", "label.acme.example", at)
    };
    // As text, the second of these would sort before the first.
    assert_eq!(log.record_check(&known, &at(0)).await, Ok(true));
    assert_eq!(log.record_check(&known, &at(500)).await, Ok(true));
    assert_eq!(log.record_check(&known, &at(400)).await, Ok(false), "an older check does not replace a newer one");
    assert_eq!(log.record_check(&known, &at(500)).await, Ok(false), "nor does the same");
    assert_eq!(log.last_check(id).await, Ok(Some(at(500))), "it reads as it was written");
    let endpoint = log.find(id).await.expect("answers").expect("there");
    assert_eq!(endpoint.check, Some(at(500).summary()), "the endpoint keeps its summary");

    let renamed = Endpoint { names: unknown.names.clone(), ..known.clone() };
    assert_eq!(log.record_check(&renamed, &at(900)).await, Ok(false), "a check of other names says nothing of these");
    assert_eq!(log.last_check(id).await, Ok(Some(at(500))));
    let by_another_method = Endpoint { dns_method: DnsMethod::DnsPersist01, ..known.clone() };
    assert_eq!(log.record_check(&by_another_method, &at(900)).await, Ok(false), "nor does one at other records");

    assert_eq!(log.record_check(&unknown, &at(0)).await, Ok(false), "what is not there keeps no report");
    assert_eq!(log.last_check(&unknown.id).await, Ok(None));
    assert_eq!(log.find(&unknown.id).await, Ok(None), "and is not made by one");
}
