use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use wire::events::Alert;
use wire::{
    Attempt, AttemptList, EndpointList, EndpointView, EventList, InstallationStatus, InstallationView, NewShare, Open,
    Overview, PreflightView, RecordList, Serving, Severity, ShareList, Status, StepUsage,
};

use crate::samples;

#[track_caller]
fn read<T: DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{error}: {value:#}"))
}

/// Reads `sample`, and writes it again: the result is the same, also if a later release has added a field to every object.
#[track_caller]
fn holds<T: Serialize + DeserializeOwned>(sample: Value) {
    assert_eq!(serde_json::to_value(read::<T>(&sample)).expect("plain data"), sample);
    let mut younger = sample.clone();
    add_fields(&mut younger);
    assert_eq!(serde_json::to_value(read::<T>(&younger)).expect("plain data"), sample, "new fields are passed over");
}

fn add_fields(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            // The owner chooses the names of tags.
            let others = fields.iter_mut().filter(|(name, _)| *name != "tags");
            others.for_each(|(_, value)| add_fields(value));
            fields.insert("a_new_field".into(), json!({"of": ["any", 1, null]}));
        }
        Value::Array(items) => items.iter_mut().for_each(add_fields),
        _ => {}
    }
}

#[test]
fn every_response_is_read_completely_whatever_a_later_release_adds() {
    holds::<EndpointView>(samples::endpoint());
    holds::<EndpointList>(samples::endpoints());
    holds::<Overview>(samples::overview());
    holds::<RecordList>(samples::records());
    holds::<PreflightView>(samples::preflight());
    holds::<AttemptList>(samples::attempts());
    holds::<EventList>(samples::events());
    holds::<ShareList>(samples::shares());
    holds::<NewShare>(samples::new_share());
    holds::<InstallationView>(samples::installation());
    holds::<Alert>(samples::alert());
}

/// Each text of `sample`, in the place of which `T` is read as it was with another one.
#[track_caller]
fn takes_new_words<T: Serialize + DeserializeOwned>(sample: &Value, words: &[&str]) {
    for pointer in words {
        let mut younger = sample.clone();
        *younger.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer} is there")) = json!("a_new_word");
        // A renamed field is also sent by its old name.
        for (new, old) in [("/waiting_on", "actor"), ("/status", "verdict")] {
            let object = pointer.strip_suffix(new).and_then(|object| younger.pointer_mut(object));
            if let Some(old) = object.and_then(|object| object.get_mut(old)) {
                *old = json!("a_new_word");
            }
        }
        assert_eq!(serde_json::to_value(read::<T>(&younger)).expect("plain data"), younger, "{pointer}");
    }
}

#[test]
fn a_word_of_a_later_release_is_kept_wherever_there_is_a_list_of_words() {
    takes_new_words::<EndpointView>(
        &samples::endpoint(),
        &[
            "/reachability",
            "/challenge",
            "/dns_method",
            "/status",
            "/waiting_on",
            "/dns/status",
            "/dns/records/0/status",
            "/dns/findings/0/severity",
            "/dns/findings/0/waiting_on",
            "/certificate/state",
            "/watch/symptoms/0/kind",
            "/watch/symptoms/0/waiting_on",
            "/revocation/reason",
            "/failure/name",
            "/failure/waiting_on",
        ],
    );
    takes_new_words::<PreflightView>(
        &samples::preflight(),
        &["/reachability", "/challenge", "/dns_method", "/records/0/status"],
    );
    takes_new_words::<AttemptList>(
        &samples::attempts(),
        &[
            "/attempts/0/outcome",
            "/attempts/0/method",
            "/attempts/0/failure/name",
            "/attempts/0/failure/waiting_on",
            "/attempts/0/steps/0/step",
        ],
    );
    takes_new_words::<EventList>(&samples::events(), &["/events/0/kind"]);
    takes_new_words::<InstallationView>(&samples::installation(), &["/checks/0/status"]);
    takes_new_words::<Alert>(&samples::alert(), &["/kind", "/severity", "/waiting_on", "/digest/needs/0/waiting_on"]);
}

#[test]
fn an_unknown_word_ranks_after_the_known_ones() {
    assert!(read::<Open<Severity>>(&json!("fatal")) > Open::Known(Severity::Error));
    assert!(read::<Open<InstallationStatus>>(&json!("burning")) > Open::Known(InstallationStatus::Failed));
    assert!(read::<Open<Status>>(&json!("lost")) > Open::Known(Status::Ready));
    let serving: Serving = read(&json!({"status": "a_new_way", "host": "example.com"}));
    assert_eq!(serving, Serving::NotChecked);
}

/// Removes the fields that an earlier release did not have, or that a reader can do without.
fn older(mut value: Value, left_out: &[(&str, &[&str])]) -> Value {
    for (pointer, fields) in left_out {
        let object = value.pointer_mut(pointer).and_then(Value::as_object_mut).expect("an object");
        for field in *fields {
            assert!(object.remove(*field).is_some(), "{pointer}/{field} is there");
        }
    }
    value
}

