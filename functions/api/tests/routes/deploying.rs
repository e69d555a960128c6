//! Only operators choose where certificates go, and the choice is checked before it is stored.

use http::StatusCode;
use serde_json::{Value, json};

use crate::bench::{ACCOUNT, Api, READER, ROLE, text};
use crate::callers::Who;

const OPERATOR: Who = Who::Operator;

fn listener(region: &str, account: &str) -> String {
    format!("arn:aws:elasticloadbalancing:{region}:{account}:listener/app/edge/50dc6c495c0c9188/f2f7dc8efc522ab2")
}

fn with(fields: Value) -> Value {
    let mut body = json!({"domain": "a.example.com", "reachability": "internal"});
    body.as_object_mut().expect("an object").extend(fields.as_object().expect("an object").clone());
    body
}

#[tokio::test]
async fn an_operator_registers_with_listeners_regions_and_a_role_and_sees_them() {
    let api = Api::new();
    let there = listener("eu-west-1", "444455556666");
    let body = with(json!({"listeners": [there], "regions": ["us-east-1", "us-east-1"], "role": ROLE}));
    let answer = api.post(OPERATOR, "/endpoints", body).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
    assert_eq!(
        answer.body["deployment"],
        json!({"listeners": [{"arn": there, "wanted": true, "attached_at": null}], "regions": ["us-east-1"],
            "role": ROLE, "copies": [], "tags": {}, "export": null})
    );
    let events = api.get(OPERATOR, "/endpoints/a.example.com/events").await;
    let told = events.body["events"].to_string();
    assert!(told.contains("on 1 listener, in us-east-1, by arn:aws:iam::444455556666:role/managed-https"), "{told}");
}

#[tokio::test]
async fn a_tenant_chooses_no_listener_no_region_and_no_role() {
    let api = Api::new();
    let tenant = Who::Tenant("acme");
    api.registered(tenant, "mine.example.com").await;
    for (fields, field) in [
        (json!({"listeners": [listener("eu-central-1", ACCOUNT)]}), "listeners"),
        (json!({"regions": ["us-east-1"]}), "regions"),
        (json!({"role": ROLE}), "role"),
        (json!({"role": ""}), "role"),
        (json!({"tags": {"team": "shops"}}), "tags"),
    ] {
        let registered = api.post(tenant, "/endpoints", with(fields.clone())).await;
        let changed = api.patch(tenant, "/endpoints/mine.example.com", fields).await;
        for answer in [registered, changed] {
            assert_eq!(
                (answer.status, answer.problem(), answer.field()),
                (StatusCode::FORBIDDEN, "operators-only", field)
            );
        }
    }
    let none = api.patch(tenant, "/endpoints/mine.example.com", json!({"listeners": []})).await;
    assert_eq!(none.status, StatusCode::FORBIDDEN, "nor takes them away");
}

