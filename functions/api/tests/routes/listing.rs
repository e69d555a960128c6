use std::collections::BTreeSet;

use http::StatusCode;
use serde_json::json;
use vocabulary::failure::{Failure, FailureName};
use vocabulary::guidance::WaitingOn;

use crate::bench::{Api, text};
use crate::callers::Who;

const OPERATOR: Who = Who::Operator;

/// Reads all pages of a list.
async fn pages(api: &Api, who: Who, query: &str) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = api.get(who, &format!("/endpoints?{query}{cursor}")).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        pages.push(page.domains());
        let Some(next) = page.body["next_cursor"].as_str() else { return pages };
        cursor = format!("&cursor={next}");
    }
}

#[tokio::test]
async fn pages_are_of_the_size_asked_for_and_follow_each_other_to_the_last() {
    let api = Api::new();
    for i in 0..4 {
        api.put("acme", &format!("n{i}.example.com")).await;
    }
    assert_eq!(
        pages(&api, OPERATOR, "limit=2").await,
        [["n0.example.com", "n1.example.com"], ["n2.example.com", "n3.example.com"]]
    );
    let three = pages(&api, OPERATOR, "limit=3").await;
    assert_eq!(three.iter().map(Vec::len).collect::<Vec<_>>(), [3, 1]);
    assert_eq!(pages(&api, OPERATOR, "").await.len(), 1);
    let by_attention = pages(&api, OPERATOR, "sort=attention&limit=3").await;
    assert_eq!(by_attention.iter().map(Vec::len).collect::<Vec<_>>(), [3, 1]);
    assert_eq!(by_attention.concat(), three.concat(), "of equal urgency, by domain");
    assert!(pages(&Api::new(), OPERATOR, "sort=attention").await.concat().is_empty());
}

#[tokio::test]
async fn what_needs_attention_comes_first() {
    let api = Api::new();
    let [ready, issuing, broken, slow, waits] = {
        let mut ids = Vec::new();
        for name in ["a-ready", "b-issuing", "y-broken", "z-slow", "c-waits"] {
            ids.push(api.registered(OPERATOR, &format!("{name}.example.com")).await);
        }
        <[_; 5]>::try_from(ids).expect("five")
    };
    for id in [&ready, &broken] {
        api.issued(id).await;
    }
    let renew = async |name: &str| api.post(OPERATOR, &format!("/endpoints/{name}.example.com/renew"), json!({})).await;
    renew("y-broken").await;
    api.failed(&broken, FailureName::RecordsNotReady, WaitingOn::DomainOwner).await;
    api.failed(&slow, FailureName::RecordsNotReady, WaitingOn::DomainOwner).await;
    api.failed(&waits, FailureName::RateLimited, WaitingOn::Ca).await;
    let _ = issuing;

    let listed = api.get(OPERATOR, "/endpoints?sort=attention").await;
    let order: Vec<_> = listed.body["endpoints"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|e| (text(&e["status"]), text(&e["domain"])))
        .collect();
    assert!(
        order.iter().map(|(status, _)| *status).is_sorted_by_key(|status| {
            ["action_required", "degraded", "retrying", "waiting_for_dns", "issuing", "paused", "ready"]
                .iter()
                .position(|v| *v == status)
        }),
        "{order:?}"
    );
    assert_eq!(order[0].0, "action_required");
    assert_eq!(order.last(), Some(&("ready", "a-ready.example.com")));
    assert_eq!(pages(&api, OPERATOR, "sort=attention&limit=1").await.concat(), listed.domains());

    let overview = api.get(OPERATOR, "/overview").await;
    assert_eq!(overview.body["total"], 5);
    let counts: usize = overview.body["statuses"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|v| v["count"].as_u64().expect("a number") as usize)
        .sum();
    assert_eq!(counts, 5);
    assert_eq!(overview.body["statuses"].as_array().map(Vec::len), Some(7), "each status, also those of nobody");
    let attention = overview.body["attention"].as_array().expect("a list");
    assert_eq!(text(&attention[0]["domain"]), order[0].1);
    assert!(attention.iter().all(|e| e["status"] != "ready"));
    let renewals: Vec<_> =
        overview.body["renewals"].as_array().expect("a list").iter().map(|r| text(&r["domain"])).collect();
    assert_eq!(renewals.iter().collect::<BTreeSet<_>>().len(), 2, "those that have a certificate");
    assert_eq!(renewals[0], "y-broken.example.com", "the soonest first: it was asked for");
    assert_eq!(overview.body["truncated"], false);
    let groups = overview.body["groups"].as_array().expect("a list");
    let counts: Vec<_> = groups.iter().map(|group| (&group["count"], &group["cause"])).collect();
    let (two, one) = (json!(2), json!(1));
    assert_eq!(counts[0], (&two, &json!("RecordsNotReady")), "the same words are one line: {counts:?}");
    assert!(counts.len() == 2 && counts[1] == (&one, &json!("RateLimited")), "{counts:?}");
    let days = overview.body["renewal_days"].as_array().expect("a list");
    assert_eq!(days.iter().map(|day| day["count"].as_u64().expect("a number")).sum::<u64>(), 2, "{days:?}");
}

