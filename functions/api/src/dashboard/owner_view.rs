//! An endpoint as its domain owner sees it: the records to create, each once, and the resulting certificate.

use vocabulary::dns::ZoneName;
use wire::{CertificateState, EndpointView, Finding, Open, RecordStatus, RecordView, Severity, Status, WaitingOn};

use super::moment::{Clock, day};
use super::words::{self, Badge};

/// The domain owner's part of an endpoint.
#[derive(Debug)]
pub(crate) struct OwnerView<'a> {
    pub(crate) endpoint: &'a EndpointView,
    pub(crate) records: Vec<OwnerRecord<'a>>,
    /// What else the domain owner can fix, beyond the records.
    pub(crate) findings: Vec<&'a Finding>,
    /// The zone at the domain owner's DNS provider, where it was seen.
    pub(crate) apex: Option<&'a str>,
}

/// A required record with what was found there.
#[derive(Debug)]
pub(crate) struct OwnerRecord<'a> {
    pub(crate) row: &'a RecordView,
    pub(crate) name: ZoneName,
    /// Whether there is no certificate yet, so missing records are expected.
    pub(crate) calm: bool,
    pub(crate) findings: Vec<&'a Finding>,
}

impl OwnerRecord<'_> {
    fn is_right(&self) -> bool {
        self.row.is_right()
    }

    /// Whether only visitors wait for it.
    fn is_for_later(&self) -> bool {
        let blocks = |finding: &&Finding| finding.severity >= Severity::Error.into();
        self.row.waits_for_visitors() && !self.findings.iter().any(blocks)
    }

    fn is_missing(&self) -> bool {
        self.row.status == Some(RecordStatus::Missing.into())
    }
}

impl<'a> OwnerView<'a> {
    pub(crate) fn of(endpoint: &'a EndpointView) -> Self {
        let apex = endpoint.dns.provider.as_ref().and_then(|provider| provider.zone.as_deref());
        let own = || endpoint.dns.findings.iter().filter(|finding| finding.actor == WaitingOn::DomainOwner);
        let records: Vec<_> = endpoint
            .dns
            .records
            .iter()
            .map(|row| {
                let findings = own().filter(|finding| is_about(finding, row)).collect();
                let calm = endpoint.certificate.not_after.is_none();
                OwnerRecord { row, name: ZoneName::of(&row.record.name, apex), calm, findings }
            })
            .collect();
        let elsewhere = |finding: &&Finding| !endpoint.dns.records.iter().any(|row| is_about(finding, row));
        Self { endpoint, records, findings: own().filter(elsewhere).collect(), apex }
    }

    fn is_checked(&self) -> bool {
        self.endpoint.dns.checked_at.is_some()
    }

    fn right(&self) -> usize {
        self.records.iter().filter(|record| record.is_right()).count()
    }

    fn has_findings(&self) -> bool {
        let counts = |record: &&OwnerRecord<'_>| !record.is_for_later() && !record.findings.is_empty();
        !self.findings.is_empty() || self.records.iter().any(|record| counts(&record))
    }

    /// Whether the domain owner has nothing left to do, except for records that only visitors wait for.
    pub(crate) fn is_correct(&self) -> bool {
        let right = |record: &OwnerRecord<'_>| record.is_right() || record.is_for_later();
        self.is_checked() && self.records.iter().all(right) && !self.has_findings()
    }

    /// Records that only visitors wait for, and that are not correct yet.
    fn later(&self) -> usize {
        self.records.iter().filter(|record| record.is_for_later()).count()
    }

    /// Whether the platform is at work on a certificate.
    fn is_issuing(&self) -> bool {
        self.endpoint.certificate.state == CertificateState::Issuing
            || self.endpoint.status == Status::Issuing && self.is_correct()
    }

    fn has_certificate(&self) -> bool {
        let state = &self.endpoint.certificate.state;
        matches!(state, Open::Known(CertificateState::Active | CertificateState::Expiring))
    }

    /// Whether there is nothing to wait for.
    pub(crate) fn is_done(&self) -> bool {
        self.is_correct() && self.has_certificate()
    }