#[test]
fn what_an_earlier_release_left_out_is_empty() {
    let bare = older(
        samples::endpoint(),
        &[
            ("/dns/records/0", &["status", "found"]),
            ("/dns/findings/0", &["expected", "found", "explanation"]),
            ("/dns/findings/0/fix", &["record", "command"]),
            ("/dns/findings/0", &["record", "command"]),
            ("/dns/provider", &["trap", "zone"]),
            ("/dns", &["checked_at", "status"]),
            (
                "/certificate",
                &[
                    "arn",
                    "serial",
                    "issuer",
                    "directory",
                    "names",
                    "not_before",
                    "not_after",
                    "imported_at",
                    "renews_at",
                ],
            ),
            ("/deployment/listeners/0", &["attached_at"]),
            ("/deployment", &["regions", "role", "copies"]),
            ("/serving", &["chain_complete"]),
            ("/watch/symptoms/0", &["kind", "checks", "looks", "waiting_on", "actor", "record"]),
            ("/watch", &["next_check_at", "look_again_at", "dns_good_at", "used_by"]),
            ("/failure", &["paused_since", "parked_since"]),
            (
                "",
                &[
                    "tenant",
                    "names",
                    "display_names",
                    "challenge",
                    "dns_method",
                    "breaks_at",
                    "attempt",
                    "next_attempt_at",
                ],
            ),
        ],
    );
    let endpoint: EndpointView = read(&bare);
    assert_eq!((endpoint.tenant.as_str(), endpoint.title(), endpoint.attempt), ("", "example.com", 0));
    assert_eq!((endpoint.dns_method, &endpoint.dns.records[0].status), (Open::Other(String::new()), &None));
    assert!(matches!(endpoint.serving, Serving::Presented { chain_complete: true, .. }), "as it was taken to be");
    let parts = ["deployment", "serving", "watch", "revocation", "failure"];
    let barer: EndpointView = read(&older(bare, &[("", &parts), ("/dns", &["records", "findings", "provider"])]));
    assert!(barer.deployment.is_empty() && barer.watch.is_none() && barer.failure.is_none());
    assert_eq!((barer.serving, barer.dns.records.len()), (Serving::NotChecked, 0));
}

#[test]
fn an_attempt_of_an_earlier_release_has_no_times_of_its_steps() {
    let optional: &[&str] = &["finished_at", "method", "order", "directory", "failure", "execution"];
    let list: AttemptList = read(&older(
        samples::attempts(),
        &[
            ("/attempts/0/steps/0", &["milliseconds", "ca_requests", "route53_calls", "began", "ended"]),
            ("/attempts/0", optional),
        ],
    ));
    let Attempt { steps, finished_at, .. } = &list.attempts[0];
    assert!(matches!(steps[..], [StepUsage { milliseconds: 0, began: None, .. }]) && finished_at.is_none());
    let bare: AttemptList = read(&json!({"attempts": [
        {"attempt": 1, "started_at": "2026-01-01T00:00:00Z", "outcome": "running"}]}));
    assert!(bare.attempts[0].steps.is_empty());
}

#[test]
fn the_required_fields_of_an_endpoint_cannot_be_left_out() {
    let one_name = ["id", "domain", "reachability", "reason", "dns", "certificate"].map(|field| vec![field]);
    let two_names = [vec!["status", "verdict"], vec!["waiting_on", "actor"], vec!["action", "next_step"]];
    for fields in one_name.into_iter().chain(two_names) {
        let broken = older(samples::endpoint(), &[("", &fields)]);
        assert!(serde_json::from_value::<EndpointView>(broken).is_err(), "{fields:?}");
    }
}

#[test]
fn a_field_with_a_new_name_is_read_by_the_new_or_the_old_one() {
    let new: &[(&str, &[&str])] = &[
        ("", &["status", "waiting_on", "action"]),
        ("/dns/findings/0", &["action", "record", "command"]),
        ("/watch", &["checked_at", "next_check_at"]),
        ("/watch/symptoms/0", &["checks"]),
        ("/failure", &["paused_since"]),
    ];
    let old: &[(&str, &[&str])] = &[
        ("", &["verdict", "actor", "next_step"]),
        ("/dns/findings/0", &["fix"]),
        ("/watch", &["looked_at", "look_again_at"]),
        ("/watch/symptoms/0", &["looks"]),
        ("/failure", &["parked_since"]),
    ];
    for left_out in [new, old] {
        let one: EndpointView = read(&older(samples::endpoint(), left_out));
        assert_eq!(one, read(&samples::endpoint()), "without {left_out:?}");
    }
    for left_out in ["statuses", "verdicts"] {
        let one: Overview = read(&older(samples::overview(), &[("", &[left_out])]));
        assert_eq!(one, read(&samples::overview()), "without {left_out}");
    }
    for left_out in [["waiting_on", "action"], ["actor", "remedy"]] {
        let one: Alert = read(&older(samples::alert(), &[("", &left_out), ("/digest/needs/0", &left_out)]));
        assert_eq!(one, read(&samples::alert()), "without {left_out:?}");
    }
}
