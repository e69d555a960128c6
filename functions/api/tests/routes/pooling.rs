//! A pool of listeners chooses the load balancer, and the domain owner's record leads to it.

use domain::installation::{BalancerUse, Capacity};
use domain::overview::Registrations;
use domain::ports::{CapacityLog, EndpointReader};
use http::StatusCode;
use serde_json::{Value, json};
use time::OffsetDateTime;
use vocabulary::certificate::{ListenerUse, LoadBalancerArn};

use crate::bench::{Api, listener, text};
use crate::callers::Who;

const OPERATOR: Who = Who::Operator;

/// So many certificates are on each load balancer, of one that fits more than that.
async fn counted(api: &Api, used: [u32; 2], most: u32) {
    let now = OffsetDateTime::now_utc();
    let balancers = [1, 2].into_iter().zip(used).map(|(number, used)| BalancerUse {
        balancer: LoadBalancerArn::from(&listener(number).parse().expect("a listener")),
        role: None,
        used: Some(used),
        most,
        most_unknown: None,
        registrations: Registrations::default(),
        as_of: Some(now),
        tried_at: now,
        fault: None,
    });
    let kept = api.store.capacity().await.expect("read");
    let capacity = Capacity { balancers: balancers.collect(), listed_at: Some(now), ..kept };
    assert_eq!(api.store.save_capacity(&capacity).await, Ok(true));
}

fn body(domain: &str) -> Value {
    json!({"domain": domain, "reachability": "external", "listeners": ["pool:eu"]})
}

fn on(answer: &Value) -> Vec<&str> {
    let listeners = answer["deployment"]["listeners"].as_array().expect("a list");
    listeners.iter().map(|listener| text(&listener["arn"])).collect()
}

fn host_target(answer: &Value) -> &str {
    let records = answer["dns"]["records"].as_array().expect("a list");
    let host = records.iter().find(|record| record["name"] == answer["domain"]).expect("the host's own");
    text(&host["value"])
}

#[tokio::test]
async fn each_registration_goes_where_the_most_room_is_until_there_is_none() {
    let api = Api::new();
    counted(&api, [1, 0], 2).await;
    for (domain, number) in [("a.example.com", 2), ("b.example.com", 1), ("c.example.com", 2)] {
        let answer = api.post(OPERATOR, "/endpoints", body(domain)).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
        assert_eq!(on(&answer.body), [listener(number)], "{domain}");
        assert_eq!(host_target(&answer.body), format!("edge-{number}.platform.example"), "its own load balancer's");
        assert_eq!(answer.body["deployment"]["pool"], "eu");
    }
    let full = api.post(OPERATOR, "/endpoints", body("d.example.com")).await;
    assert_eq!((full.status, full.problem()), (StatusCode::CONFLICT, "pool-full"), "{}", full.body);
    let detail = text(&full.body["detail"]);
    assert!(detail.contains("edge-1: 1 of 2 certificates, 1 more promised"), "{detail}");
    assert!(text(&full.body["action"]).contains("quota"), "{}", full.body);
    assert_eq!(api.get(OPERATOR, "/endpoints/d.example.com").await.status, StatusCode::NOT_FOUND);
    // AWS has granted more, and it was counted.
    counted(&api, [1, 0], 3).await;
    let answer = api.post(OPERATOR, "/endpoints", body("d.example.com")).await;
    assert_eq!((answer.status, on(&answer.body)), (StatusCode::CREATED, vec![listener(1).as_str()]));
}

#[tokio::test]
async fn a_registration_that_is_refused_takes_no_room() {
    let api = Api::new();
    counted(&api, [1, 1], 2).await;
    api.registered(OPERATOR, "a.example.com").await;
    let taken = api.post(OPERATOR, "/endpoints", body("a.example.com")).await;
    assert_eq!(taken.status, StatusCode::CONFLICT, "{}", taken.body);
    assert_eq!(api.store.capacity().await.expect("read").assigned, []);
}

