//! A tenant with a good token against the deployed stack: ways around the gateway, to other tenants, and to operators.

use std::net::UdpSocket;

use anyhow::{Context, Result, ensure};
use aws_sdk_route53::types::RrType;
use end_to_end::{Platform, text};
use local_cloud::{CaOptions, LocalCloud, Options, Person, ServerEffect, ServerFault, operator, tenant};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// What the API answers: the status, and the body where it is JSON.
struct Answer {
    status: u16,
    body: Value,
    hsts: bool,
    retry_after: Option<u64>,
}

struct Attacker<'a> {
    cloud: &'a LocalCloud,
    http: reqwest::Client,
    token: String,
}

impl<'a> Attacker<'a> {
    fn new(cloud: &'a LocalCloud, person: &Person) -> Result<Self> {
        Ok(Self { cloud, http: cloud.http_client()?, token: cloud.token(person)? })
    }

    /// Sends a request to a path of the API, `/bearer/v1/…` or any other.
    async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Option<Value>) -> Result<Answer> {
        let request = self.http.request(method, format!("{}{path}", self.cloud.description().api));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let response = request.bearer_auth(&self.token).send().await?;
        let hsts = response.headers().contains_key("strict-transport-security");
        let retry_after = response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
        let status = response.status().as_u16();
        let text = response.text().await?;
        Ok(Answer { status, body: serde_json::from_str(&text).unwrap_or(Value::Null), hsts, retry_after })
    }

    async fn get(&self, path: &str) -> Result<Answer> {
        self.send(Method::GET, path, &[], None).await
    }

    async fn post(&self, path: &str) -> Result<Answer> {
        self.send(Method::POST, path, &[], None).await
    }

    async fn register(&self, domain: &str, key: &str) -> Result<Answer> {
        self.register_with(domain, &[], key).await
    }

    async fn register_with(&self, domain: &str, also: &[String], key: &str) -> Result<Answer> {
        let body = json!({"domain": domain, "also": also, "reachability": "internal"});
        self.send(Method::POST, "/bearer/v1/endpoints", &[("idempotency-key", key)], Some(body)).await
    }
}

