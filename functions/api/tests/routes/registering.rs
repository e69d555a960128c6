use axum::body::Body;
use domain::ports::{AttemptJournal, AuditTrail};
use http::{Request, StatusCode};
use serde_json::{Value, json};
use vocabulary::names::NamePolicy;
use vocabulary::names::endpoint_names::MOST_NAMES;

use crate::bench::{Api, internal, text};
use crate::callers::Who;

#[tokio::test]
async fn a_registration_shows_its_records_and_starts_its_first_attempt() {
    let api = Api::new();
    let body = json!({"domain": "WWW.Example.com.", "reachability": "external"});
    let answer = api.post(Who::Operator, "/endpoints", body).await;
    let endpoint = &answer.body;
    assert_eq!(answer.status, StatusCode::CREATED);
    assert_eq!((text(&endpoint["domain"]), text(&endpoint["tenant"])), ("www.example.com", "default"));
    assert_eq!((text(&endpoint["status"]), text(&endpoint["actor"])), ("issuing", "nobody"));
    assert_eq!(endpoint["dns"]["records"].as_array().expect("a list").len(), 2);
    assert_eq!(endpoint["certificate"]["state"], "issuing");
    assert_eq!(endpoint["serving"]["status"], "not_checked");
    assert_eq!(api.flows.take().len(), 1);

    let id = text(&endpoint["id"]);
    assert_eq!(answer.headers["location"], format!("endpoints/{id}"));
    for reference in [id, "www.example.com", "WWW.example.com.", "*.www.example.com"] {
        let found = api.get(Who::Operator, &format!("/endpoints/{reference}")).await;
        assert_eq!((found.status, &found.body["id"]), (StatusCode::OK, &endpoint["id"]), "{reference}");
    }
    let records = api.get(Who::Operator, "/endpoints/www.example.com/records").await;
    assert_eq!(records.body["records"], endpoint["dns"]["records"]);
}

#[tokio::test]
async fn bad_input_names_its_field_and_registers_nothing() {
    let api = Api::new();
    for (body, field) in [
        (internal("not a name"), "domain"),
        (json!({"domain": "a.example.com", "also": ["b..example.com"], "reachability": "internal"}), "also[0]"),
        (json!({"domain": "a.example.com", "also": ["b.example.com", 7], "reachability": "internal"}), "also[1]"),
        (json!({"domain": "a.example.com", "also": "b.example.com", "reachability": "internal"}), "also"),
        (internal("co.uk"), "domain"),
        (json!({"domain": "a.example.com"}), "reachability"),
        (json!({"domain": "a.example.com", "reachability": "internal", "owner": "me"}), "owner"),
        (json!({"domain": "a.example.com", "reachability": "sideways"}), "reachability"),
        (json!({"domain": "a.example.com", "reachability": "internal", "tenant": "a b"}), "tenant"),
        (json!({"domain": ["a.example.com"], "reachability": "internal"}), "domain"),
        (json!([]), ""),
        (Value::Null, ""),
    ] {
        let answer = api.post(Who::Operator, "/endpoints", body.clone()).await;
        assert_eq!((answer.status, answer.field()), (StatusCode::UNPROCESSABLE_ENTITY, field), "{body}");
        assert_eq!(answer.problem(), "invalid-request");
    }
    assert_eq!(api.get(Who::Operator, "/endpoints").await.domains(), Vec::<String>::new());
    assert!(api.flows.take().is_empty());
}

