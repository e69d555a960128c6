//! Every adapter keeps the promises of its port, against the local cloud: the same contracts as the fakes.

use adapters::acm::Acm;
use adapters::address_filter::Reach;
use adapters::cross_account::Places;
use adapters::dynamodb::EndpointsTable;
use adapters::http_probe::Probe;
use adapters::key_vault::EncryptedKeys;
use adapters::route53::DelegationZone;
use adapters::s3::ChallengeBucket;
use adapters::secrets_manager::{AccountSecret, Accounts, StoredAccount, Written};
use adapters::step_functions::StateMachine;
use anyhow::Result;
use aws_sdk_route53::types::RrType;
use diagnosis::facts::ProbeAnswer;
use diagnosis::http01::Mark;
use diagnosis::http01::mark::{check_body, check_token};
use domain::ports::{AuthoritativeDns, Destinations, HttpProbe, TokenStore};
use end_to_end::Platform;
use end_to_end::balancer::{Balancer, OWN_ACCOUNT};
use local_cloud::{LocalCloud, Options};
use testkit::contracts;
use vocabulary::certificate::Target;
use vocabulary::dns::{Answer, RecordKind};
use vocabulary::names::EndpointId;

#[tokio::test(flavor = "multi_thread")]
async fn the_adapters_keep_the_promises_of_their_ports() -> Result<()> {
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

    let zone = DelegationZone::new(aws.route53.clone(), cloud.description().delegation_zone_id.clone());
    let name = format!("bank.{}", cloud.description().delegation_zone);
    contracts::txt_zone(&zone, &name, async |name| txt_values(cloud, name).await).await;
    assert!(zone.calls() > 0, "calls are counted");

    let acm = Acm::new(aws.acm.clone(), "bank".into());
    contracts::certificate_store(&acm, &id, "bank.example.com").await;
    contracts::certificate_inspector(&acm, &id, "seen.example.com").await;

    load_balancers(cloud).await?;

    let flows = StateMachine::new(aws.sfn.clone(), cloud.resource("IssueCertificateStateMachine")?.into());
    contracts::flow_starter(&flows, &id).await;

    let endpoints = EndpointsTable::new(aws.dynamodb.clone(), cloud.resource("EndpointsTable")?.into());
    contracts::registry(&endpoints, 1).await;
    contracts::due_index(&endpoints, 20).await;
    contracts::attempt_journal(&endpoints, 30).await;
    contracts::ends(&endpoints, &endpoints, 35).await;
    contracts::advice_index(&endpoints, 90).await;
    contracts::changes(&endpoints, 40).await;
    contracts::revocations(&endpoints, 45).await;
    contracts::requests(&endpoints, 50).await;
    contracts::audit_trail(&endpoints, 60).await;
    contracts::share_links(&endpoints, 70).await;
    contracts::check_log(&endpoints, 80).await;
    contracts::shared_causes(&endpoints, 100).await;
    contracts::digest_log(&endpoints, 120).await;
    contracts::health_index(&endpoints, 140).await;
    contracts::installation_log(&endpoints).await;
    contracts::rate_limits(&endpoints, 160).await;

    account_secret(cloud).await?;
    dns_and_probe(cloud, &tokens).await
}

async fn txt_values(cloud: &LocalCloud, name: &str) -> Vec<String> {
    let all = cloud.txt_records().await.expect("the zone answers");
    let mut values: Vec<String> = all.into_iter().filter(|(owner, _)| owner == name).flat_map(|(_, v)| v).collect();
    values.sort();
    values
}

async fn load_balancers(cloud: &LocalCloud) -> Result<()> {
    let sdk = cloud.aws().config.clone().into_builder().endpoint_url(&cloud.description().acm).build();
    let places = Places::new(sdk, "eu-central-1".parse()?, "bank".into(), vec![]);
    let balancer = Balancer::create(cloud, "application", "eu-central-1", OWN_ACCOUNT).await?;
    let listeners = places.listeners(&Target { region: places.home().clone(), role: None }).await?;
    let other = format!("arn:aws:acm:eu-central-1:{OWN_ACCOUNT}:certificate/6f2d0c1e-0000-4000-8000-000000000001");
    let nowhere = format!("{}0", balancer.listener).parse()?;
    contracts::listeners(&listeners, &balancer.listener, &balancer.default, &other, &nowhere).await;
    Ok(())
}

/// Of two writers with the same base one wins, and the other is told.
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

    let ask = async |name: &str, kind| dns.ask(name, kind).await.remove(0).answer;
    let alias = ask("_acme-challenge.www.probe.test", RecordKind::Cname).await;
    assert_eq!(alias, Answer::Records(vec!["label.acme.platform.test".into()]), "folded to lower case");
    let behind = ask("_acme-challenge.www.probe.test", RecordKind::Txt).await;
    assert!(matches!(behind, Answer::NoData | Answer::NxDomain), "aliases are not followed: {behind:?}");
    assert_eq!(ask("www.probe.test", RecordKind::Cname).await, Answer::NoData);
    assert_eq!(ask("nothing.probe.test", RecordKind::Cname).await, Answer::NxDomain);
    let many = ask("many.probe.test", RecordKind::Txt).await;
    let whole = matches!(&many, Answer::Records(values) if values.len() == 20);
    assert!(whole, "an answer that needs TCP is whole: {many:?}");
    assert!(matches!(ask("elsewhere.example", RecordKind::Cname).await, Answer::Failed(_)), "no zone is no answer");

    // The name servers are found from the root on, and each is asked.
    let one = name_servers.address("ns1.dns.test")?.ip().to_string();
    zone.upsert("probe.test", RrType::Ns, &["ns1.probe.test.", "ns2.probe.test."]).await?;
    zone.upsert("ns1.probe.test", RrType::A, &[&one]).await?;
    zone.upsert("ns2.probe.test", RrType::A, &["127.0.0.2"]).await?;
    let mut answers = dns.ask("_acme-challenge.www.probe.test", RecordKind::Cname).await;
    answers.sort_by(|a, b| a.server.cmp(&b.server));
    assert_eq!((answers[0].server.as_str(), &answers[0].answer), ("ns1.probe.test", &alias));
    assert_eq!(answers[1].server, "ns2.probe.test");
    assert!(matches!(answers[1].answer, Answer::Failed(_)), "nothing listens there: {answers:?}");
    let nowhere = dns.ask("_acme-challenge.www.nowhere.test", RecordKind::Cname).await;
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
