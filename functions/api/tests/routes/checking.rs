use http::{Method, StatusCode};
use serde_json::json;
use vocabulary::dns::Connect;
use vocabulary::failure::FailureName;
use vocabulary::guidance::WaitingOn;

use crate::bench::{Api, text};
use crate::callers::Who;

const OPERATOR: Who = Who::Operator;
const CHECK: &str = "/endpoints/a.example.com/check";

#[tokio::test]
async fn a_check_is_kept_and_shown_beside_what_is_expected() {
    let api = Api::new();
    let id = api.registered(OPERATOR, "a.example.com").await;
    let before = api.get(OPERATOR, "/endpoints/a.example.com").await;
    assert_eq!(before.body["dns"]["status"], json!(null), "never checked");
    api.prober.miss_the_delegation(true);
    let answer = api.call(OPERATOR, Method::POST, CHECK, None).await;
    assert_eq!(answer.status, StatusCode::OK);
    let dns = &answer.body["dns"];
    assert_eq!((&dns["status"], &dns["records"][0]["status"]), (&json!("missing"), &json!("missing")));
    assert_eq!(dns["records"][0]["found"][0]["error"], "NXDOMAIN");
    assert_eq!(dns["findings"][0]["check"], "delegation-missing");
    let subject = api.prober.take().pop().expect("it was checked");
    let target = api.endpoint(&id).await.label.target(crate::bench::ZONE);
    assert_eq!(subject.delegation_target, Some(target));

    let kept = api.get(OPERATOR, "/endpoints/a.example.com").await;
    assert_eq!(kept.body["dns"], *dns);
    let records = api.get(OPERATOR, "/endpoints/a.example.com/records").await;
    assert_eq!(records.body["records"], dns["records"]);
    let listed = api.get(OPERATOR, "/endpoints").await;
    assert_eq!(listed.body["endpoints"][0]["dns"]["status"], "missing", "a list has the summary");
}

#[tokio::test]
async fn checks_in_quick_succession_are_shared_and_none_returns_an_older_result() {
    let api = Api::new();
    api.registered(OPERATOR, "a.example.com").await;
    api.prober.miss_the_delegation(true);
    let first = api.call(OPERATOR, Method::POST, CHECK, None).await;
    assert_eq!(first.body["dns"]["status"], "missing");
    api.prober.miss_the_delegation(false);
    let again = || api.call(OPERATOR, Method::POST, CHECK, None);
    let (second, third) = tokio::join!(again(), again());
    for answer in [second, third] {
        assert_eq!(
            (answer.status, &answer.body["dns"]["status"]),
            (StatusCode::OK, &json!("ok")),
            "not what was before"
        );
    }
    assert_eq!(api.prober.take().len(), 2, "the two who waited share a check");
}

#[tokio::test]
async fn a_check_is_in_the_trail_when_it_finds_something_else_than_the_one_before() {
    let api = Api::new();
    let id = api.registered(OPERATOR, "a.example.com").await;
    api.call(OPERATOR, Method::POST, CHECK, None).await;
    let trail = async || {
        use domain::ports::AuditTrail;
        let events = api.store.events(&id, None, 9).await.expect("in memory");
        events.into_iter().filter(|event| event.kind == domain::endpoint::EventKind::Checked).collect::<Vec<_>>()
    };
    assert_eq!(trail().await.len(), 1);
    assert_eq!(trail().await[0].by.who, "arn:aws:iam::123456789012:user/olga");
}

#[tokio::test]
async fn a_change_forgets_what_was_found_for_other_names() {
    let api = Api::new();
    let id = api.registered(OPERATOR, "a.example.com").await;
    api.prober.miss_the_delegation(true);
    api.call(OPERATOR, Method::POST, CHECK, None).await;
    api.failed(&id, FailureName::RecordsNotReady, WaitingOn::DomainOwner).await;
    let answer = api.patch(OPERATOR, "/endpoints/a.example.com", json!({"also": ["b.example.com"]})).await;
    assert_eq!(answer.body["dns"]["findings"], json!([]));
    assert_eq!((&answer.body["dns"]["status"], &answer.body["failure"]), (&json!(null), &json!(null)));
}

