//! HTTP-01 edges besides a load balancer: web servers with the configuration of the documentation between a CA and the
//! responder, and the stacks of `infra/` that they need.

use std::io::Write as _;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use diagnosis::http01::mark::{check_body, check_token};
use end_to_end::web_server::{Kind, WebServer, blocks, free_port};
use end_to_end::{Platform, is_at_rest, text};
use local_cloud::{CaOptions, LocalCloud, Options};
use reqwest::StatusCode;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const PAGE: &str = include_str!("../../../docs/how-to/http-edges.md");
const CONSUMERS: &str = include_str!("../../../docs/how-to/consumers.md");
const CLOUDFRONT: &str = include_str!("../../../infra/edge-cloudfront.yaml");
/// As the page writes them.
const BALANCER: &str = "http://edge.platform.example";
const API: &str = "https://API_ID.execute-api.eu-central-1.amazonaws.com";

/// What the readers of the page have already.
const BEFORE_CONSUMERS: &str = r#"
made() {
  aws cloudfront create-distribution --query Distribution.Id --output text --distribution-config '{"CallerReference": "'"$1"'",
    "Comment": "", "Enabled": true, "ConnectionMode": "'"$2"'", "Origins": {"Quantity": 1, "Items": [{"Id": "application",
    "DomainName": "app.platform.example", "CustomOriginConfig": {"HTTPPort": 80, "HTTPSPort": 443,
    "OriginProtocolPolicy": "https-only"}}]}, "DefaultCacheBehavior": {"TargetOriginId": "application",
    "ViewerProtocolPolicy": "redirect-to-https", "CachePolicyId": "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"}}'
}
distribution=$(made one direct)
multi_tenant=$(made many tenant-only)
api=$(aws apigatewayv2 create-api --name an-api --protocol-type HTTP --query ApiId --output text)
aws apigatewayv2 create-stage --api-id "$api" --stage-name '$default' --auto-deploy
user_pool=$(aws cognito-idp create-user-pool --pool-name people --query UserPool.Id --output text)
"#;

/// What the services have kept of it, one ARN a line.
const AFTER_CONSUMERS: &str = r#"
aws cloudfront get-distribution-config --id "$distribution" --output text \
  --query DistributionConfig.ViewerCertificate.ACMCertificateArn
tenant=$(aws cloudfront list-distribution-tenants --output text --query 'DistributionTenantList[0].Id')
aws cloudfront get-distribution-tenant --identifier "$tenant" --output text \
  --query DistributionTenant.Customizations.Certificate.Arn
aws apigatewayv2 get-domain-names --output text --query 'Items[0].DomainNameConfigurations[0].CertificateArn'
hosted=$(aws cognito-idp describe-user-pool --user-pool-id "$user_pool" --output text --query UserPool.CustomDomain)
aws cognito-idp describe-user-pool-domain --domain "$hosted" --output text \
  --query DomainDescription.CustomDomainConfig.CertificateArn
"#;

/// The page's configuration number `index` for a server at `port`, passing on to what is here.
fn configured(kind: Kind, index: usize, port: u16, cloud: &LocalCloud, api: &str) -> Result<String> {
    let language = if kind == Kind::Nginx { "nginx" } else { "caddyfile" };
    let block = blocks(PAGE, language).into_iter().nth(index).with_context(|| format!("{language} block {index}"))?;
    let here = match kind {
        Kind::Nginx => block.replace("listen 80;", &format!("listen 127.0.0.1:{port};")).replace("listen [::]:80;", ""),
        Kind::Caddy => block.replace("http:// {", &format!("http://:{port} {{\n\tbind 127.0.0.1")),
    };
    let upstream = match (index, kind) {
        (0, _) => here.replace(BALANCER, &format!("http://{}", cloud.description().edge)),
        // The emulator's API has a path of its own before that of the request.
        (_, Kind::Nginx) => here.replace(API, &format!("{api}/.well-known/acme-challenge/")),
        (_, Kind::Caddy) => {
            let (base, path) = api.split_at(api.find("/_aws").context("the emulator's path")?);
            here.replace(API, base).replace("reverse_proxy", &format!("rewrite * {path}{{uri}}\n\t\treverse_proxy"))
        }
    };
    ensure!(upstream != block && !upstream.contains("amazonaws.com"), "{upstream}");
    Ok(upstream)
}

