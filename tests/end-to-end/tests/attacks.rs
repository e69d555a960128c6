//! A tenant with a good token against the deployed stack: ways around the gateway, to other tenants, and to operators.

use anyhow::{Context, Result, ensure};
use end_to_end::Platform;
use local_cloud::{LocalCloud, Options, Person, operator, tenant};
use reqwest::Method;
use serde_json::{Value, json};

/// What the API answers: the status, and the body where it is JSON.
struct Answer {
    status: u16,
    body: Value,
    hsts: bool,
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
        let status = response.status().as_u16();
        let text = response.text().await?;
        Ok(Answer { status, body: serde_json::from_str(&text).unwrap_or(Value::Null), hsts })
    }

    async fn get(&self, path: &str) -> Result<Answer> {
        self.send(Method::GET, path, &[], None).await
    }

    async fn register(&self, domain: &str, key: &str) -> Result<Answer> {
        let body = json!({"domain": domain, "reachability": "internal"});
        self.send(Method::POST, "/bearer/v1/endpoints", &[("idempotency-key", key)], Some(body)).await
    }
}

fn id(answer: &Answer) -> Result<&str> {
    answer.body["id"].as_str().with_context(|| format!("{} {}", answer.status, answer.body))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_with_a_good_token_gets_no_further_than_its_own_endpoints() -> Result<()> {
    let platform = Platform::start(Options { schedule: "rate(23 hours)".into(), ..Options::unique() }).await?;
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
    Ok(())
}
