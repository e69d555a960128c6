//! A CA that refuses, limits, breaks down or forgets: nothing is lost, nothing is left behind, and the failure says who is
//! waited on and when the next attempt is.

use anyhow::{Context, Result, ensure};
use end_to_end::failure_drills::start_drill;
use end_to_end::{Inbox, Platform, is_failing, text};
use local_cloud::{CaOptions, Effect, Fault, FaultProxy, Options, OwnerZone, pebble};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

struct Fixture {
    platform: Platform,
    proxy: FaultProxy,
    inbox: Inbox,
}

/// A cloud whose flow makes every retry, a tenth as late.
async fn fixture() -> Result<Fixture> {
    let ca = CaOptions { nonce_reject_percent: 0, authz_reuse_percent: 0, ..CaOptions::default() };
    let platform = Platform::start(Options { ca, flow_waits: 0.1, ..Options::unique() }).await?;
    let proxy = FaultProxy::before_ca(&platform.cloud, platform.cloud.ca())?;
    platform.cloud.use_directory(&proxy.directory()).await?;
    let inbox = Inbox::subscribe(&platform.cloud).await?;
    Ok(Fixture { platform, proxy, inbox })
}

impl Fixture {
    /// Registers an external endpoint whose records are right, and returns the first attempt that may ask the CA.
    async fn first_attempt(&self, zone: &OwnerZone, domain: &str) -> Result<Value> {
        self.platform.register_proven(zone, domain, "external").await?;
        self.platform.run(domain).await
    }

    /// The failure is recorded, people are notified, and a later attempt brings the certificate.
    async fn check_notified_then_resolved(&self, domain: &str, kind: &str) -> Result<()> {
        let endpoint = self.platform.endpoint(domain).await?;
        ensure!(is_failing(&endpoint), "{endpoint:#}");
        self.platform.check_nothing_published(domain).await?;
        self.inbox.wait_for(domain, kind).await?;
        self.proxy.clear();
        let attempt = self.platform.run(domain).await?;
        ensure!(attempt["outcome"] == "issued", "{attempt:#}");
        self.platform.check_at_rest(domain, self.platform.cloud.ca()).await?;
        Ok(())
    }
}

fn failure(attempt: &Value) -> (&str, &str) {
    (text(&attempt["failure"]["name"]), text(&attempt["failure"]["actor"]))
}