fn id(answer: &Answer) -> Result<&str> {
    answer.body["id"].as_str().with_context(|| format!("{} {}", answer.status, answer.body))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_with_a_valid_token_reaches_only_its_own_endpoints() -> Result<()> {
    let limits = ("TenantLimits".to_owned(), "registrations=12/1h,checks=13/1h,renewals=2/1h,names=230".to_owned());
    // Without the address of the platform's own network that a zone will name.
    let networks = ("PreflightAllowedNetworks".to_owned(), "127.53.0.0/16,127.0.0.0/25".to_owned());
    // Each order is validated anew.
    let ca = CaOptions { authz_reuse_percent: 0, ..CaOptions::default() };
    let schedule = "rate(23 hours)".into();
    let options = Options { ca, schedule, parameters: vec![limits, networks], ..Options::unique() };
    let platform = Platform::start(options).await?;
    let cloud = &platform.cloud;
    let (acme, globex) = (Attacker::new(cloud, &tenant("acme"))?, Attacker::new(cloud, &tenant("globex"))?);
    let victim = acme.register("www.victim.test", "key-1").await?;
    ensure!(victim.status == 201 && victim.hsts, "{} {}", victim.status, victim.body);
    let victim = id(&victim)?.to_owned();

    // The same name for a request opens no door: it is the tenant's own.
    let same_key = globex.register("www.attacker.test", "key-1").await?;
    ensure!(same_key.status == 201 && id(&same_key)? != victim, "{}", same_key.body);

    // By the operators' door, by other spellings of paths, and by headers that only a gateway may write.
    for path in [
        "/v1/endpoints".to_owned(),
        format!("/v1/endpoints/{victim}"),
        "/v1/installation".to_owned(),
        "//v1/endpoints".to_owned(),
        "/bearer/v1/..%2f..%2fv1/endpoints".to_owned(),
        "/bearer/v1/%2e%2e/%2e%2e/v1/endpoints".to_owned(),
        "/bearer//v1/endpoints".to_owned(),
        "/BEARER/V1/endpoints".to_owned(),
        "/bearer/v1/installation".to_owned(),
        "/bearer/v1/events".to_owned(),
        format!("/bearer/v1/endpoints/{victim}"),
        format!("/bearer/v1/endpoints/{victim}/events"),
        format!("/bearer/v1/endpoints/{victim}%2fevents"),
        format!("/bearer/v1/endpoints/%20{victim}"),
        format!("/bearer/v1/endpoints/{}", victim.to_uppercase()),
        "/bearer/v1/endpoints/www.victim.test".to_owned(),
        "/bearer/v1/endpoints/www%2evictim%2etest/shares".to_owned(),
        "/bearer/v1/endpoints?tenant=acme".to_owned(),
        "/bearer/v1/endpoints?tenant=".to_owned(),
    ] {
        let headers = [
            ("x-amzn-request-context", r#"{"authorizer":{"iam":{"userArn":"arn:aws:iam::1:user/olga"}}}"#),
            ("x-forwarded-for", "192.0.2.1"),
            ("x-original-url", "/v1/endpoints"),
        ];
        let answer = globex.send(Method::GET, &path, &headers, None).await?;
        ensure!(answer.status >= 400, "{path}: {} {}", answer.status, answer.body);
        ensure!(!answer.body.to_string().contains("acme"), "{path}: {}", answer.body);
    }

    // Changes of what is another's, each with a body that it takes.
    let other = format!("/bearer/v1/endpoints/{victim}");
    for (method, path, body) in [
        (Method::PATCH, other.clone(), Some(json!({"also": ["stolen.victim.test"]}))),
        (Method::DELETE, other.clone(), None),
        (Method::POST, format!("{other}/renew"), None),
        (Method::POST, format!("{other}/check"), None),
        (Method::POST, format!("{other}/shares"), Some(json!({}))),
    ] {
        let answer = globex.send(method.clone(), &path, &[], body).await?;
        ensure!(answer.status == 404, "{method} {path}: {} {}", answer.status, answer.body);
    }

    // More than a tenant may say of its own.
    for body in [
        json!({"domain": "a.attacker.test", "reachability": "internal", "tenant": "acme"}),
        json!({"domain": "a.attacker.test", "reachability": "internal", "listeners": ["arn:aws:elasticloadbalancing:eu-central-1:000000000000:listener/app/edge/1/2"]}),
        json!({"domain": "edge.platform.test", "reachability": "external"}),
        json!({"domain": "a.attacker.test", "also": ["*.edge.platform.test"], "reachability": "internal"}),
    ] {
        let answer = globex.send(Method::POST, "/bearer/v1/endpoints", &[], Some(body.clone())).await?;
        ensure!(matches!(answer.status, 403 | 422), "{body}: {} {}", answer.status, answer.body);
    }

    // A tenant that a provider gives to whoever has none.
    let unset = Attacker::new(cloud, &tenant("default"))?.get("/bearer/v1/endpoints").await?;
    ensure!(unset.status == 403, "{} {}", unset.status, unset.body);

    // What an operator did is seen, and not who it was.
    let olive = Attacker::new(cloud, &operator())?;
    ensure!(olive.send(Method::POST, &format!("{other}/renew"), &[], None).await?.status == 202);
    let events = acme.get(&format!("{other}/events")).await?.body;
    let by: Vec<&Value> = events["events"].as_array().context("events")?.iter().map(|event| &event["by"]).collect();
    ensure!(by.contains(&&json!({"who": "operator"})), "{events}");
    ensure!(!events.to_string().contains("olive"), "{events}");

    // All of this has changed nothing.
    let seen = acme.get(&other).await?.body;
    ensure!(seen["names"] == json!(["www.victim.test"]), "{seen}");
    ensure!(acme.get(&format!("{other}/shares")).await?.body["shares"] == json!([]));
    let mine = globex.get("/bearer/v1/endpoints").await?.body;
    ensure!(mine["endpoints"].as_array().map(Vec::len) == Some(1), "{mine}");
    checks_are_no_weapon(&platform, &globex).await?;
    servers_that_refuse_get_few_queries(&platform, &globex).await?;
    name_servers_in_our_own_network_get_no_query(&platform, &globex).await?;
    slow_hosts_of_97_names_delay_no_step(&platform).await?;
    a_silent_name_server_delays_no_step(&platform, &globex).await?;
    only_the_tenant_over_its_limits_is_refused(&acme, &globex).await
}

/// As many as one request may name.
const NAMES: usize = 97;
/// What one check may ask of one name server: `adapters::dns::questions`.
const MOST_OF_ONE: usize = 792;

/// One request with 97 names, below somebody else's domain, is as many questions to its name servers as that needs.
async fn checks_are_no_weapon(platform: &Platform, globex: &Attacker<'_>) -> Result<()> {
    let zone = platform.cloud.create_zone("bystander.test").await?;
    let servers = zone.name_servers().await?.len();
    let also: Vec<String> = (1..NAMES).map(|number| format!("n{number}.bystander.test")).collect();
    let queries = || queries(&platform.cloud, "bystander.test");
    let before = queries()?;
    let registered = globex.register_with("n0.bystander.test", &also, "key-97").await?;
    let id = id(&registered)?.to_owned();
    let attempt = platform.attempt(&id, 1).await?;
    ensure!(Platform::ca_requests(&attempt) == 0, "nothing is proven: {attempt:#}");
    // A check of everything, and the proofs.
    let by_attempt = queries()? - before;
    let checked = globex.post(&format!("/bearer/v1/endpoints/{id}/check")).await?;
    ensure!(checked.status == 200, "{} {}", checked.status, checked.body);
    let by_check = queries()? - before - by_attempt;
    println!("{servers} servers were asked {by_attempt} questions by an attempt and {by_check} by a check");
    ensure!(by_check > NAMES && by_attempt > NAMES, "the questions are counted: {by_attempt}, {by_check}");
    ensure!(by_check <= servers * MOST_OF_ONE && by_attempt <= 2 * servers * MOST_OF_ONE);
    Ok(())
}

/// What a check asks of one server that refuses everything, as docs/explanation/security.md says.
const MOST_OF_ONE_THAT_REFUSES: usize = 10;

/// Servers that refuse are left alone, however many names lead to them.
async fn servers_that_refuse_get_few_queries(platform: &Platform, globex: &Attacker<'_>) -> Result<()> {
    let zone = platform.cloud.create_zone("refusing.test").await?;
    let servers = zone.name_servers().await?.len();
    let fault = ServerFault { zone: "refusing.test".into(), server: None, effect: ServerEffect::Refused };
    platform.cloud.name_servers().spoil(&[fault])?;
    let also: Vec<String> = (1..NAMES).map(|number| format!("n{number}.refusing.test")).collect();
    let registered = globex.register_with("n0.refusing.test", &also, "key-refused").await?;
    let attempt = platform.attempt(id(&registered)?, 1).await?;
    platform.cloud.name_servers().spoil(&[])?;
    ensure!(Platform::ca_requests(&attempt) == 0, "{attempt:#}");
    // Those of the registry and of the root are counted, too.
    let queries = queries(&platform.cloud, "refusing.test")?;
    println!("{servers} servers that refuse were asked {queries} questions");
    ensure!(queries > 0 && queries <= (servers + 2) * MOST_OF_ONE_THAT_REFUSES, "{queries} questions");
    Ok(())
}

/// A zone may say that its name servers are in the platform's own network: nothing is sent there.
async fn name_servers_in_our_own_network_get_no_query(platform: &Platform, globex: &Attacker<'_>) -> Result<()> {
    let inside = UdpSocket::bind(("127.0.0.201", platform.cloud.name_servers().port()))?;
    inside.set_nonblocking(true)?;
    let zone = platform.cloud.create_zone("inside.test").await?;
    zone.upsert("ns.inside.test", RrType::A, &["127.0.0.201"]).await?;
    zone.upsert("inside.test", RrType::Ns, &["ns.inside.test"]).await?;
    let registered = globex.register("www.inside.test", "key-inside").await?;
    let attempt = platform.attempt(id(&registered)?, 1).await?;
    ensure!(inside.recv(&mut [0; 512]).is_err(), "a question came to 127.0.0.201");
    let failure = &attempt["failure"];
    ensure!(text(&failure["summary"]).contains("127.0.0.201 is not a public one"), "{attempt:#}");
    ensure!(failure["actor"] != "operator" && Platform::ca_requests(&attempt) == 0, "{attempt:#}");
    Ok(())
}

/// As many names as one request may have, at hosts that take every connection and answer nothing: the step that waits for them
/// ends well inside its function's 60 seconds, and is not the operator's.
async fn slow_hosts_of_97_names_delay_no_step(platform: &Platform) -> Result<()> {
    const SLOW: &str = "127.0.0.78";
    let cloud = &platform.cloud;
    let listener = TcpListener::bind((SLOW, cloud.description().edge.port())).await?;
    let hosts = tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            held.push(stream);
        }
    });
    let zone = cloud.create_zone("slow.test").await?;
    let names: Vec<String> = (0..NAMES).map(|number| format!("n{number}.slow.test")).collect();
    let also: Vec<&str> = names[1..].iter().map(String::as_str).collect();
    let domain = names[0].as_str();
    let issued = platform.issue(&zone, domain, &also, "internal").await?;
    for host in &names {
        zone.upsert(host, RrType::A, &[SLOW]).await?;
    }
    let change = json!({"reachability": "external"});
    let changed = platform.call(Method::PATCH, &format!("endpoints/{domain}"), Some(change)).await?;
    ensure!(changed.status == 200, "{changed:?}");
    // The certificate is good for what was changed.
    platform.attempt_after(domain, &issued).await?;
    let attempt = platform.run(domain).await?;
    hosts.abort();
    let steps = attempt["steps"].as_array().context("steps")?;
    let step = steps.iter().find(|step| step["step"] == "check-propagation").with_context(|| format!("{attempt:#}"))?;
    println!("check-propagation took {} ms", step["milliseconds"]);
    ensure!(step["milliseconds"].as_u64().is_some_and(|taken| taken < 50_000), "{attempt:#}");
    let failure = &attempt["failure"];
    ensure!(failure["name"] == "RecordsNotReady" && failure["actor"] != "operator", "{attempt:#}");
    let after = platform.endpoint(domain).await?;
    ensure!(after["certificate"]["serial"] == issued["certificate"]["serial"], "{after:#}");
    Ok(())
}