#[tokio::test]
async fn an_impossible_deployment_is_refused_with_its_field_and_the_reason() {
    let api = Api::new();
    let balancer =
        format!("arn:aws:elasticloadbalancing:eu-central-1:{ACCOUNT}:loadbalancer/app/edge/50dc6c495c0c9188");
    let own = listener("eu-central-1", ACCOUNT);
    let many: Vec<_> = (0..21).map(|n| format!("{own}{n}")).collect();
    for (fields, field, says) in [
        (json!({"listeners": [own, balancer]}), "listeners[1]", "describe-listeners"),
        (json!({"listeners": [listener("eu-central-1", "444455556666")]}), "listeners[0]", "name a role there"),
        (json!({"listeners": [own], "role": ROLE}), "listeners[0]", "444455556666"),
        (json!({"listeners": many}), "listeners", "more than 20"),
        (json!({"regions": ["us-east-1", "moon"]}), "regions[1]", "“moon”"),
        (json!({"role": "arn:aws:iam::444455556666:role/administrator"}), "role", "DeploymentRoleArns"),
        (json!({"role": "anything"}), "role", "DeploymentRoleArns"),
    ] {
        let answer = api.post(OPERATOR, "/endpoints", with(fields.clone())).await;
        assert_eq!((answer.status, answer.field()), (StatusCode::UNPROCESSABLE_ENTITY, field), "{fields}");
        assert!(text(&answer.body["detail"]).contains(says), "{}", answer.body);
    }
    assert_eq!(api.get(OPERATOR, "/endpoints/a.example.com").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_change_of_listeners_starts_an_attempt_and_a_role_stays_with_its_certificate() {
    let api = Api::new();
    let id = api.registered(OPERATOR, "a.example.com").await;
    api.issued(&id).await;
    api.flows.take();
    let own = listener("eu-central-1", ACCOUNT);
    let answer = api.patch(OPERATOR, "/endpoints/a.example.com", json!({"listeners": [own]})).await;
    assert_eq!((answer.status, &answer.body["deployment"]["listeners"][0]["arn"]), (StatusCode::OK, &json!(own)));
    assert_eq!(api.flows.take().len(), 1, "which attaches the certificate");
    api.issued(&id).await;
    let same = api.patch(OPERATOR, "/endpoints/a.example.com", json!({"listeners": [own], "regions": []})).await;
    assert_eq!((same.status, api.flows.take().len()), (StatusCode::OK, 0), "what is so already is left alone");
    let moved = api.patch(OPERATOR, "/endpoints/a.example.com", json!({"listeners": [], "role": ROLE})).await;
    assert_eq!((moved.status, moved.problem(), moved.field()), (StatusCode::CONFLICT, "role-in-use", "role"));

    let fresh = api.registered(OPERATOR, "b.example.com").await;
    api.failed(&fresh, vocabulary::failure::FailureName::RecordsNotReady, vocabulary::guidance::WaitingOn::DomainOwner)
        .await;
    let answer = api.patch(OPERATOR, "/endpoints/b.example.com", json!({"role": ROLE})).await;
    assert_eq!(
        (answer.status, &answer.body["deployment"]["role"]),
        (StatusCode::OK, &json!(ROLE)),
        "before it has one"
    );
}

#[tokio::test]
async fn a_certificate_is_taken_over_before_there_is_one_and_not_while_one_is_being_imported() {
    let api = Api::new();
    let arn = |number: u32| {
        format!("arn:aws:acm:eu-central-1:{ACCOUNT}:certificate/00000000-0000-4000-8000-00000000000{number}")
    };
    let fresh = api.registered(OPERATOR, "a.example.com").await;
    api.failed(&fresh, vocabulary::failure::FailureName::RecordsNotReady, vocabulary::guidance::WaitingOn::DomainOwner)
        .await;
    let adopted = api.patch(OPERATOR, "/endpoints/a.example.com", json!({"adopt": arn(1)})).await;
    assert_eq!(adopted.status, StatusCode::OK, "{}", adopted.body);

    let importing = api.registered(OPERATOR, "b.example.com").await;
    api.importing(&importing).await;
    let refused = api.patch(OPERATOR, "/endpoints/b.example.com", json!({"adopt": arn(2)})).await;
    assert_eq!((refused.status, refused.field()), (StatusCode::UNPROCESSABLE_ENTITY, "adopt"), "{}", refused.body);
    assert!(text(&refused.body["detail"]).contains("being imported"), "{}", refused.body);
    assert_eq!(api.endpoint(&importing).await.deployment.adopt, None);

    let issued = api.registered(OPERATOR, "c.example.com").await;
    api.issued(&issued).await;
    let refused = api.patch(OPERATOR, "/endpoints/c.example.com", json!({"adopt": arn(3)})).await;
    assert_eq!((refused.status, refused.field()), (StatusCode::UNPROCESSABLE_ENTITY, "adopt"), "{}", refused.body);
}

#[tokio::test]
async fn operators_set_tags_within_bounds_and_none_of_those_of_the_installation() {
    let api = Api::new();
    let tags = json!({"team": "shops", "cost center": "a/1"});
    let made = api.post(OPERATOR, "/endpoints", with(json!({"tags": tags}))).await;
    assert_eq!(made.body["deployment"]["tags"], tags, "{}", made.body);
    let events = api.get(OPERATOR, "/endpoints/a.example.com/events").await.body.to_string();
    assert!(events.contains("tagged cost center=a/1, team=shops"), "{events}");
    for (tags, word) in [
        (json!({"aws:x": "y"}), "aws:"),
        (json!({"Managed-HTTPS": "other"}), "reserved"),
        (json!({"managed-https:endpoint": "ep"}), "reserved"),
        (json!({"k": "v".repeat(257)}), "256"),
        (json!({"a*b": ""}), "letters"),
        (Value::Object((0..49).map(|n| (format!("k{n}"), json!(""))).collect()), "48"),
    ] {
        let answer = api.post(OPERATOR, "/endpoints", with(json!({"domain": "b.example.com", "tags": tags}))).await;
        assert_eq!((answer.status, answer.field()), (StatusCode::UNPROCESSABLE_ENTITY, "tags"), "{}", answer.body);
        assert!(answer.body.to_string().contains(word), "{}", answer.body);
    }
}

#[tokio::test]
async fn tenant_and_operator_turn_the_key_export_on_and_off_and_the_event_says_who() {
    let api = Api::new();
    let tenant = Who::Tenant("acme");
    let (name, id) = ("mine.example.com", api.registered(tenant, "mine.example.com").await);
    let at = format!("/endpoints/{name}");
    assert_eq!(api.get(tenant, &at).await.body["deployment"]["export"], json!(null), "off unless somebody asks");
    api.issued(&id).await;

    let on = api.patch(tenant, &at, json!({"export_key": true})).await;
    assert_eq!(on.status, StatusCode::OK, "{}", on.body);
    let secret = format!("stack/export/{id}");
    let expected =
        |reader: &str| json!({"wanted": true, "name": secret, "secret": null, "current": false, "reader": reader});
    assert_eq!(on.body["deployment"]["export"], expected("(shown to operators)"));
    assert_eq!(api.get(OPERATOR, &at).await.body["deployment"]["export"], expected(READER));
    api.issued(&id).await;
    let off = api.patch(OPERATOR, &at, json!({"export_key": false})).await;
    assert_eq!(off.body["deployment"]["export"], json!(null), "nothing was written yet: {}", off.body);

    let events = api.get(OPERATOR, &format!("{at}/events")).await.body["events"].clone();
    let who = |part: &str| {
        let found = events.as_array().into_iter().flatten().find(|event| text(&event["summary"]).contains(part));
        text(&found.unwrap_or_else(|| panic!("{part}: {events:#}"))["by"]["who"]).to_owned()
    };
    assert_eq!(who(&format!("from now on exported with its private key to the secret {secret}")), "acme-ann");
    assert!(who("no longer exported").contains("olga"));
}

#[tokio::test]
async fn an_installation_without_a_reader_exports_nothing_and_lets_everybody_turn_it_off() {
    let api = Api::without_export();
    let answer = api.post(OPERATOR, "/endpoints", with(json!({"export_key": true}))).await;
    assert_eq!((answer.status, answer.field()), (StatusCode::UNPROCESSABLE_ENTITY, "export_key"));
    assert!(answer.body.to_string().contains("ExportRoleArn"), "{}", answer.body);
    let id = api.registered(Who::Tenant("acme"), "mine.example.com").await;
    api.issued(&id).await;
    let off = api.patch(Who::Tenant("acme"), "/endpoints/mine.example.com", json!({"export_key": false})).await;
    assert_eq!(off.status, StatusCode::OK, "{}", off.body);
}
