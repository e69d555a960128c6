//! Every adapter keeps the promises of its port, against the local cloud: the same contracts as the fakes.

mod previous_release;

use std::collections::HashMap;

use adapters::acm::Acm;
use adapters::address_filter::Reach;
use adapters::attempt_room::AttemptRoom;
use adapters::cross_account::{Places, Purpose};
use adapters::dynamodb::EndpointsTable;
use adapters::http_probe::Probe;
use adapters::key_export::ExportSecrets;
use adapters::key_vault::EncryptedKeys;
use adapters::route53::DelegationZone;
use adapters::s3::ChallengeBucket;
use adapters::secrets_manager::{AccountSecret, Accounts, StoredAccount, Written};
use adapters::step_functions::StateMachine;
use anyhow::{Context, Result};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_route53::types::RrType;
use diagnosis::facts::ProbeAnswer;
use diagnosis::http01::Mark;
use diagnosis::http01::mark::{check_body, check_token};
use diagnosis::report::CheckReport;
use domain::endpoint::{Endpoint, Health, LEASE};
use domain::health::pace::first_check;
use domain::health::{CertificateUse, InAcm, Seen};
use domain::ports::{
    AdviceIndex, AttemptJournal, AuthoritativeDns, DUE_SHARDS, Destinations, DueEntry, DueIndex, EndpointReader,
    HealthIndex, HttpProbe, KeyExport, Place, Registry, Room, Sight, TokenStore,
};
use end_to_end::Platform;
use end_to_end::balancer::{Balancer, OWN_ACCOUNT, others_certificate};
use end_to_end::meter::WriteMeter;
use local_cloud::{LocalCloud, Options};
use testkit::contracts;
use time::OffsetDateTime;
use vocabulary::certificate::{Target, TenantUsage};
use vocabulary::dns::{Answer, RecordKind};
use vocabulary::names::{EndpointId, Scope};

/// Stores an endpoint's names as the previous release left them in the table: a claim, and nothing else.
async fn as_of_the_previous_release(cloud: &LocalCloud, endpoint: &Endpoint) -> Result<()> {
    let table = cloud.resource("EndpointsTable")?;
    let s = |text: String| AttributeValue::S(text);
    for name in endpoint.names.authorization_names() {
        let (pk, own) = (s(format!("NAME#{name}")), s(format!("TENANT#{}", endpoint.tenant)));
        let delete = cloud.aws().dynamodb.delete_item().table_name(table).key("pk", pk.clone()).key("sk", own);
        delete.send().await?;
        let put = cloud.aws().dynamodb.put_item().table_name(table).item("pk", pk).item("sk", s("CLAIM".into()));
        put.item("endpoint", s(endpoint.id.to_string())).send().await?;
    }
    Ok(())
}