/// A name of twenty labels, each of which might be a zone of its own, below a server that takes every question and answers none:
/// the step ends well inside its limit of 60 seconds, and nobody at the platform is to blame.
async fn a_silent_name_server_delays_no_step(platform: &Platform, globex: &Attacker<'_>) -> Result<()> {
    let _zone = platform.cloud.create_zone("silent.test").await?;
    let fault = ServerFault { zone: "silent.test".into(), server: None, effect: ServerEffect::Silent };
    platform.cloud.name_servers().spoil(&[fault])?;
    let labels: Vec<String> = (0..18).map(|number| format!("l{number}")).collect();
    let registered = globex.register(&format!("{}.silent.test", labels.join(".")), "key-20").await?;
    let attempt = platform.attempt(id(&registered)?, 1).await?;
    platform.cloud.name_servers().spoil(&[])?;
    let steps = attempt["steps"].as_array().context("steps")?;
    let longest = steps.iter().filter_map(|step| step["milliseconds"].as_u64()).max().context("milliseconds")?;
    println!("the longest step took {longest} ms");
    ensure!(longest < 30_000, "{attempt:#}");
    ensure!(!attempt["failure"].is_null() && attempt["failure"]["actor"] != "operator", "{attempt:#}");
    ensure!(Platform::ca_requests(&attempt) == 0, "{attempt:#}");
    Ok(())
}