#[tokio::test]
async fn a_name_that_its_tenant_has_already_is_refused_with_the_endpoint_that_has_it() {
    let api = Api::new();
    let id = api.registered(Who::Tenant("acme"), "example.com").await;
    for again in ["example.com", "*.example.com"] {
        let answer = api.post(Who::Tenant("acme"), "/endpoints", internal(again)).await;
        assert_eq!((answer.status, answer.problem()), (StatusCode::CONFLICT, "name-taken"));
        assert_eq!(answer.field(), "domain");
        assert!(text(&answer.body["detail"]).contains(id.as_str()), "{}", answer.body);
    }
    let also = json!({
        "domain": "new.example.org", "also": ["a.example.org", "example.com"], "reachability": "internal",
        "tenant": "acme"
    });
    assert_eq!(api.post(Who::Operator, "/endpoints", also).await.field(), "also[1]");
    assert_eq!(api.get(Who::Operator, "/endpoints/new.example.org").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_name_of_another_tenant_is_registered_like_any_other_and_the_answers_differ_in_nothing() {
    let (free, taken) = (Api::new(), Api::new());
    let theirs = taken.registered(Who::Tenant("acme"), "shop.example.com").await;
    taken.issued(&theirs).await;
    let mut answers = Vec::new();
    for api in [&free, &taken] {
        let registered = api.post(Who::Tenant("other"), "/endpoints", internal("shop.example.com")).await;
        let shown = api.get(Who::Tenant("other"), "/endpoints/shop.example.com").await;
        let again = api.post(Who::Tenant("other"), "/endpoints", internal("shop.example.com")).await;
        let own = text(&registered.body["id"]).to_owned();
        let label = text(&registered.body["dns"]["records"][0]["value"]).to_owned();
        let removed = api.delete(Who::Tenant("other"), "/endpoints/shop.example.com").await;
        // But for what is random, or the time.
        let said = |answer: &crate::bench::Answer| {
            let mut body = answer.body.clone();
            ["created_at", "next_attempt_at"].iter().for_each(|time| {
                body.as_object_mut().and_then(|body| body.remove(*time));
            });
            let bare = label.split('.').next().expect("a label");
            (answer.status, body.to_string().replace(&own, "ID").replace(bare, "LABEL"))
        };
        answers.push([said(&registered), said(&shown), said(&again), said(&removed)]);
    }
    assert_eq!(answers[0][0].0, StatusCode::CREATED);
    assert_eq!(answers[0], answers[1]);
    let shown = taken.get(Who::Operator, "/endpoints/shop.example.com").await;
    assert_eq!((shown.status, shown.problem()), (StatusCode::CONFLICT, "name-ambiguous"), "operators see both");
}

#[tokio::test]
async fn an_operator_brings_the_label_of_a_registration_along_so_that_its_records_stay() {
    let (before, api) = (Api::new(), Api::new());
    let old = before.post(Who::Tenant("acme"), "/endpoints", internal("shop.example.com")).await.body;
    let label = text(&old["label"]);
    assert!(text(&old["dns"]["records"][0]["value"]).starts_with(&format!("{label}.")), "{old}");
    let with = |domain: &str, tenant: &str, label: &str| json!({"domain": domain, "reachability": "internal", "tenant": tenant, "label": label});

    let own = json!({"domain": "shop.example.com", "reachability": "internal", "label": label});
    let refused = api.post(Who::Tenant("acme"), "/endpoints", own).await;
    assert_eq!(
        (refused.status, refused.problem(), refused.field()),
        (StatusCode::FORBIDDEN, "operators-only", "label"),
        "a tenant could take another's proof"
    );
    for wrong in ["", "short", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "a.cdefghijklmnopqrstuvwxyz"] {
        let answer = api.post(Who::Operator, "/endpoints", with("shop.example.com", "acme", wrong)).await;
        assert_eq!((answer.status, answer.field()), (StatusCode::UNPROCESSABLE_ENTITY, "label"), "{wrong}");
    }

    let moved = api.post(Who::Operator, "/endpoints", with("shop.example.com", "acme", label)).await;
    assert_eq!(moved.status, StatusCode::CREATED, "{}", moved.body);
    assert_eq!(moved.body["dns"]["records"][0]["value"], old["dns"]["records"][0]["value"]);
    assert_ne!(moved.body["id"], old["id"]);
    let again = api.post(Who::Operator, "/endpoints", with("shop.example.com", "acme", label)).await;
    assert_eq!((again.status, again.problem()), (StatusCode::CONFLICT, "name-taken"), "its own is told as such");

    let other = api.post(Who::Operator, "/endpoints", with("shop.example.com", "other", label)).await;
    assert_eq!((other.status, other.problem(), other.field()), (StatusCode::CONFLICT, "label-taken", "label"));
    assert!(text(&other.body["detail"]).contains(text(&moved.body["id"])), "{}", other.body);
    assert!(api.endpoint(&text(&moved.body["id"]).parse().expect("an id")).await.tenant.as_str() == "acme");
}

#[tokio::test]
async fn an_endpoint_belongs_to_the_tenant_that_registers_it_unless_an_operator_names_one() {
    let api = Api::new();
    let id = api.registered(Who::Tenant("acme"), "a.example.com").await;
    assert_eq!(api.endpoint(&id).await.tenant.as_str(), "acme");
    for tenant in ["acme", "other"] {
        let body = json!({"domain": "b.example.com", "reachability": "internal", "tenant": tenant});
        let answer = api.post(Who::Tenant("acme"), "/endpoints", body.clone()).await;
        assert_eq!((answer.status, answer.field()), (StatusCode::UNPROCESSABLE_ENTITY, "tenant"));
    }
    for who in [Who::Operator, Who::OperatorByRole] {
        let domain = format!("{who:?}.example.com");
        let body = json!({"domain": domain, "reachability": "internal", "tenant": "acme"});
        assert_eq!(api.post(who, "/endpoints", body).await.body["tenant"], "acme");
    }
}

#[tokio::test]
async fn the_same_request_under_the_same_key_is_done_once() {
    let api = Api::new();
    let body = internal("a.example.com");
    let first = api.register_under("key-1", Who::Operator, &body).await;
    assert_eq!((first.status, api.flows.take().len()), (StatusCode::CREATED, 1));
    let second = api.register_under("key-1", Who::Operator, &body).await;
    assert_eq!((second.status, &second.body["id"]), (StatusCode::CREATED, &first.body["id"]));
    assert_eq!(second.headers["location"], first.headers["location"]);
    assert!(api.flows.take().is_empty(), "no second attempt is started");
    let id = text(&first.body["id"]).parse().expect("an id");
    let told = api.store.events(&id, None, 9).await.expect("in memory");
    assert_eq!(told.len(), 1, "and it is told of once");

    let other = api.register_under("key-1", Who::Operator, &internal("b.example.com")).await;
    assert_eq!((other.status, other.problem()), (StatusCode::UNPROCESSABLE_ENTITY, "idempotency-key-reused"));
    assert_eq!(other.field(), "Idempotency-Key");
    let taken = api.register_under("key-2", Who::Operator, &body).await;
    assert_eq!(taken.problem(), "name-taken", "another key is another request");
    let theirs = api.register_under("key-1", Who::Tenant("acme"), &internal("b.example.com")).await;
    assert_eq!(theirs.status, StatusCode::CREATED, "a tenant's keys are its own");
}

#[tokio::test]
async fn an_idempotency_key_whose_endpoint_was_removed_registers_no_second_one() {
    let api = Api::new();
    let body = internal("a.example.com");
    let first = api.register_under("key", Who::Operator, &body).await;
    let endpoint = api.endpoint(&text(&first.body["id"]).parse().expect("an id")).await;
    let attempt = domain::endpoint::Attempt {
        attempt: 1,
        started_at: endpoint.created_at,
        finished_at: None,
        outcome: domain::endpoint::Outcome::Removed,
        method: None,
        order: None,
        directory: None,
        failure: None,
        execution: "x".into(),
        steps: vec![],
    };
    api.store.erase(&endpoint, &attempt).await.expect("erased");
    let again = api.register_under("key", Who::Operator, &body).await;
    assert_eq!((again.status, again.problem()), (StatusCode::CONFLICT, "removed-since"));
}

#[tokio::test]
async fn an_invalid_idempotency_key_is_refused() {
    let api = Api::new();
    for bad in ["", "a b", "ä", &"k".repeat(256)] {
        let answer = api.register_under(bad, Who::Operator, &internal("a.example.com")).await;
        assert_eq!((answer.status, answer.field()), (StatusCode::UNPROCESSABLE_ENTITY, "Idempotency-Key"), "{bad:?}");
    }
    let two = Request::post("/v1/endpoints")
        .header("content-type", "application/json")
        .header("idempotency-key", "a")
        .header("idempotency-key", "b")
        .extension(Who::Operator.context());
    let answer = api.send(two.body(Body::from(internal("a.example.com").to_string())).expect("a request")).await;
    assert_eq!(answer.field(), "Idempotency-Key");
    assert_eq!(api.get(Who::Operator, "/endpoints").await.domains(), Vec::<String>::new());
}

#[tokio::test]
async fn an_endpoint_may_be_validated_by_a_persistent_record_where_they_are_enabled() {
    let api = Api::with_persistent_records(true);
    let body = json!({"domain": "example.com", "also": ["*.example.com"], "reachability": "internal",
        "challenge": "dns-persist-01"});
    let answer = api.post(Who::Operator, "/endpoints", body).await;
    assert_eq!((answer.status, &answer.body["challenge"]), (StatusCode::CREATED, &json!("dns-persist-01")));
    let records = answer.body["dns"]["records"].as_array().expect("a list");
    assert_eq!(records.len(), 2, "the delegation proves whose the domain is");
    assert_eq!((text(&records[0]["name"]), text(&records[0]["type"])), ("_validation-persist.example.com", "TXT"));
    assert_eq!(text(&records[0]["value"]), testkit::MemoryCa::persistent_issuer().value(true));
    let answer =
        api.post(Who::Operator, "/endpoints", json!({"domain": "a.example.org", "reachability": "internal"})).await;
    assert_eq!(answer.body["dns_method"], "dns-01", "which nobody has to say");
}

#[tokio::test]
async fn without_persistent_records_the_challenge_is_refused_with_the_next_step() {
    let api = Api::new();
    let body = json!({"domain": "example.com", "reachability": "internal", "challenge": "dns-persist-01"});
    for path in ["/endpoints", "/checks"] {
        let answer = api.post(Who::Operator, path, body.clone()).await;
        assert_eq!((answer.status, answer.field()), (StatusCode::UNPROCESSABLE_ENTITY, "challenge"), "{path}");
        assert!(text(&answer.body["remedy"]).contains("PersistentRecords"), "{}", answer.body);
    }
    assert!(api.store.is_empty());
}

#[tokio::test]
async fn a_name_that_no_public_ca_issues_for_is_refused_with_the_reason_and_the_next_step() {
    let api = Api::with_name_policy(NamePolicy::LetsEncrypt);
    let among = |name: &str| json!({"domain": "a.example.com", "also": [name], "reachability": "internal"});
    for (body, field, reason, next) in [
        (internal("printer.local"), "domain", "multicast DNS", "public DNS"),
        (internal("*.shop.test"), "domain", "reserved for tests", "public DNS"),
        (among("db.corp.internal"), "also[0]", "private networks", "public DNS"),
        (among("ab--cd.example.com"), "also[0]", "“ab--cd”", "without “--”"),
        (internal("1.0.0.127.in-addr.arpa"), "domain", "reverse zone", "own name"),
        (internal("a.b.c.d.e.f.g.h.i.example.com"), "domain", "11 labels", "shorter"),
    ] {
        for path in ["/endpoints", "/checks"] {
            let answer = api.post(Who::Operator, path, body.clone()).await;
            assert_eq!((answer.status, answer.field()), (StatusCode::UNPROCESSABLE_ENTITY, field), "{path} {body}");
            assert_eq!(answer.problem(), "invalid-request");
            assert!(text(&answer.body["detail"]).contains(reason), "{}", answer.body);
            assert!(text(&answer.body["remedy"]).contains(next), "{}", answer.body);
        }
    }
    assert!(api.store.is_empty() && api.prober.take().is_empty());
}

#[tokio::test]
async fn a_private_ca_decides_which_names_it_issues_for() {
    let api = Api::with_name_policy(NamePolicy::Private);
    for name in ["printer.local", "db.corp.internal", "ab--cd.example.com", "a.b.c.d.e.f.g.h.i.example.com"] {
        assert_eq!(api.post(Who::Operator, "/endpoints", internal(name)).await.status, StatusCode::CREATED, "{name}");
        assert_eq!(api.post(Who::Operator, "/checks", internal(name)).await.status, StatusCode::OK, "{name}");
    }
}

#[tokio::test]
async fn a_name_that_leaves_no_room_for_its_record_is_refused_whatever_the_ca() {
    let long = |octets: usize| {
        let labels = ["a".repeat(63), "b".repeat(63), "c".repeat(63)].join(".");
        format!("{labels}.{}.com", "d".repeat(octets - labels.len() - 5))
    };
    for policy in [NamePolicy::Private, NamePolicy::LetsEncrypt] {
        let api = Api::with_name_policy(policy);
        for (method, most, record) in
            [("dns-01", 237, "_acme-challenge."), ("dns-persist-01", 233, "_validation-persist.")]
        {
            let body = |octets| json!({"domain": long(octets), "reachability": "internal", "challenge": method});
            for path in ["/checks", "/endpoints"] {
                let answer = api.post(Who::Operator, path, body(most + 1)).await;
                assert_eq!((answer.status, answer.field()), (StatusCode::UNPROCESSABLE_ENTITY, "domain"), "{path}");
                let detail = text(&answer.body["detail"]);
                assert!(detail.contains(record) && detail.contains("253"), "{detail}");
                assert!(api.post(Who::Operator, path, body(most)).await.status.is_success(), "{path} {method}");
            }
        }
    }
}

#[tokio::test]
async fn what_is_pasted_around_a_name_is_dropped_and_what_is_in_it_is_named() {
    let api = Api::new();
    let body =
        json!({"domain": " \tshop.example.com\r\n", "also": ["*.shop.example.com\n"], "reachability": "internal"});
    let answer = api.post(Who::Operator, "/endpoints", body).await;
    assert_eq!((answer.status, answer.body["domain"].as_str()), (StatusCode::CREATED, Some("shop.example.com")));
    for (name, told) in [
        ("shop\u{202e}.example.org", "U+202E right-to-left override"),
        ("a.example.org, b.example.org", "is a list"),
        ("a.example.org,b.example.org", "--name"),
        ("[2001:db8::1]", "is an IP address"),
    ] {
        let answer = api.post(Who::Operator, "/endpoints", internal(name)).await;
        assert_eq!((answer.status, answer.field()), (StatusCode::UNPROCESSABLE_ENTITY, "domain"), "{name:?}");
        assert!(text(&answer.body["detail"]).contains(told), "{}", answer.body);
    }
}

#[tokio::test]
async fn the_limit_of_names_is_the_same_in_code_api_and_documentation() {
    let api = Api::new();
    let registered = async |count: usize| {
        let also: Vec<_> = (1..count).map(|n| format!("n{n}.example.com")).collect();
        let body = json!({"domain": "n0.example.com", "also": also, "reachability": "internal"});
        api.post(Who::Operator, "/endpoints", body).await
    };
    for count in [MOST_NAMES + 1, 100, 101] {
        let answer = registered(count).await;
        assert_eq!((answer.status, answer.field()), (StatusCode::UNPROCESSABLE_ENTITY, "also"), "{count}");
        assert!(text(&answer.body["detail"]).contains(&format!("({MOST_NAMES})")), "{}", answer.body);
    }
    assert_eq!(registered(MOST_NAMES).await.status, StatusCode::CREATED);

    let document = api.get(Who::Operator, "/openapi.json").await.body;
    for schema in ["Registration", "Wish", "Preflight"] {
        let also = &document["components"]["schemas"][schema]["properties"]["also"];
        assert_eq!(also["maxItems"], MOST_NAMES - 1, "of {schema}, beside the domain");
    }
    let described = include_str!("../../../../docs/reference/api.md");
    assert!(described.contains(&format!("at most {MOST_NAMES} names")), "docs/reference/api.md");
}