#[tokio::test]
async fn endpoints_with_one_cause_are_one_group_and_the_filters_of_the_group_list_them() {
    let api = Api::new();
    for (name, zone) in [("a.bulk.com", "bulk.com"), ("b.bulk.com", "bulk.com"), ("c.other.com", "other.com")] {
        let id = api.registered(OPERATOR, name).await;
        let said = format!("{zone} has no name server that answers for {name}.");
        let failure = Failure::new(FailureName::RecordsNotReady, WaitingOn::DomainOwner, said, "Open port 53.");
        api.failed_by(&id, failure.with_check("servers-silent").at(zone)).await;
    }
    let overview = api.get(OPERATOR, "/overview").await;
    let groups = overview.body["groups"].as_array().expect("a list");
    let shown: Vec<_> = groups.iter().map(|group| (&group["count"], text(&group["at_fault"]))).collect();
    assert_eq!(shown, [(&json!(2), "bulk.com"), (&json!(1), "other.com")]);
    let first = &groups[0]["first"];
    assert_eq!((text(&first["cause"]), text(&first["at_fault"])), ("servers-silent", "bulk.com"));
    let listed = api.get(OPERATOR, "/endpoints?cause=servers-silent&at_fault=bulk.com").await;
    assert_eq!(listed.domains(), ["a.bulk.com", "b.bulk.com"]);
    assert!(api.get(OPERATOR, "/endpoints?cause=caa-forbids&at_fault=bulk.com").await.domains().is_empty());
    let long = api.get(OPERATOR, &format!("/endpoints?at_fault={}", "x".repeat(301))).await;
    assert_eq!(long.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_check_is_filtered_for_by_the_name_that_it_had_in_the_previous_release() {
    let api = Api::new();
    let id = api.registered(OPERATOR, "a.example.com").await;
    let failure = Failure::new(FailureName::RecordsNotReady, WaitingOn::DomainOwner, "It is missing.", "Create it.");
    api.failed_by(&id, failure.with_check("persistent-missing")).await;
    for name in ["persistent-missing", "standing-missing"] {
        assert_eq!(api.get(OPERATOR, &format!("/endpoints?cause={name}")).await.domains(), ["a.example.com"], "{name}");
    }
}

#[tokio::test]
async fn what_waits_on_the_operator_comes_first_page_by_page() {
    let api = Api::new();
    for (name, failure, actor) in [
        ("a-owner", FailureName::RecordsNotReady, WaitingOn::DomainOwner),
        ("b-operator", FailureName::Misconfigured, WaitingOn::Operator),
        ("c-owner", FailureName::RecordsNotReady, WaitingOn::DomainOwner),
        ("d-operator", FailureName::Misconfigured, WaitingOn::Operator),
    ] {
        let id = api.registered(OPERATOR, &format!("{name}.example.com")).await;
        api.failed(&id, failure, actor).await;
    }
    let order = pages(&api, OPERATOR, "sort=attention&limit=1").await.concat();
    let expected = ["b-operator", "d-operator", "a-owner", "c-owner"].map(|name| format!("{name}.example.com"));
    assert_eq!(order, expected);
}

#[tokio::test]
async fn filters_narrow_a_list_and_hold_across_its_pages() {
    let api = Api::new();
    for (i, who) in [Who::Tenant("acme"), Who::Tenant("other"), Who::Tenant("acme")].into_iter().enumerate() {
        api.registered(who, &format!("n{i}.example.com")).await;
    }
    let held = api.holder_of("n2.example.com").await;
    api.issued(&held).await;
    let id = api.registered(Who::Tenant("acme"), "xn--bcher-kva.example.com").await;
    api.failed(&id, FailureName::RecordsNotReady, WaitingOn::DomainOwner).await;
    api.put("acme", "outside.example.org").await;
    for (query, expected) in [
        ("tenant=acme&reachability=internal", vec!["n0.example.com", "n2.example.com", "xn--bcher-kva.example.com"]),
        ("tenant=nobody", vec![]),
        ("reachability=external", vec!["outside.example.org"]),
        ("status=waiting_for_dns", vec!["xn--bcher-kva.example.com"]),
        ("verdict=waiting_for_dns", vec!["xn--bcher-kva.example.com"]),
        ("actor=customer", vec!["xn--bcher-kva.example.com"]),
        ("status=waiting_for_dns&actor=operator", vec![]),
        ("status=waiting_for_dns&waiting_on=domain_owner", vec!["xn--bcher-kva.example.com"]),
        ("cause=RecordsNotReady", vec!["xn--bcher-kva.example.com"]),
        ("cause=recordsnotready&tenant=other", vec![]),
        ("cause=delegation-missing", vec![]),
        ("expires_within=89d", vec![]),
        ("expires_within=91d", vec!["n2.example.com"]),
        ("q=N1", vec!["n1.example.com"]),
        ("prefix=N", vec!["n0.example.com", "n1.example.com", "n2.example.com"]),
        ("prefix=n&tenant=other", vec!["n1.example.com"]),
        ("prefix=n&q=n2", vec!["n2.example.com"]),
        ("prefix=example", vec![]),
        ("q=b%C3%BCcher", vec!["xn--bcher-kva.example.com"]),
        ("q=BCHER-KVA", vec!["xn--bcher-kva.example.com"]),
        ("q=nothing.like.it", vec![]),
    ] {
        for paged in ["", "&limit=1", "&limit=1&sort=attention"] {
            let mut found = pages(&api, OPERATOR, &format!("{query}{paged}")).await.concat();
            found.sort();
            assert_eq!(found, expected, "{query}{paged}");
        }
    }
    let by_id = pages(&api, OPERATOR, &format!("q={id}")).await.concat();
    assert_eq!(by_id, ["xn--bcher-kva.example.com"]);
}

#[tokio::test]
async fn bad_parameters_are_refused_by_name() {
    let api = Api::new();
    api.put("acme", "a.example.com").await;
    let position = api.get(OPERATOR, "/endpoints?limit=1").await;
    assert_eq!(position.body["next_cursor"], json!(null), "of one endpoint there is one page");
    api.put("acme", "b.example.com").await;
    let cursor = text(&api.get(OPERATOR, "/endpoints?limit=1").await.body["next_cursor"]).to_owned();
    for (query, field, problem) in [
        ("limit=0", "limit", "invalid-request"),
        ("limit=201", "limit", "invalid-request"),
        ("limit=x", "limit", "invalid-request"),
        ("limit=99999999999999999999", "limit", "invalid-request"),
        ("limit=", "limit", "invalid-request"),
        ("limit=1&limit=1", "limit", "invalid-request"),
        ("nonsense=1", "nonsense", "invalid-request"),
        ("status=great", "status", "invalid-request"),
        ("actor=me", "actor", "invalid-request"),
        ("reachability=", "reachability", "invalid-request"),
        ("sort=age", "sort", "invalid-request"),
        ("tenant=a%20b", "tenant", "invalid-request"),
        (&format!("q={}", "x".repeat(254)), "q", "invalid-request"),
        (&format!("prefix={}", "x".repeat(254)), "prefix", "invalid-request"),
        ("prefix=b%C3%BC", "prefix", "invalid-request"),
        (&format!("cause={}", "x".repeat(65)), "cause", "invalid-request"),
        ("expires_within=14", "expires_within", "invalid-request"),
        ("expires_within=9999d", "expires_within", "invalid-request"),
        ("cursor=x", "cursor", "invalid-cursor"),
        ("cursor=", "cursor", "invalid-cursor"),
        (&format!("sort=attention&cursor={cursor}"), "cursor", "invalid-cursor"),
        (&format!("cursor={cursor}x"), "cursor", "invalid-cursor"),
    ] {
        let answer = api.get(OPERATOR, &format!("/endpoints?{query}")).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{query}");
        assert_eq!((answer.field(), answer.problem()), (field, problem), "{query}");
    }
}

#[tokio::test]
async fn the_work_for_one_answer_is_bounded() {
    let api = Api::new();
    for i in 0..20_001 {
        api.put("acme", &format!("n{i:05}.example")).await;
    }
    let first = api.get(OPERATOR, "/endpoints?q=n20000").await;
    assert!(first.domains().is_empty(), "a page may be short");
    assert_eq!(pages(&api, OPERATOR, "q=n20000").await.concat(), ["n20000.example"], "and yet nothing is missed");

    let overview = api.get(OPERATOR, "/overview").await;
    assert_eq!((&overview.body["total"], &overview.body["truncated"]), (&json!(20_000), &json!(true)));
    let sorted = api.get(OPERATOR, "/endpoints?sort=attention&limit=1").await;
    assert_eq!(sorted.body["truncated"], true);
}