/// Whether what the CA would ask for arrives: a token of a check is answered with the host that was seen.
async fn answers(cloud: &LocalCloud, port: u16, host: &str, random: u8) -> Result<()> {
    let token = check_token([random; 16]);
    let url = format!("http://127.0.0.1:{port}/.well-known/acme-challenge/{token}");
    let answer = cloud.http_client()?.get(url).header("host", host).send().await?;
    let (status, body) = (answer.status(), answer.text().await?);
    ensure!(status == StatusCode::OK && body == check_body(&host.parse()?, &token), "{host}: {status} {body}");
    Ok(())
}

/// The answer as it comes: a client would follow it.
async fn redirected(port: u16, host: &str, path: &str) -> Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ca_is_answered_through_the_web_servers_of_the_documentation() -> Result<()> {
    let port = free_port()?;
    let ca = CaOptions { http01_port: Some(port), authz_reuse_percent: 0, ..CaOptions::default() };
    // The checks go the same way as the CA.
    let parameters = vec![("Http01Port".to_owned(), port.to_string())];
    let options = Options { ca, parameters, schedule: "rate(23 hours)".into(), ..Options::unique() };
    let platform = Platform::start(options).await?;
    let cloud = &platform.cloud;
    let zone = cloud.create_zone("edges.test").await?;
    let responder = format!(
        "arn:aws:lambda:{}:{}:function:{}",
        local_cloud::REGION,
        local_cloud::ACCOUNT,
        cloud.resource("ServeChallengeFunction")?
    );
    let parameters = [("ServeChallengeFunctionArn", responder.as_str())];
    let outputs = cloud.deploy_add_on("edge-api", "infra/edge-api.yaml", &parameters).await?;
    let endpoint = outputs.get("Endpoint").context("the output Endpoint")?;
    let id = endpoint.trim_start_matches("http://").trim_start_matches("https://");
    let id = id.split('.').next().context("the API's id")?;
    let api = format!("{}/_aws/execute-api/{id}", cloud.description().aws);

    for (index, kind) in [(0, Kind::Nginx), (1, Kind::Caddy), (1, Kind::Nginx), (0, Kind::Caddy)] {
        let server = WebServer::start(kind, &configured(kind, index, port, cloud, &api)?, port).await?;
        let host = format!("host-{index}.edges.test");
        answers(cloud, port, &host, u8::try_from(index)?).await.with_context(|| format!("{kind:?} {index}"))?;
        let other = redirected(port, &host, "/shop?a=b").await?.to_lowercase();
        ensure!(other.starts_with("http/1.1 308 "), "{kind:?}: {other}");
        ensure!(other.contains(&format!("location: https://{host}/shop?a=b\r\n")), "{kind:?}: {other}");
        // One of each kind, and one of each way, with a CA that validates.
        if matches!((index, kind), (1, Kind::Nginx) | (0, Kind::Caddy)) {
            let domain = format!("{}.edges.test", if kind == Kind::Nginx { "nginx" } else { "caddy" });
            let issued = platform.issue(&zone, &domain, &[], "external").await?;
            ensure!(is_at_rest(&issued), "{issued:#}");
            let attempts = platform.attempts(&domain).await?;
            ensure!(attempts.iter().any(|attempt| attempt["method"] == "http-01"), "{attempts:#?}");
        }
        drop(server);
    }

    let server = WebServer::start(Kind::Caddy, &configured(Kind::Caddy, 0, port, cloud, &api)?, port).await?;
    the_commands_for_consumers_run(cloud, "caddy.edges.test").await?;
    drop(server);

    // As far as the emulator goes: the stack is made. What its function does is run beside it.
    let parameters = [("ApplicationDomain", "app.platform.example"), parameters[0]];
    let outputs = cloud.deploy_add_on("edge-cloudfront", "infra/edge-cloudfront.yaml", &parameters).await?;
    ensure!(outputs.len() == 5 && outputs.values().all(|value| !value.is_empty()), "{outputs:#?}");
    let origin = &outputs["ChallengeOriginDomain"];
    ensure!(origin.contains(".lambda-url."), "{outputs:#?}");
    answers_by_a_function_url(cloud, origin).await
}

