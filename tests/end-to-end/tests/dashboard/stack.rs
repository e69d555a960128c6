//! The same pages from the deployed stack: real Lambdas, real DNS, a real issuer and a CA.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aws_sdk_route53::types::RrType;
use local_cloud::{LocalCloud, Options};

use crate::browser::{Browser, Reader};

const DOMAIN: &str = "app.pages.test";
const CHALLENGE: &str = "_acme-challenge.app.pages.test";
/// Long enough for the scheduled scan, which runs each minute, to come twice.
const SCHEDULE: Duration = Duration::from_secs(240);

async fn sign_in(browser: &Browser, dashboard: &str, who: &str) -> Result<()> {
    browser.goto(dashboard).await?;
    browser.see("h1", "Please sign in").await?;
    browser.click("a.primary").await?;
    browser.click(&format!("button[value='{who}']")).await?;
    browser.see("h1", "Overview").await?;
    browser.see(".reader", who).await
}

async fn sign_out(browser: &Browser) -> Result<()> {
    browser.click("form[action$='/sign-out'] button").await?;
    browser.see("h1", "You are signed out").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_becomes_a_certificate_under_the_eyes_of_its_tenant_and_of_nobody_else() -> Result<()> {
    let cloud = LocalCloud::attach_or_start(Options::unique()).await?;
    let browser = Browser::open(Reader::default()).await?;
    let outcome = live_through(&cloud, &browser).await;
    browser.client.clone().close().await?;
    outcome
}

async fn live_through(cloud: &LocalCloud, browser: &Browser) -> Result<()> {
    let dashboard = format!("{}/dashboard", cloud.description().api);
    let zone = cloud.create_zone("pages.test").await?;
    sign_in(browser, &dashboard, "user@acme").await?;
    // Who is not signed in gets a 401, and the issuer has no icon.
    browser.complaints().await?;
    browser.click("a[href$='/dashboard/register']").await?;
    browser.click("input[value=internal]").await?;
    browser.fill("#domain", DOMAIN).await?;
    browser.see("#preflight", CHALLENGE).await?;
    browser.click("#register button.primary").await?;
    browser.see("h1", DOMAIN).await?;
    let target = browser.run("return document.getElementById('copy-value-0').dataset.copy").await?;
    let target = target.as_str().context("the record has a value")?;

    // The outcome of the first attempt, which began with the registration, appears automatically.
    browser.run("window.stayed = true").await?;
    browser.see_within("#status", "Waiting for DNS", SCHEDULE).await?;
    zone.upsert(CHALLENGE, RrType::Cname, &["somewhere.else.test"]).await?;
    browser.click("#check").await?;
    browser.see(".record .found", "CNAME somewhere.else.test").await?;
    browser.see(".record .badge", "Wrong value").await?;
    zone.upsert(CHALLENGE, RrType::Cname, &[target]).await?;
    browser.click("#check").await?;
    browser.see(".record .badge", "Correct").await?;
    browser.see_within("#status", "Ready", SCHEDULE).await?;
    browser.see(".side", "Serial").await?;
    ensure!(!browser.text(".side").await?.contains("arn:aws"), "what is the platform's own is shown to operators");
    browser.see(".attempts", "Issued").await?;
    ensure!(browser.run("return window.stayed").await? == true, "the page was loaded again");
    browser.check_silent().await?;

    let page = browser.client.current_url().await?;
    sign_out(browser).await?;
    sign_in(browser, &dashboard, "user@globex").await?;
    ensure!(!browser.text("main").await?.contains(DOMAIN), "another tenant's endpoint is listed");
    browser.goto(page.as_str()).await?;
    browser.see("h1", "No such endpoint").await?;

    sign_out(browser).await?;
    sign_in(browser, &dashboard, "olive").await?;
    browser.goto(page.as_str()).await?;
    browser.see("h1", DOMAIN).await?;
    browser.click("#share form.inline button").await?;
    browser.see("h1", "A link for the domain owner").await?;
    let link = browser.text(".secret code").await?;
    browser.goto(&link).await?;
    browser.see("#owner", "All records are correct").await?;
    browser.see("#owner", "It is renewed automatically.").await?;

    browser.goto(&format!("{page}/remove")).await?;
    browser.click("button.danger").await?;
    browser.see("h1", "Overview").await?;
    // The page follows the removal, and leads away at its end; it may be over before the page is asked for.
    browser.goto(page.as_str()).await?;
    if browser.text("h1").await? == DOMAIN {
        browser.see_within("h1", "Overview", SCHEDULE).await?;
    }
    browser.goto(page.as_str()).await?;
    browser.see("h1", "No such endpoint").await?;
    browser.goto(&link).await?;
    browser.see("h1", "This link does not work").await?;
    zone.delete().await
}