/// How often the cloud's name servers have been asked for names below `zone`.
fn queries(cloud: &LocalCloud, zone: &str) -> Result<usize> {
    let log = std::fs::read_to_string(cloud.log("serve"))?;
    Ok(log.lines().filter(|line| line.contains("answered") && line.contains(zone)).count())
}

/// 429 with the time to come again, for this tenant alone.
async fn only_the_tenant_over_its_limits_is_refused(acme: &Attacker<'_>, globex: &Attacker<'_>) -> Result<()> {
    let many: Vec<String> = (1..NAMES).map(|number| format!("q{number}.attacker.test")).collect();
    let quota = globex.register_with("q0.attacker.test", &many, "key-quota").await?;
    ensure!(quota.status == 409 && text(&quota.body["type"]).ends_with("quota-reached"), "{}", quota.body);
    let mut answers = Vec::new();
    for number in 0..16 {
        answers.push(globex.register(&format!("m{number}.attacker.test"), &format!("m{number}")).await?);
    }
    let mine = globex.get("/bearer/v1/endpoints").await?.body;
    let all = mine["endpoints"].as_array().context("endpoints")?;
    // A check of many names counts as several.
    let one: Vec<_> = all.iter().filter(|one| one["domain"] == "www.attacker.test").collect();
    let mut of_kinds = vec![("registrations", answers)];
    for (kind, endpoints) in [("renew", all.iter().collect()), ("check", one)] {
        let mut answers = Vec::new();
        for endpoint in endpoints.iter().cycle().take(16) {
            answers.push(globex.post(&format!("/bearer/v1/endpoints/{}/{kind}", text(&endpoint["id"]))).await?);
        }
        of_kinds.push((kind, answers));
    }
    for (kind, answers) in &of_kinds {
        let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
        let refused =
            answers.iter().find(|answer| answer.status == 429).with_context(|| format!("{kind}: {statuses:?}"))?;
        ensure!(refused.retry_after.is_some_and(|seconds| (1..=3600).contains(&seconds)), "{kind}: {}", refused.body);
        ensure!(statuses[0] < 300, "{kind}: {statuses:?}");
    }
    let fine = acme.register("b.victim.test", "key-2").await?;
    ensure!(fine.status == 201, "{} {}", fine.status, fine.body);
    let checked = acme.post(&format!("/bearer/v1/endpoints/{}/check", id(&fine)?)).await?;
    ensure!(checked.status == 200, "{} {}", checked.status, checked.body);
    Ok(())
}