/// The responder, asked as a function URL asks it for CloudFront: the host's name comes in a header.
async fn answers_by_a_function_url(cloud: &LocalCloud, origin: &str) -> Result<()> {
    let (host, token) = ("www.edges.test", check_token([9; 16]));
    let path = format!("/.well-known/acme-challenge/{token}");
    let event = json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "", "isBase64Encoded": false,
        "headers": {"host": origin, "x-managed-https-host": host},
        "requestContext": {
            "accountId": "anonymous", "apiId": "url", "domainName": origin, "routeKey": "$default", "stage": "$default",
            "requestId": "r", "time": "01/Jan/2026:00:00:00 +0000", "timeEpoch": 0,
            "http": {
                "method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "ca",
            },
        },
    });
    let answer = cloud.invoke("ServeChallengeFunction", &event).await?;
    let body = answer.payload["body"].as_str().unwrap_or_default();
    ensure!(body == check_body(&host.parse()?, &token), "{answer:?}");
    Ok(())
}

/// What `docs/how-to/consumers.md` says, in its order, for an endpoint that has its certificate.
async fn the_commands_for_consumers_run(cloud: &LocalCloud, domain: &str) -> Result<()> {
    let commands = blocks(CONSUMERS, "sh").join("\n").replace("www.example.com", domain);
    ensure!(commands.matches("\naws ").count() >= 7, "{commands}");
    let folder = std::env::temp_dir().join(format!("managed-https-consumers-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let bin = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.local/bin");
    let mut shell = Command::new("bash");
    shell.current_dir(&folder).envs(cloud.description().environment()?).env("AWS_PAGER", "");
    shell.env("PATH", format!("{bin}:{}", std::env::var("PATH")?));
    shell.arg("-c").arg(format!("set -eu\n{BEFORE_CONSUMERS}\n{commands}\n{AFTER_CONSUMERS}"));
    let ran = tokio::task::spawn_blocking(move || shell.output()).await??;
    std::fs::remove_dir_all(&folder)?;
    let said = String::from_utf8_lossy(&ran.stdout);
    ensure!(ran.status.success(), "{said}\n{}", String::from_utf8_lossy(&ran.stderr));
    let kept: Vec<&str> = said.trim_end().lines().rev().take(4).collect();
    ensure!(kept.iter().all(|arn| arn.contains(":certificate/")), "each consumer has kept an ARN: {kept:?}");
    ensure!(kept.iter().filter(|arn| arn.contains(":us-east-1:")).count() == 3, "three of them the copy: {kept:?}");
    Ok(())
}

#[test]
fn the_function_of_cloudfront_passes_on_the_requested_host() -> Result<()> {
    let (_, code) = CLOUDFRONT.split_once("FunctionCode: |\n").context("the function")?;
    let lines = code.lines().take_while(|line| line.starts_with("        ") || line.is_empty());
    let code = lines.collect::<Vec<_>>().join("\n");
    let event = r#"{request: {uri: "/x", headers: {host: {value: "www.example.com"}, "x-managed-https-host": {value: "forged"}}}}"#;
    let program = format!("{code}\nconsole.log(JSON.stringify(handler({event})))");
    let node = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.local/node");
    let mut node = Command::new(node).arg("-").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    node.stdin.take().context("a pipe")?.write_all(program.as_bytes())?;
    let answer: serde_json::Value = serde_json::from_slice(&node.wait_with_output()?.stdout)?;
    ensure!(text(&answer["headers"]["x-managed-https-host"]["value"]) == "www.example.com", "{answer:#}");
    ensure!(answer["uri"] == "/x" && text(&answer["headers"]["host"]["value"]) == "www.example.com", "{answer:#}");
    Ok(())
}