#[tokio::test]
async fn a_check_that_finds_the_missing_record_starts_the_next_attempt_at_once() {
    for (name, starts) in [(FailureName::RecordsNotReady, true), (FailureName::ChallengeFailed, false)] {
        let api = Api::new();
        let id = api.registered(OPERATOR, "a.example.com").await;
        api.failed(&id, name, WaitingOn::DomainOwner).await;
        api.flows.take();
        let answer = api.call(OPERATOR, Method::POST, CHECK, None).await;
        assert_eq!(answer.body["dns"]["status"], "ok");
        assert_eq!(api.flows.take().len(), usize::from(starts), "{name}: only what costs nothing at the CA");
        assert_eq!(answer.body["attempt"], if starts { 2 } else { 1 });
    }
    let api = Api::new();
    let id = api.registered(OPERATOR, "a.example.com").await;
    api.failed(&id, FailureName::RecordsNotReady, WaitingOn::DomainOwner).await;
    api.flows.take();
    api.prober.miss_the_delegation(true);
    api.call(OPERATOR, Method::POST, CHECK, None).await;
    assert!(api.flows.take().is_empty(), "while it is missing nothing starts");
}

#[tokio::test]
async fn a_domain_can_be_checked_before_it_is_registered() {
    let api = Api::new();
    let body = json!({"domain": "new.example.com", "also": ["*.new.example.com"], "reachability": "external"});
    let answer = api.post(Who::Tenant("acme"), "/checks", body).await;
    assert_eq!((answer.status, text(&answer.body["domain"])), (StatusCode::OK, "new.example.com"));
    assert_eq!((&answer.body["well"], &answer.body["reachability"]), (&json!(true), &json!("external")));
    let subject = api.prober.take().pop().expect("it was checked");
    assert_eq!((subject.delegation_target, subject.names.len()), (None, 2));
    assert_eq!(api.get(Who::Operator, "/endpoints").await.domains(), Vec::<String>::new(), "nothing is registered");

    api.prober.miss_the_delegation(true);
    let body = json!({"domain": "new.example.com", "reachability": "external"});
    assert_eq!(api.post(Who::Tenant("acme"), "/checks", body).await.body["well"], false);
    for (body, field) in [
        (json!({"domain": "co.uk", "reachability": "external"}), "domain"),
        (json!({"domain": "a.example.com", "reachability": "external", "tenant": "x"}), "tenant"),
    ] {
        assert_eq!(api.post(Who::Tenant("acme"), "/checks", body).await.field(), field);
    }
}

#[tokio::test]
async fn where_the_dns_provider_has_the_template_a_missing_record_has_a_link() {
    let api = Api::new();
    let id = api.registered(OPERATOR, "a.example.com").await;
    let offered = |services: &[&str]| {
        let services = services.iter().map(|service| (*service).to_owned()).collect();
        Connect::new("example.com", "Virtucon", "https://connect.virtucon.example", services).expect("a provider")
    };
    let link =
        async || api.call(OPERATOR, Method::POST, CHECK, None).await.body["dns"]["records"][0]["connect"].clone();
    api.prober.miss_the_delegation(true);
    assert_eq!(link().await, json!(null), "the provider offers nothing");
    api.prober.offer(vec![offered(&["certificate"])]);
    let label = api.endpoint(&id).await.label;
    let begin =
        "https://connect.virtucon.example/v2/domainTemplates/providers/platform.example/services/certificate/apply";
    let url = format!("{begin}?domain=example.com&host=a&label={}", label.as_str());
    assert_eq!(link().await, json!({"provider": "Virtucon", "host": "connect.virtucon.example", "url": url}));
    api.prober.offer(vec![offered(&["host"])]);
    assert_eq!(link().await, json!(null), "it has another template");
    api.prober.offer(vec![offered(&["certificate"])]);
    api.prober.miss_the_delegation(false);
    assert_eq!(link().await, json!(null), "the record is right");
}
