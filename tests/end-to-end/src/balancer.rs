//! Load balancers of the emulated AWS, in any region and account.

use anyhow::{Context, Result, ensure};
use local_cloud::LocalCloud;
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use url::form_urlencoded;
use vocabulary::certificate::ListenerArn;
use vocabulary::certificate::chain::leaf_serial;

/// The account of the stack.
pub const OWN_ACCOUNT: &str = local_cloud::ACCOUNT;

/// A load balancer with one listener, and that listener's default certificate.
#[derive(Clone, Debug)]
pub struct Balancer {
    pub listener: ListenerArn,
    pub default: String,
}

impl Balancer {
    /// `kind` is `application` or `network`.
    pub async fn create(cloud: &LocalCloud, kind: &str, region: &str, account: &str) -> Result<Self> {
        Self::named(cloud, "edge", kind, region, account).await
    }

    pub async fn named(cloud: &LocalCloud, name: &str, kind: &str, region: &str, account: &str) -> Result<Self> {
        let aws = Emulator { cloud, region, account };
        let subnets = aws.query("ec2", "2016-11-15", &[("Action", "DescribeSubnets")]).await?;
        let subnets: Vec<&str> = all(&subnets, "subnetId").collect();
        ensure!(subnets.len() >= 2, "the emulator has a network with subnets: {subnets:?}");
        let parameters = [
            ("Action", "CreateLoadBalancer"),
            ("Name", name),
            ("Type", kind),
            ("Subnets.member.1", subnets[0]),
            ("Subnets.member.2", subnets[1]),
        ];
        let balancer = aws.query("elasticloadbalancing", "2015-12-01", &parameters).await?;
        let balancer = all(&balancer, "LoadBalancerArn").next().context("a load balancer has an ARN")?;
        let default = format!("arn:aws:iam::{account}:server-certificate/default");
        let parameters = [
            ("Action", "CreateListener"),
            ("LoadBalancerArn", balancer),
            ("Protocol", if kind == "network" { "TLS" } else { "HTTPS" }),
            ("Port", "443"),
            ("Certificates.member.1.CertificateArn", &default),
            ("DefaultActions.member.1.Type", "fixed-response"),
            ("DefaultActions.member.1.FixedResponseConfig.StatusCode", "404"),
        ];
        let listener = aws.query("elasticloadbalancing", "2015-12-01", &parameters).await?;
        let listener = all(&listener, "ListenerArn").next().context("a listener has an ARN")?.parse()?;
        Ok(Self { listener, default })
    }

    /// Gives the listener a certificate by hand, to which limits do not apply.
    pub async fn put(&self, cloud: &LocalCloud, certificate: &str) -> Result<()> {
        self.change(cloud, "AddListenerCertificates", certificate).await
    }

    /// Takes a certificate off the listener by hand.
    pub async fn strip(&self, cloud: &LocalCloud, certificate: &str) -> Result<()> {
        self.change(cloud, "RemoveListenerCertificates", certificate).await
    }

    /// Gives the listener a certificate by hand.
    pub async fn give(&self, cloud: &LocalCloud, certificate: &str) -> Result<()> {
        self.change(cloud, "AddListenerCertificates", certificate).await
    }

    async fn change(&self, cloud: &LocalCloud, action: &str, certificate: &str) -> Result<()> {
        let aws =
            Emulator { cloud, region: self.listener.region().as_str(), account: self.listener.account().as_str() };
        let parameters = [
            ("Action", action),
            ("ListenerArn", self.listener.as_str()),
            ("Certificates.member.1.CertificateArn", certificate),
        ];
        aws.query("elasticloadbalancing", "2015-12-01", &parameters).await.map(drop)
    }

    /// ARNs of the listener's certificates beside its default one.
    pub async fn certificates(&self, cloud: &LocalCloud) -> Result<Vec<String>> {
        let aws =
            Emulator { cloud, region: self.listener.region().as_str(), account: self.listener.account().as_str() };
        let parameters = [("Action", "DescribeListenerCertificates"), ("ListenerArn", self.listener.as_str())];
        let answer = aws.query("elasticloadbalancing", "2015-12-01", &parameters).await?;
        Ok(all(&answer, "CertificateArn").filter(|arn| *arn != self.default).map(str::to_owned).collect())
    }
}

/// The parameter `ListenerPools` with these load balancers as the pool `eu`: their hosts lead to `edge-1.…`, `edge-2.…`.
pub fn pool(balancers: &[&Balancer], zone: &str) -> String {
    let member = |(index, balancer): (usize, &&Balancer)| json!({"listener": balancer.listener, "target": format!("edge-{}.{zone}", index + 1)});
    json!({"eu": balancers.iter().enumerate().map(member).collect::<Vec<_>>()}).to_string()
}

/// The ARN of a certificate of somebody else's, by a digit.
pub fn others_certificate(digit: u8) -> String {
    format!("arn:aws:acm:eu-central-1:{OWN_ACCOUNT}:certificate/6f2d0c1e-0000-4000-8000-00000000000{digit}")
}

/// The serial number of a certificate in the ACM of this region and account; `None` if it is not there.
pub async fn certificate_at(cloud: &LocalCloud, region: &str, account: &str, arn: &str) -> Result<Option<String>> {
    let request = Emulator { cloud, region, account }.request("acm")?;
    let response = request
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", "CertificateManager.GetCertificate")
        .json(&json!({ "CertificateArn": arn }))
        .send()
        .await
        .context("asking ACM")?;
    let (status, text) = (response.status(), response.text().await?);
    if text.contains("ResourceNotFoundException") {
        return Ok(None);
    }
    ensure!(status.is_success(), "{arn}: {status} {text}");
    let answer: Value = serde_json::from_str(&text)?;
    let pem = answer["Certificate"].as_str().context("ACM answers with a certificate")?;
    leaf_serial(pem).map(Some).context("ACM's certificate can be read")
}

struct Emulator<'a> {
    cloud: &'a LocalCloud,
    region: &'a str,
    account: &'a str,
}

impl Emulator<'_> {
    /// It takes service and region from the signature's scope, which it does not check, and the account from a header.
    fn request(&self, service: &str) -> Result<RequestBuilder> {
        let scope = format!("20260101/{}/{service}/aws4_request", self.region);
        let signature = format!("AWS4-HMAC-SHA256 Credential=test/{scope}, SignedHeaders=host, Signature=0");
        let request = self.cloud.http_client()?.post(&self.cloud.description().acm);
        Ok(request.header("authorization", signature).header("x-moto-account-id", self.account))
    }

    /// A call in AWS's query protocol; the answer is XML.
    async fn query(&self, service: &str, version: &str, parameters: &[(&str, &str)]) -> Result<String> {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(parameters)
            .append_pair("Version", version)
            .finish();
        let request = self.request(service)?.header("content-type", "application/x-www-form-urlencoded").body(body);
        let response = request.send().await.with_context(|| format!("asking {service}"))?;
        let (status, text) = (response.status(), response.text().await?);
        ensure!(status.is_success(), "{parameters:?}: {status} {text}");
        Ok(text)
    }
}

/// The texts of all elements of this name.
fn all<'a>(xml: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    xml.split(&open)
        .skip(1)
        .filter_map(move |rest| rest.split_once(&close).map(|(text, _)| text))
        .collect::<Vec<_>>()
        .into_iter()
}