    /// Green only when nothing waits on the domain owner; calm while records are only missing.
    pub(crate) fn badge(&self) -> Badge {
        let only_missing =
            self.findings.is_empty() && self.records.iter().all(|one| one.is_right() || one.is_missing());
        match self.is_correct() {
            true if self.has_certificate() && self.later() > 0 => words::pending("Step 2"),
            true if self.has_certificate() => words::record_status(&RecordStatus::Ok),
            true if self.is_issuing() => words::certificate(&CertificateState::Issuing.into()),
            true => words::pending("Soon"),
            false if !self.is_checked() || (only_missing && !self.has_certificate()) => words::pending("To do"),
            false => words::record_status(&RecordStatus::Conflict),
        }
    }

    pub(crate) fn headline(&self) -> String {
        let (right, all) = (self.right(), self.records.len());
        match self.is_correct() {
            _ if !self.is_checked() => "Checking your records…".to_owned(),
            true if self.has_certificate() && self.later() > 0 => {
                "The certificate is ready. Step 2, when you are ready: bring your visitors to the platform.".to_owned()
            }
            true if self.has_certificate() => "All records are correct. No action needed.".to_owned(),
            true if self.later() > 0 => {
                let (records, are) = if all - self.later() == 1 { ("record", "is") } else { ("records", "are") };
                format!("The {records} for the certificate {are} correct. The certificate is issued automatically.")
            }
            true if self.is_issuing() => "All records are correct. The certificate is being issued.".to_owned(),
            true => "All records are correct. The certificate is issued automatically. No action needed.".to_owned(),
            false if right == all => "All records are correct, but something else has to be fixed.".to_owned(),
            false => format!("{right} of {all} records {} correct.", if right == 1 { "is" } else { "are" }),
        }
    }

    /// The certificate in one sentence.
    pub(crate) fn certificate(&self, clock: &Clock) -> String {
        let certificate = &self.endpoint.certificate;
        match (&certificate.state, certificate.not_after) {
            (Open::Known(CertificateState::Expired), Some(at)) => format!("It expired on {}.", day(&at)),
            (_, Some(at)) if self.has_certificate() => {
                let left = clock.relative(&at);
                format!("Valid until {} ({}). It is renewed automatically.", day(&at), left.trim_start_matches("in "))
            }
            _ if self.is_issuing() => "It is being issued.".to_owned(),
            _ if self.is_correct() => "None yet. It is issued automatically.".to_owned(),
            _ => "None yet. It is issued automatically once the records are correct.".to_owned(),
        }
    }

    /// Unchanged as long as the page would say the same.
    pub(crate) fn mark(&self) -> String {
        let certificate = if self.has_certificate() { "c" } else { "n" };
        let findings = self.findings.len() + self.records.iter().map(|record| record.findings.len()).sum::<usize>();
        let issuing = u8::from(self.is_issuing());
        format!("{}-{}-{findings}-{certificate}-{issuing}", u8::from(self.is_checked()), self.right())
    }
}