#[tokio::test]
async fn an_unknown_pool_or_one_with_other_listeners_is_refused() {
    let api = Api::new();
    for (listeners, field, says) in [
        (json!(["pool:us"]), "listeners[0]", "pool:eu"),
        (json!(["pool:"]), "listeners[0]", "1 to 32"),
        (json!([listener(1), "pool:eu"]), "listeners[1]", "name it alone"),
    ] {
        let wish = json!({"domain": "a.example.com", "reachability": "internal", "listeners": listeners});
        let answer = api.post(OPERATOR, "/endpoints", wish).await;
        assert_eq!((answer.status, answer.field()), (StatusCode::UNPROCESSABLE_ENTITY, field), "{listeners}");
        assert!(text(&answer.body["detail"]).contains(says), "{}", answer.body);
    }
    let tenant = api.post(Who::Tenant("acme"), "/endpoints", body("a.example.com")).await;
    assert_eq!((tenant.status, tenant.problem()), (StatusCode::FORBIDDEN, "operators-only"));
    let role = json!({"domain": "a.example.com", "reachability": "internal", "listeners": ["pool:eu"],
        "role": crate::bench::ROLE});
    let other_account = api.post(OPERATOR, "/endpoints", role).await;
    assert_eq!((other_account.status, other_account.field()), (StatusCode::UNPROCESSABLE_ENTITY, "listeners[0]"));
}

#[tokio::test]
async fn a_listener_that_is_named_leads_to_its_own_load_balancer_too() {
    let api = Api::new();
    let wish = json!({"domain": "a.example.com", "reachability": "external", "listeners": [listener(2)]});
    let answer = api.post(OPERATOR, "/endpoints", wish).await;
    assert_eq!(
        (host_target(&answer.body), &answer.body["deployment"]["pool"]),
        ("edge-2.platform.example", &json!("eu"))
    );
    at_rest(&api, "a.example.com", true).await;
    let none = api.patch(OPERATOR, "/endpoints/a.example.com", json!({"listeners": []})).await;
    assert_eq!((host_target(&none.body), none.status), ("edge.platform.example", StatusCode::OK));
}

/// With a certificate that is on the endpoint's first listener, or was to be.
async fn at_rest(api: &Api, domain: &str, attached: bool) {
    let id = text(&api.get(OPERATOR, &format!("/endpoints/{domain}")).await.body["id"]).parse().expect("an id");
    let endpoint = api.store.find(&id).await.expect("read").expect("there");
    let listener = endpoint.deployment.listeners[0].clone();
    let attached_at = attached.then(OffsetDateTime::now_utc);
    api.issued_on(&id, vec![ListenerUse { listener, attached_at }]).await;
}

#[tokio::test]
async fn an_endpoint_with_a_certificate_on_its_load_balancer_stays_and_another_is_moved() {
    let api = Api::new();
    counted(&api, [0, 1], 2).await;
    for domain in ["a.example.com", "b.example.com"] {
        let answer = api.post(OPERATOR, "/endpoints", body(domain)).await;
        assert_eq!(on(&answer.body), [listener(1)], "{domain}");
    }
    at_rest(&api, "a.example.com", true).await;
    at_rest(&api, "b.example.com", false).await;
    // The first is full for everybody by now.
    counted(&api, [2, 1], 2).await;
    let wish = json!({"listeners": ["pool:eu"]});
    let stays = api.patch(OPERATOR, "/endpoints/a.example.com", wish.clone()).await;
    assert_eq!((stays.status, on(&stays.body)), (StatusCode::OK, vec![listener(1).as_str()]), "{}", stays.body);
    let moved = api.patch(OPERATOR, "/endpoints/b.example.com", wish).await;
    assert_eq!(moved.status, StatusCode::OK, "{}", moved.body);
    assert_eq!(host_target(&moved.body), "edge-2.platform.example");
    assert_eq!(on(&moved.body).first(), Some(&listener(2).as_str()));
}

#[tokio::test]
async fn joining_a_pool_keeps_the_certificate_on_the_listener_that_visitors_still_use() {
    let api = Api::new();
    counted(&api, [0, 0], 2).await;
    let before = listener(1).replace("edge-1", "before");
    let wish = json!({"domain": "a.example.com", "reachability": "external", "listeners": [before]});
    api.post(OPERATOR, "/endpoints", wish).await;
    at_rest(&api, "a.example.com", true).await;
    let answer = api.patch(OPERATOR, "/endpoints/a.example.com", json!({"listeners": ["pool:eu"]})).await;
    assert_eq!((on(&answer.body), answer.status), (vec![listener(1).as_str(), before.as_str()], StatusCode::OK));
    assert_eq!(host_target(&answer.body), "edge-1.platform.example");
}