/// In a build that is not optimized, all of them together are more than a test's stack.
#[test]
fn the_adapters_keep_the_promises_of_their_ports() -> Result<()> {
    let run = || tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(all_ports());
    let ended = std::thread::Builder::new().stack_size(16 << 20).spawn(run)?.join();
    ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

async fn all_ports() -> Result<()> {
    let platform = Platform::start(Options::unique()).await?;
    let cloud = &platform.cloud;
    let aws = cloud.aws();
    let id = EndpointId::from_random([9; 16]);

    let tokens = ChallengeBucket::new(aws.s3.clone(), cloud.resource("TokenBucket")?.into());
    contracts::token_store(&tokens, &"bank.example.com".parse()?).await;

    let keys = EncryptedKeys::new(
        aws.dynamodb.clone(),
        cloud.resource("KeysTable")?.into(),
        aws.kms.clone(),
        cloud.resource("KeysKey")?.into(),
    );
    contracts::key_vault(&keys, &id).await;

    let reader = Some("arn:aws:iam::000000000000:role/reader".parse()?);
    let exports = ExportSecrets::new(aws.secrets.clone(), "bank".into(), cloud.resource("KeysKey")?.into(), reader);
    contracts::key_export(&exports, &id, async || exported_serial(cloud, &exports.name_of(&id)).await).await;

    let zone = DelegationZone::new(aws.route53.clone(), cloud.description().delegation_zone_id.clone());
    let name = format!("bank.{}", cloud.description().delegation_zone);
    contracts::txt_zone(&zone, &name, async |name| txt_values(cloud, name).await).await;
    assert!(zone.calls() > 0, "calls are counted");

    let acm = Acm::new(aws.acm.clone(), "bank".into());
    contracts::certificate_store(&acm, &id, "bank.example.com").await;
    contracts::certificate_inspector(&acm, &id, "seen.example.com").await;

    load_balancers(cloud).await?;

    let flows = StateMachine::new(aws.sfn.clone(), cloud.resource("IssueCertificateStateMachine")?.into());
    let table = EndpointsTable::new(aws.dynamodb.clone(), cloud.resource("EndpointsTable")?.into());
    contracts::room(&AttemptRoom::new(aws.lambda.clone(), flows.clone(), table.clone(), Some(8))).await;
    let lowered = AttemptRoom::new(aws.lambda.clone(), flows.clone(), table, Some(3));
    let taken = lowered.take_room(8, Place::First, OffsetDateTime::now_utc()).await?;
    assert!(taken.most == 3 && taken.attempts <= 3, "a bound that was lowered holds at once: {taken:?}");
    lowered.give_room_back(&taken, taken.attempts).await?;
    contracts::flow_starter(&flows, &id).await;

    Box::pin(endpoints_table(cloud)).await?;
    account_secret(cloud).await?;
    Box::pin(dns_and_probe(cloud, &tokens)).await
}

/// What a reader gets of the secret.
async fn exported_serial(cloud: &LocalCloud, secret: &str) -> Option<String> {
    let value = cloud.aws().secrets.get_secret_value().secret_id(secret).send().await.ok()?;
    // An emulator's secret without a value has a version without one.
    let content: serde_json::Value = serde_json::from_str(value.secret_string()?).expect("JSON");
    Some(content["serial"].as_str().expect("a serial").to_owned())
}

/// The ports of the endpoints table. Boxed: in a build that is not optimized all of them together are more than a test's
/// stack.
async fn endpoints_table(cloud: &LocalCloud) -> Result<()> {
    let endpoints = EndpointsTable::new(cloud.aws().dynamodb.clone(), cloud.resource("EndpointsTable")?.into());
    Box::pin(contracts::registry(&endpoints, 1)).await;
    Box::pin(contracts::due_index(&endpoints, 20)).await;
    Box::pin(contracts::attempt_journal(&endpoints, 30)).await;
    Box::pin(contracts::outcomes(&endpoints, &endpoints, 35)).await;
    Box::pin(contracts::authorizations(&endpoints, 36)).await;
    Box::pin(contracts::advice_index(&endpoints, 90)).await;
    Box::pin(contracts::changes(&endpoints, 40)).await;
    Box::pin(contracts::claims(&endpoints, 400)).await;
    let before = contracts::endpoint(405, contracts::whole_second());
    endpoints.register(&before, &contracts::registered(&before), None).await?;
    as_of_the_previous_release(cloud, &before).await?;
    Box::pin(contracts::claims_of_before(&endpoints, &before)).await;
    Box::pin(contracts::revocations(&endpoints, 45)).await;
    Box::pin(contracts::requests(&endpoints, 50)).await;
    Box::pin(contracts::audit_trail(&endpoints, 60)).await;
    Box::pin(contracts::share_links(&endpoints, 70)).await;
    Box::pin(contracts::check_log(&endpoints, 80)).await;
    Box::pin(contracts::shared_causes(&endpoints, 100)).await;
    Box::pin(contracts::digest_log(&endpoints, 120)).await;
    Box::pin(contracts::health_index(&endpoints, 140)).await;
    Box::pin(contracts::installation_log(&endpoints)).await;
    Box::pin(contracts::capacity_log(&endpoints)).await;
    Box::pin(contracts::rate_limits(&endpoints, 160)).await;
    Box::pin(contracts::tenants_in_turn(&endpoints, 160)).await;
    Box::pin(contracts::pacing(&endpoints, 165)).await;

    Box::pin(contracts::summaries(&endpoints, 220)).await;
    Box::pin(of_one_piece(cloud, &endpoints)).await?;
    Box::pin(recorded_by_a_run_that_died(cloud, &endpoints)).await?;
    Box::pin(previous_release::items_of_the_previous_release(cloud, &endpoints)).await?;
    Box::pin(checks_and_polls_without_news(cloud)).await
}

/// An endpoint as earlier releases kept it, in one item that the indexes copied, is read, listed and checked like any other.
async fn of_one_piece(cloud: &LocalCloud, endpoints: &EndpointsTable) -> Result<()> {
    let (dynamodb, table) = (&cloud.aws().dynamodb, cloud.resource("EndpointsTable")?);
    let now = OffsetDateTime::now_utc().replace_nanosecond(0)?;
    let (mut old, new) = (contracts::endpoint(200, now), contracts::endpoint(201, now));
    old.certificate = Some(testkit::installed(&old, now));
    (old.health_at, old.advice_at) = (Some(now), Some(now));
    endpoints.register(&new, &contracts::registered(&new), None).await?;
    let mut item: HashMap<String, AttributeValue> = serde_dynamo::to_item(&old)?;
    item.retain(|_, value| !value.is_null());
    let domain = old.names.primary().to_string();
    let shard = format!("due#{}", old.id.shard(DUE_SHARDS));
    let pk = format!("ENDPOINT#{}", old.id);
    for (name, value) in
        [("pk", pk.as_str()), ("sk", "ENDPOINT"), ("domain", &domain), ("listing", "all"), ("due_shard", &shard)]
    {
        item.insert(name.into(), AttributeValue::S(value.into()));
    }
    for name in ["due_at", "advice_at", "health_at"] {
        item.insert(name.into(), AttributeValue::N(now.unix_timestamp().to_string()));
    }
    dynamodb.put_item().table_name(table).set_item(Some(item)).send().await?;

    let listed = async |scope: &Scope| {
        let all = endpoints.list(scope, None, 1000).await.expect("answers").endpoints;
        all.into_iter().filter(|endpoint| [&old.id, &new.id].contains(&&endpoint.id)).collect::<Vec<_>>()
    };
    let own = Scope::Tenant(old.tenant.clone());
    let due = async || {
        let due = endpoints.health_due(old.id.shard(DUE_SHARDS), now, 1000).await.expect("answers");
        due.iter().any(|entry| entry.endpoint == old.id)
    };
    let both = [old.clone(), new.clone()];
    assert_eq!((listed(&own).await, listed(&Scope::Everything).await), (vec![old.clone()], both.to_vec()));
    assert!(due().await);
    assert_eq!(endpoints.find(&old.id).await?, Some(old.clone()), "it reads as it was written");
    // By now it is in pieces, and nothing of it has changed.
    assert_eq!(endpoints.find(&old.id).await?, Some(old.clone()));
    assert_eq!((listed(&own).await, listed(&Scope::Everything).await), (vec![old.clone()], both.to_vec()));
    endpoints.postpone_health(&old.id, now + time::Duration::HOUR).await?;
    assert!(!due().await, "its turn can be moved");
    endpoints.postpone_advice(&old.id, now + time::Duration::HOUR).await?;
    let advice = endpoints.advice_due(old.id.shard(DUE_SHARDS), now, 1000).await?;
    assert!(advice.iter().all(|entry| entry.endpoint != old.id));

    let more = Endpoint { tenant: old.tenant.clone(), ..contracts::endpoint(202, now) };
    endpoints.register(&more, &contracts::registered(&more), None).await?;
    let usage = TenantUsage { endpoints: 2, names: names_of(&old) + names_of(&more) };
    assert_eq!(endpoints.usage(&old.tenant).await?, usage, "whoever asks first counts what is there from before");
    Ok(())
}

/// A certificate and its times are two writes: the next reader after a run that died between them makes the second.
async fn recorded_by_a_run_that_died(cloud: &LocalCloud, endpoints: &EndpointsTable) -> Result<()> {
    let now = OffsetDateTime::now_utc().replace_nanosecond(0)?;
    let fresh = contracts::endpoint(250, now);
    endpoints.register(&fresh, &contracts::registered(&fresh), None).await?;
    let entry = DueEntry { endpoint: fresh.id.clone(), due_at: now };
    endpoints.claim(&entry, now, now + LEASE).await?;
    let mut held = testkit::installed(&fresh, now);
    for generation in [held.generation, held.generation + 1] {
        held.generation = generation;
        let (dynamodb, table) = (&cloud.aws().dynamodb, cloud.resource("EndpointsTable")?);
        dynamodb
            .update_item()
            .table_name(table)
            .key("pk", AttributeValue::S(format!("ENDPOINT#{}", fresh.id)))
            .key("sk", AttributeValue::S("ENDPOINT".into()))
            .update_expression("SET certificate = :certificate")
            .expression_attribute_values(":certificate", serde_dynamo::to_attribute_value(&held)?)
            .send()
            .await?;
        // A function that may only query leaves them to others.
        let (dynamodb, table) = (dynamodb.clone(), table.to_owned());
        EndpointsTable::new(dynamodb, table).read_only().find(&fresh.id).await?.context("it is there")?;
        assert_ne!(times_of(cloud, &fresh.id).await?, Some(held.generation), "{generation}");
        let read = endpoints.find(&fresh.id).await?.context("it is there")?;
        assert_eq!(times_of(cloud, &fresh.id).await?, Some(held.generation));
        assert_eq!((read.advice_at, read.health_at), (Some(now), Some(first_check(&fresh.id, &held))), "{generation}");
        let due = endpoints.health_due(fresh.id.shard(DUE_SHARDS), read.health_at.context("set")?, 1000).await?;
        assert!(due.iter().any(|entry| entry.endpoint == fresh.id), "and it has its turn");
        // Nobody sets them again.
        let later = now + time::Duration::days(3);
        endpoints.postpone_health(&fresh.id, later).await?;
        assert_eq!(endpoints.find(&fresh.id).await?.and_then(|read| read.health_at), Some(later));
    }
    Ok(())
}

/// Of which generation of the certificate the endpoint's times are.
async fn times_of(cloud: &LocalCloud, id: &EndpointId) -> Result<Option<u64>> {
    let item = cloud.aws().dynamodb.get_item().table_name(cloud.resource("EndpointsTable")?).consistent_read(true);
    let item = item
        .key("pk", AttributeValue::S(format!("ENDPOINT#{id}")))
        .key("sk", AttributeValue::S("ENDPOINT#TIMES".into()))
        .send()
        .await?
        .item;
    Ok(item.and_then(|item| item.get("generation")?.as_n().ok()?.parse().ok()))
}

fn names_of(endpoint: &Endpoint) -> u64 {
    endpoint.names.authorization_names().len() as u64
}

/// At a million endpoints health checks and polls are nearly all of the bill: what they write when nothing has changed.
async fn checks_and_polls_without_news(cloud: &LocalCloud) -> Result<()> {
    let meter = WriteMeter::default();
    let client = meter.on(&cloud.aws().dynamodb);
    let endpoints = EndpointsTable::new(client, cloud.resource("EndpointsTable")?.into());
    let now = OffsetDateTime::now_utc().replace_nanosecond(0)?;
    let fresh = contracts::endpoint(210, now);
    endpoints.register(&fresh, &contracts::registered(&fresh), None).await?;
    let entry = DueEntry { endpoint: fresh.id.clone(), due_at: now };
    endpoints.claim(&entry, now, now + LEASE).await?;
    let certificate = testkit::installed(&fresh, now);
    endpoints.record_certificate(&fresh.id, 1, &certificate).await?;
    endpoints.release(&fresh.id, 1, certificate.renew_at).await?;

    let read = async || endpoints.find(&fresh.id).await.expect("answers").expect("it is there");
    let check = async |at: OffsetDateTime| {
        let seen = read().await;
        let found = contracts::report_of_a_missing_record("_acme-challenge.example.com", "label.acme.example", at);
        let found = CheckReport { records: vec![], findings: vec![], ..found };
        let acm = InAcm::There(CertificateUse { serial: certificate.serial.clone(), used_by: vec!["lb".into()] });
        let saw = Seen { report: &found, acm: &acm, copies: &[], listeners: &[] };
        let health = Health::follow(seen.health.as_ref(), &seen, &certificate, &saw, at);
        let next_check_at = at + time::Duration::HOUR;
        let sight = Sight { health, next_check_at, summary: found.summary(), report: None, events: vec![] };
        assert_eq!(endpoints.record_health(&seen, &sight).await, Ok(true));
    };
    check(now).await;
    meter.take();
    read().await;
    assert_eq!(meter.take(), 0.0, "what is whole is only read");
    check(now + time::Duration::HOUR).await;
    assert_eq!(meter.take(), 3.0, "its small item, and its place in the index of health checks, old and new");
    endpoints.postpone_advice(&fresh.id, now + time::Duration::HOUR).await?;
    assert_eq!(meter.take(), 3.0, "likewise in that of polls");
    Ok(())
}

async fn txt_values(cloud: &LocalCloud, name: &str) -> Vec<String> {
    let all = cloud.txt_records().await.expect("the zone answers");
    let mut values: Vec<String> = all.into_iter().filter(|(owner, _)| owner == name).flat_map(|(_, v)| v).collect();
    values.sort();
    values
}

async fn load_balancers(cloud: &LocalCloud) -> Result<()> {
    let sdk = cloud.aws().config.clone().into_builder().endpoint_url(&cloud.description().acm).build();
    let places = Places::new(sdk, "eu-central-1".parse()?, "bank".into(), vec![], Purpose::Install);
    let balancer = Balancer::create(cloud, "application", "eu-central-1", OWN_ACCOUNT).await?;
    let listeners = places.listeners(&Target { region: places.home().clone(), role: None }).await?;
    let other = others_certificate(1);
    let nowhere = format!("{}0", balancer.listener).parse()?;
    contracts::listeners(&listeners, &balancer.listener, &balancer.default, &other, &nowhere).await;
    Ok(())
}

/// Of two writers with the same base one wins, and the other gets `Written::Taken`.
async fn account_secret(cloud: &LocalCloud) -> Result<()> {
    let created = cloud.aws().secrets.create_secret().name("bank").send().await?;
    let secret = AccountSecret::new(cloud.aws().secrets.clone(), created.arn.unwrap_or_default(), None);
    let empty = secret.load().await?;
    assert!(empty.accounts.is_empty());
    let with = |accounts: &Accounts, directory: &str| {
        let mut next = accounts.clone();
        let stored = StoredAccount { key: directory.into(), id: None, directory: None, directory_fetched_at: 0 };
        next.accounts.insert(directory.to_owned(), stored);
        next
    };
    assert_eq!(secret.replace(&empty, &with(&empty, "first")).await?, Written::Now);
    let base = secret.load().await?;
    assert_eq!(base.accounts.keys().collect::<Vec<_>>(), ["first"]);
    assert_eq!(secret.replace(&base, &with(&base, "second")).await?, Written::Now);
    assert_eq!(secret.replace(&base, &with(&base, "third")).await?, Written::Taken);
    let end = secret.load().await?;
    assert_eq!(end.accounts.keys().collect::<Vec<_>>(), ["first", "second"]);
    Ok(())
}

async fn dns_and_probe(cloud: &LocalCloud, tokens: &ChallengeBucket) -> Result<()> {
    let name_servers = cloud.name_servers();
    let dns = end_to_end::dns(&name_servers)?;
    let zone = cloud.create_zone("probe.test").await?;
    zone.upsert("_acme-challenge.www.probe.test", RrType::Cname, &["Label.Acme.Platform.test."]).await?;
    zone.upsert("www.probe.test", RrType::A, &["127.0.0.1"]).await?;
    zone.upsert("inside.probe.test", RrType::A, &["10.1.2.3"]).await?;
    zone.upsert("closed.probe.test", RrType::A, &["127.0.0.2"]).await?;
    let long = "x".repeat(250);
    let values: Vec<String> = (0..20).map(|i| format!("\"{i}{long}\"")).collect();
    zone.upsert("many.probe.test", RrType::Txt, &values.iter().map(String::as_str).collect::<Vec<_>>()).await?;

    let query = async |name: &str, kind| dns.query(name, kind).await.remove(0).answer;
    let alias = query("_acme-challenge.www.probe.test", RecordKind::Cname).await;
    assert_eq!(alias, Answer::Records(vec!["label.acme.platform.test".into()]), "folded to lower case");
    let behind = query("_acme-challenge.www.probe.test", RecordKind::Txt).await;
    assert!(matches!(behind, Answer::NoData | Answer::NxDomain), "aliases are not followed: {behind:?}");
    assert_eq!(query("www.probe.test", RecordKind::Cname).await, Answer::NoData);
    assert_eq!(query("nothing.probe.test", RecordKind::Cname).await, Answer::NxDomain);
    let many = query("many.probe.test", RecordKind::Txt).await;
    let whole = matches!(&many, Answer::Records(values) if values.len() == 20);
    assert!(whole, "an answer that needs TCP is whole: {many:?}");
    assert!(matches!(query("elsewhere.example", RecordKind::Cname).await, Answer::Failed(_)), "no zone is no answer");

    // The name servers are found from the root on, and each is asked.
    let one = name_servers.address("ns1.dns.test")?.ip().to_string();
    zone.upsert("probe.test", RrType::Ns, &["ns1.probe.test.", "ns2.probe.test."]).await?;
    zone.upsert("ns1.probe.test", RrType::A, &[&one]).await?;
    zone.upsert("ns2.probe.test", RrType::A, &["127.0.0.2"]).await?;
    let mut answers = dns.query("_acme-challenge.www.probe.test", RecordKind::Cname).await;
    answers.sort_by(|a, b| a.server.cmp(&b.server));
    assert_eq!((answers[0].server.as_str(), &answers[0].answer), ("ns1.probe.test", &alias));
    assert_eq!(answers[1].server, "ns2.probe.test");
    assert!(matches!(answers[1].answer, Answer::Failed(_)), "nothing listens there: {answers:?}");
    let nowhere = dns.query("_acme-challenge.www.nowhere.test", RecordKind::Cname).await;
    assert!(matches!(&nowhere[..], [one] if matches!(one.answer, Answer::Failed(_))), "no zone: {nowhere:?}");

    let host = "www.probe.test".parse()?;
    tokens.publish(&host, "probe-token", "probe-token.thumb").await?;
    let probe = |allowed: &[&str]| {
        let allowed = allowed.iter().map(|network| network.parse().expect("a network")).collect();
        Probe::new(Reach::new(dns.clone(), allowed), cloud.description().edge.port())
    };
    let here = probe(&["127.0.0.0/8"]);
    let fetched = here.fetch(&host, "probe-token", "probe-token.thumb").await;
    assert!(fetched.is_as_expected() && fetched.mark == Some(Mark::Asked), "{fetched:?}");
    let fetched = here.fetch(&host, "other-token", "other-token.thumb").await;
    assert_eq!((fetched.answer, fetched.mark), (ProbeAnswer::Status(404), Some(Mark::Asked)));
    let token = check_token([5; 16]);
    let fetched = here.fetch(&host, &token, &check_body(&host, &token)).await;
    assert!(fetched.is_as_expected(), "a check's token is answered with what arrived: {fetched:?}");
    let failed =
        async |probe: &Probe, host: &str| match probe.fetch(&host.parse().expect("a name"), "t", "").await.answer {
            ProbeAnswer::Failed(why) => why.to_string(),
            other => panic!("{host}: {other:?}"),
        };
    assert!(failed(&here, "closed.probe.test").await.contains("takes no connection"));
    assert!(failed(&here, "nothing.probe.test").await.contains("no address"));
    assert!(failed(&here, "inside.probe.test").await.contains("only the private address 10.1.2.3"));
    assert!(failed(&probe(&[]), "www.probe.test").await.contains("only the private address 127.0.0.1"));
    Ok(())
}