/// Whether a finding is about this record: then it is shown with the record, and nowhere else.
fn is_about(finding: &Finding, row: &RecordView) -> bool {
    match &finding.fix.record {
        Some(record) => record.name == row.record.name && record.kind == row.record.kind,
        None => finding.subject == row.record.name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use time::macros::datetime;

    const HOST: &str = "www.example.com";
    const CHALLENGE: &str = "_acme-challenge.www.example.com";

    fn record(name: &str, status: Option<&str>) -> Value {
        json!({"name": name, "type": "CNAME", "value": "t.example", "purpose": "p", "status": status})
    }

    fn finding(subject: &str, actor: &str, record: Option<Value>) -> Value {
        json!({"check": "c", "severity": "error", "subject": subject, "actor": actor,
            "fix": {"text": "Create it.", "record": record}})
    }

    fn endpoint(statuses: [Option<&str>; 2], findings: &[Value], certificate: &str) -> EndpointView {
        let not_after = (certificate != "none").then_some("2026-12-28T00:00:00Z");
        let records = [record(HOST, statuses[0]), record(CHALLENGE, statuses[1])];
        serde_json::from_value(json!({"id": "ep-1", "domain": HOST, "reachability": "external", "status": "issuing",
            "actor": "nobody", "reason": "r", "next_step": "n", "certificate": {"state": certificate, "not_after": not_after},
            "dns": {"records": records, "findings": findings, "checked_at": statuses[0].map(|_| "2026-11-28T00:00:00Z")},
            "created_at": "2026-01-01T00:00:00Z"}))
        .expect("an endpoint")
    }

    const OK: Option<&str> = Some("ok");

    #[test]
    fn another_finding_shows_its_record_relative_to_the_zone_and_no_cli_command() {
        let mut caa = finding(
            "example.com",
            "customer",
            Some(json!({"name": "shop.example.com", "type": "CAA", "value": "v", "purpose": "p"})),
        );
        caa["fix"]["command"] = "managed-https renew www.example.com".into();
        let endpoint = endpoint([OK, OK], &[caa], "none");
        let view = OwnerView::of(&endpoint);
        let html = crate::dashboard::parts::Findings::of_owner(&view).to_string();
        assert!(html.contains(r#"data-copy="shop""#) && html.contains("in <code>example.com</code>"), "{html}");
        assert!(!html.contains("managed-https"), "{html}");
    }

    #[test]
    fn a_missing_record_is_listed_once_and_names_are_relative() {
        let missing = finding(CHALLENGE, "customer", Some(record(CHALLENGE, None)));
        let caa = finding(
            "example.com",
            "customer",
            Some(json!({"name": "example.com", "type": "CAA", "value": "v", "purpose": "p"})),
        );
        let silent = finding(HOST, "customer", None);
        let endpoint = endpoint([OK, Some("missing")], &[missing, caa, silent], "none");
        let view = OwnerView::of(&endpoint);
        let (host, challenge) = (&view.records[0], &view.records[1]);
        assert_eq!((host.name.relative.as_str(), challenge.name.relative.as_str()), ("www", "_acme-challenge.www"));
        assert_eq!((host.findings.len(), challenge.findings.len(), view.findings.len()), (1, 1, 1));
    }

    #[test]
    fn the_page_is_green_only_when_no_finding_waits_on_the_domain_owner() {
        let own = || finding("example.com", "customer", None);
        let others = || finding("target.example", "operator", None);
        for (statuses, findings, certificate, tone, done) in [
            ([OK, OK], vec![], "active", "good", true),
            ([OK, OK], vec![others()], "active", "good", true),
            ([OK, OK], vec![own()], "active", "warn", false),
            ([OK, OK], vec![], "none", "wait", false),
            ([OK, Some("missing")], vec![], "none", "wait", false),
            ([OK, Some("missing")], vec![], "active", "warn", false),
            ([OK, Some("mismatch")], vec![], "none", "warn", false),
            ([None, None], vec![], "none", "wait", false),
        ] {
            let endpoint = endpoint(statuses, &findings, certificate);
            let view = OwnerView::of(&endpoint);
            assert_eq!((view.badge().tone, view.is_done()), (tone, done), "{statuses:?} {findings:?} {certificate}");
        }
    }

    #[test]
    fn a_site_that_is_still_elsewhere_is_step_2_and_the_page_does_not_wait_for_it() {
        let warning = json!({"check": "host-elsewhere", "severity": "warning", "subject": HOST, "actor": "customer",
            "fix": {"text": "Point it here when you are ready.", "record": record(HOST, None)}});
        let with = |certificate: &str, finding: &Value| {
            let mut endpoint = endpoint([OK, Some("mismatch")], std::slice::from_ref(finding), certificate);
            endpoint.dns.records[0].record.name = CHALLENGE.into();
            endpoint.dns.records[1].record.name = HOST.into();
            endpoint.dns.records[1].later = true;
            endpoint
        };
        let before = with("none", &warning);
        let view = OwnerView::of(&before);
        assert!(view.is_correct() && !view.is_done() && view.badge().tone == "wait", "{}", view.headline());
        assert!(view.headline().starts_with("The record for the certificate is correct."), "{}", view.headline());
        let issued = with("active", &warning);
        let view = OwnerView::of(&issued);
        assert!(view.is_done() && view.badge().word == "Step 2", "nothing is polled for any more");
        assert!(view.headline().starts_with("The certificate is ready. Step 2,"), "{}", view.headline());
        let mut error = warning;
        error["severity"] = json!("error");
        assert!(!OwnerView::of(&with("active", &error)).is_done());
    }

    #[test]
    fn the_certificate_is_shown_with_its_expiry() {
        let clock = Clock { now: datetime!(2026-11-28 0:00 UTC) };
        let says = |statuses, certificate| OwnerView::of(&endpoint(statuses, &[], certificate)).certificate(&clock);
        assert_eq!(says([OK, OK], "active"), "Valid until 28 Dec 2026 (30 days). It is renewed automatically.");
        assert_eq!(says([OK, OK], "none"), "It is being issued.");
        assert!(says([OK, Some("missing")], "none").starts_with("None yet."));
        assert_eq!(says([OK, OK], "expired"), "It expired on 28 Dec 2026.");
    }
}