fn next_attempt(endpoint: &Value) -> Result<time::Duration> {
    let at = OffsetDateTime::parse(text(&endpoint["next_attempt_at"]), &Rfc3339).context("next_attempt_at")?;
    Ok(at - OffsetDateTime::now_utc())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_of_the_ca_is_recorded_with_who_is_waited_on() -> Result<()> {
    let fixture = fixture().await?;
    let (platform, proxy) = (&fixture.platform, &fixture.proxy);
    let zone = platform.cloud.create_zone("refused.test").await?;

    let words = "too many certificates (5) already issued for this exact set of identifiers";
    let limited = Fault::problem(pebble::NEW_ORDER, 429, "rateLimited", words);
    proxy.inject(limited.header("retry-after", "7200"));
    let attempt = fixture.first_attempt(&zone, "limited.refused.test").await?;
    ensure!(failure(&attempt) == ("RateLimited", "ca"), "{attempt:#}");
    ensure!(text(&attempt["failure"]["summary"]).contains("too many certificates"), "the CA's own words: {attempt:#}");
    ensure!(Platform::ca_requests(&attempt) > 0, "what a failed step used is counted too: {attempt:#}");
    let wait = next_attempt(&platform.endpoint("limited.refused.test").await?)?;
    ensure!(wait > time::Duration::minutes(118), "Retry-After is obeyed: {wait}");
    fixture.check_notified_then_resolved("limited.refused.test", "IssuanceFailed").await?;

    let busy = Fault::unavailable_in_html(pebble::NEW_ORDER).header("retry-after", "1800");
    proxy.inject(busy);
    let attempt = fixture.first_attempt(&zone, "busy.refused.test").await?;
    ensure!(failure(&attempt) == ("CaUnavailable", "ca"), "{attempt:#}");
    ensure!(text(&attempt["failure"]["summary"]).contains("503"), "the status is kept: {attempt:#}");
    let wait = next_attempt(&platform.endpoint("busy.refused.test").await?)?;
    ensure!(wait > time::Duration::minutes(28), "Retry-After is obeyed: {wait}");
    fixture.check_notified_then_resolved("busy.refused.test", "IssuanceFailed").await?;

    proxy.inject(Fault::problem(pebble::NEW_ORDER, 403, "caa", "CAA record for caa.refused.test prevents issuance"));
    let attempt = fixture.first_attempt(&zone, "caa.refused.test").await?;
    ensure!(failure(&attempt) == ("CaRefused", "customer"), "{attempt:#}");
    ensure!(text(&attempt["failure"]["remedy"]).contains("CAA"), "{attempt:#}");
    fixture.inbox.wait_for_cause("caa.refused.test", "CaRefused").await?;
    fixture.check_notified_then_resolved("caa.refused.test", "ActionRequired").await?;

    // An order that expired between two attempts: the second begins again, in the same attempt.
    proxy.inject(Fault::problem(pebble::FINALIZE, 403, "badCSR", "this CSR is not for today"));
    let attempt = fixture.first_attempt(&zone, "late.refused.test").await?;
    ensure!(failure(&attempt).0 == "CaRefused" && !attempt["order"].is_null(), "the order stays open: {attempt:#}");
    proxy.inject(Fault::problem(pebble::ORDER, 404, "malformed", "No order for ID"));
    let second = platform.run("late.refused.test").await?;
    ensure!(second["outcome"] == "issued" && second["order"] != attempt["order"], "{second:#}");
    platform.check_at_rest("late.refused.test", platform.cloud.ca()).await?;

    // The CA blocks the name for good.
    let blocked = platform.cloud.create_zone("blocked.test").await?;
    let drill = start_drill("name-refused");
    let attempt = fixture.first_attempt(&blocked, "blocked.test").await?;
    ensure!(failure(&attempt) == ("CaRefused", "customer"), "{attempt:#}");
    drill.notified(&fixture.inbox.wait_for_cause("blocked.test", "CaRefused").await?)?;

    // What the CA says of the account is stored for all endpoints: the next one does not have to ask.
    let account = Fault::problem(pebble::NEW_ORDER, 429, "rateLimited", "too many new orders recently");
    proxy.inject(account.header("retry-after", "7200"));
    let attempt = fixture.first_attempt(&zone, "first.refused.test").await?;
    ensure!(failure(&attempt) == ("RateLimited", "ca"), "{attempt:#}");
    let attempt = fixture.first_attempt(&zone, "next.refused.test").await?;
    ensure!(failure(&attempt) == ("BudgetSpent", "ca"), "{attempt:#}");
    ensure!(Platform::ca_requests(&attempt) == 0, "the CA is not asked: {attempt:#}");
    let wait = next_attempt(&platform.endpoint("next.refused.test").await?)?;
    ensure!(wait > time::Duration::minutes(110), "it waits until the time that the CA said: {wait}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_that_the_ca_finds_invalid_ends_the_order_not_the_endpoint() -> Result<()> {
    let fixture = fixture().await?;
    let cloud = &fixture.platform.cloud;
    let zone = cloud.create_zone("invalid.test").await?;
    // A CA that connects where nothing listens, while our own check finds everything in order.
    let elsewhere = cloud.start_ca(&CaOptions { http01_port: Some(9), ..CaOptions::default() }).await?;
    cloud.use_ca(&elsewhere).await?;
    let attempt = fixture.first_attempt(&zone, "www.invalid.test").await?;
    ensure!(failure(&attempt) == ("ChallengeFailed", "nobody"), "our own check has seen it: {attempt:#}");
    let attempt = fixture.platform.run("www.invalid.test").await?;
    ensure!(failure(&attempt) == ("ChallengeFailed", "customer"), "it repeats: {attempt:#}");
    ensure!(text(&attempt["failure"]["summary"]).contains("www.invalid.test"), "the name at fault: {attempt:#}");
    fixture.platform.check_nothing_published("www.invalid.test").await?;
    fixture.inbox.wait_for_cause("www.invalid.test", "ChallengeFailed").await?;

    // Another CA: a second account, a new order.
    cloud.use_ca(cloud.ca()).await?;
    let second = fixture.platform.run("www.invalid.test").await?;
    ensure!(second["outcome"] == "issued" && second["order"] != attempt["order"], "{second:#}");
    fixture.platform.check_at_rest("www.invalid.test", cloud.ca()).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_lost_late_or_never_comes_loses_nothing() -> Result<()> {
    let fixture = fixture().await?;
    let (platform, proxy) = (&fixture.platform, &fixture.proxy);
    let zone = platform.cloud.create_zone("lost.test").await?;
    fixture.first_attempt(&zone, "first.lost.test").await?;

    let stages = [pebble::NEW_ORDER, pebble::AUTHORIZATION, pebble::CHALLENGE, pebble::FINALIZE, pebble::CERTIFICATE];
    for (i, path) in stages.into_iter().enumerate() {
        for (name, effect) in [("drop", Effect::Drop), ("lose", Effect::LoseResponse)] {
            let domain = format!("{name}{i}.lost.test");
            proxy.inject(Fault::at(path, effect));
            let attempt = fixture.first_attempt(&zone, &domain).await?;
            ensure!(attempt["outcome"] == "issued", "{path} {name}: {attempt:#}");
            platform.check_at_rest(&domain, platform.cloud.ca()).await?;
        }
    }
    // No answer at all, for longer than a request may take.
    proxy.inject(Fault::at(pebble::FINALIZE, Effect::Hang));
    let attempt = fixture.first_attempt(&zone, "hang.lost.test").await?;
    ensure!(attempt["outcome"] == "issued", "{attempt:#}");

    // A CA that is unavailable: people are notified when the flow's own retries are spent, and a later attempt goes on.
    proxy.inject(Fault::at("/", Effect::Drop).always());
    let drill = start_drill("ca-away");
    let attempt = fixture.first_attempt(&zone, "away.lost.test").await?;
    ensure!(failure(&attempt) == ("Unavailable", "ca"), "{attempt:#}");
    drill.notified(&fixture.inbox.wait_for("away.lost.test", "IssuanceFailed").await?)?;
    fixture.check_notified_then_resolved("away.lost.test", "IssuanceFailed").await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_bound_where_the_ca_demands_it_and_made_only_once() -> Result<()> {
    let fixture = fixture().await?;
    let cloud = &fixture.platform.cloud;
    let zone = cloud.create_zone("bound.test").await?;
    let (kid, key) =
        ("kid-1".to_owned(), "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W".to_owned());
    let strict = CaOptions {
        external_account: Some((kid.clone(), key.clone())),
        nonce_reject_percent: 20,
        ..CaOptions::default()
    };
    let ca = cloud.start_ca(&strict).await?;
    let proxy = FaultProxy::before_ca(cloud, &ca)?;
    cloud.use_directory(&proxy.directory()).await?;

    let attempt = fixture.first_attempt(&zone, "a.bound.test").await?;
    ensure!(failure(&attempt) == ("AccountRefused", "operator"), "{attempt:#}");
    let secret = cloud.aws().secrets.create_secret().name("eab");
    let secret = secret.secret_string(serde_json::json!({"kid": kid, "hmac_key": key}).to_string()).send().await?;
    let secret = secret.arn.context("a secret has an ARN")?;
    cloud.allow("OpenOrderFunction", "secretsmanager:GetSecretValue", &secret).await?;
    cloud.set_function_variable("OpenOrderFunction", "EAB_SECRET", Some(&secret)).await?;

    for domain in ["b.bound.test", "c.bound.test"] {
        fixture.platform.register_proven(&zone, domain, "external").await?;
    }
    // Three first uses at once, one of whose answers is lost.
    proxy.inject(Fault::at(pebble::NEW_ACCOUNT, Effect::LoseResponse));
    let domains = ["a.bound.test", "b.bound.test", "c.bound.test"];
    for domain in domains {
        fixture.platform.start_attempt(domain).await?;
    }
    for (domain, number) in domains.into_iter().zip([3, 2, 2]) {
        let attempt = fixture.platform.attempt(domain, number).await?;
        ensure!(attempt["outcome"] == "issued", "{attempt:#}");
        fixture.platform.check_at_rest(domain, &ca).await?;
    }
    // The CA's own count: a proxy does not see what became of a request whose answer it lost.
    let port = ca.directory.rsplit(':').next().and_then(|rest| rest.split('/').next()).context("a port")?;
    let log = std::fs::read_to_string(fixture.platform.cloud.log(&format!("pebble-{port}")))?;
    ensure!(log.contains("There are now 1 accounts in memory"), "no account was made");
    ensure!(!log.contains("There are now 2 accounts in memory"), "a second account was made");
    Ok(())
}
