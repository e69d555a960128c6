//! What people do, from the first page to the last.

use anyhow::{Result, ensure};
use domain::endpoint::Failing;
use fantoccini::Locator;
use fantoccini::key::Key;
use local_cloud::wait_until;
use time::{Duration, OffsetDateTime};
use vocabulary::failure::{Failure, FailureName};
use vocabulary::guidance::WaitingOn;

use crate::browser::Reader;
use crate::fixture::{Fixture, ZONE};
use crate::{endpoints, on_site};

const DOMAIN: &str = "app.shop.example";
const CHALLENGE: &str = "_acme-challenge.app.shop.example";
const REVOKED: std::time::Duration = std::time::Duration::from_secs(10);

/// The value of the delegation that the page asks for.
async fn delegation(browser: &crate::browser::Browser) -> Result<String> {
    let value = browser.text("#copy-value-0").await;
    ensure!(value.is_ok(), "the record has a value to copy");
    let value = browser.run("return document.getElementById('copy-value-0').dataset.copy").await?;
    Ok(value.as_str().unwrap_or_default().to_owned())
}

/// The running attempt finds that the records are not ready.
fn give_up(fixture: &Fixture) {
    let now = OffsetDateTime::now_utc();
    fixture.change(DOMAIN, |stored| {
        let failure =
            Failure::new(FailureName::RecordsNotReady, WaitingOn::DomainOwner, "The alias is wrong.", "Correct it.");
        stored.endpoint.failing = Some(Failing::first(failure, now));
        stored.endpoint.lease_until = None;
        stored.endpoint.due_at = Some(now + Duration::HOUR);
        stored.attempts.clear();
    });
}

#[tokio::test]
async fn a_wrong_alias_is_shown_as_found_and_its_correction_brings_the_certificate_without_a_reload() -> Result<()> {
    on_site(Fixture::default(), Reader::default(), async |site, browser| {
        browser.goto(&site.entrance("acme")).await?;
        browser.click("a[href$='/dashboard/register']").await?;
        browser.fill("#domain", DOMAIN).await?;
        browser.click("input[value=internal]").await?;
        browser.see("#preflight", CHALLENGE).await?;
        browser.click("#register button.primary").await?;
        browser.see("h1", DOMAIN).await?;
        browser.see("#status", "Issuing").await?;
        let value = delegation(browser).await?;
        ensure!(value.ends_with(ZONE), "the delegation points to {value}");

        give_up(&site.fixture);
        browser.see("#status", "Waiting for DNS").await?;
        browser.run("window.stayed = true").await?;
        site.fixture.answer(CHALLENGE, &["CNAME other.vendor.example"]);
        browser.click("#check").await?;
        browser.see(".record .found", "CNAME other.vendor.example").await?;
        browser.see(".record .badge", "Wrong value").await?;
        browser.see(".finding h3", "The delegation points elsewhere").await?;
        browser.see("#announce", "Waiting for DNS").await?;
        let focused = browser.run("return document.activeElement.id").await?;
        ensure!(focused == "check", "the focus stays on the button: {focused}");

        site.fixture.answer(CHALLENGE, &[&format!("CNAME {value}")]);
        browser.click("#check").await?;
        browser.see(".record .badge", "Correct").await?;
        browser.see("#status", "Issuing").await?;
        site.fixture.issue(DOMAIN);
        browser.see("#status", "Ready").await?;
        browser.see(".side", "4A56F7657A463F67C2D10B7E").await?;
        ensure!(browser.run("return window.stayed").await? == true, "the page was loaded again");
        let follows = browser.run("return document.getElementById('live').hasAttribute('hx-get')").await?;
        ensure!(follows == false, "a page with nothing to follow asks on");
        browser.check_silent().await
    })
    .await
}

#[tokio::test]
async fn an_unchanged_page_is_left_alone_while_it_follows() -> Result<()> {
    on_site(Fixture::default(), Reader::default(), async |site, browser| {
        browser.goto(&site.entrance("acme")).await?;
        browser.goto(&site.url(&format!("/dashboard/register?domain={DOMAIN}&reachability=internal"))).await?;
        browser.click("#register button.primary").await?;
        browser.see("#status", "Issuing").await?;
        browser
            .run(
                "window.asked = 0; document.getElementById('live').marked = true; \
                  document.addEventListener('htmx:afterRequest', () => window.asked++)",
            )
            .await?;
        for _ in 0..100 {
            if browser.run("return window.asked").await?.as_u64() >= Some(2) {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        let asked = browser.run("return window.asked").await?;
        ensure!(asked.as_u64() >= Some(2), "the page asked {asked} times");
        ensure!(browser.run("return document.getElementById('live').marked").await? == true, "it was exchanged");
        browser.check_silent().await
    })
    .await
}

#[tokio::test]
async fn an_endpoint_is_registered_with_the_keyboard_alone() -> Result<()> {
    on_site(Fixture::default(), Reader::default(), async |site, browser| {
        browser.goto(&site.entrance("acme")).await?;
        let press = async |keys: &str| -> Result<()> {
            browser.client.active_element().await?.send_keys(keys).await?;
            Ok(())
        };
        let tab = String::from(char::from(Key::Tab));
        let enter = String::from(char::from(Key::Enter));
        press(&tab).await?;
        browser.see("a.skip:focus", "Skip to the content").await?;
        press(&enter).await?;
        press(&tab).await?;
        let first = browser.client.active_element().await?.text().await?;
        ensure!(first.contains("Register"), "the first stop after the skip is {first}");
        press(&enter).await?;
        browser.see("h1", "Register an endpoint").await?;
        // Skip, brand, overview, figures, register, sign out: then the form.
        for _ in 0..7 {
            press(&tab).await?;
        }
        press(DOMAIN).await?;
        press(&tab).await?;
        press(&tab).await?;
        press(&String::from(char::from(Key::Down))).await?;
        let chosen = browser.run("return document.querySelector('[name=reachability]:checked').value").await?;
        ensure!(chosen == "internal", "the arrow chose {chosen}");
        press(&enter).await?;
        browser.see("h1", DOMAIN).await?;
        browser.check_silent().await
    })
    .await
}

#[tokio::test]
async fn the_forms_work_without_a_script() -> Result<()> {
    let reader = Reader { without_script: true, ..Reader::default() };
    on_site(Fixture::default(), reader, async |site, browser| {
        browser.goto(&site.entrance("acme")).await?;
        browser.click("a[href$='/dashboard/register']").await?;
        browser.fill("#domain", "not a name").await?;
        browser.click("#register button.primary").await?;
        browser.see("#problem", "not valid").await?;
        browser.fill("#domain", DOMAIN).await?;
        browser.click("#register button:not(.primary)").await?;
        browser.see("#preflight", CHALLENGE).await?;
        browser.click("#register button.primary").await?;
        browser.see("h1", DOMAIN).await?;
        let copies = browser.client.find_all(Locator::Css(".copy")).await?;
        ensure!(!copies.is_empty() && !copies[0].is_displayed().await?, "a button that cannot copy is shown");

        give_up(&site.fixture);
        browser.click("#check").await?;
        browser.see(".record .badge", "Missing").await?;
        browser.click("#renew").await?;
        browser.see("#status", "Waiting for DNS").await?;
        browser.click("#share form.inline button").await?;
        browser.see("h1", "A link for the domain owner").await?;
        let link = browser.text(".secret code").await?;
        browser.goto(&link).await?;
        browser.see("h1", DOMAIN).await?;
        browser.click("#check").await?;
        browser.see("#owner", "0 of 2 records are correct").await?;

        browser.goto(&site.url("/dashboard?q=app.shop")).await?;
        browser.click("table .domain").await?;
        browser.click("#share .shares button").await?;
        // To go on at once would be to leave before the form is sent.
        wait_until("the link to be revoked", REVOKED, async || {
            let left = browser.run("return document.querySelectorAll('#share .shares li').length").await;
            Ok(left.is_ok_and(|left| left == 0).then_some(()))
        })
        .await?;
        browser.goto(&link).await?;
        browser.see("h1", "This link does not work").await?;
        browser.goto(&site.url(&format!("/dashboard/endpoints/{DOMAIN}"))).await?;
        browser.click("a.danger").await?;
        browser.click("button.danger").await?;
        browser.see("h1", "Overview").await?;
        browser.see("table.endpoints", "Being removed").await
    })
    .await
}

#[tokio::test]
async fn one_tenant_sees_nothing_of_another() -> Result<()> {
    let fixture = endpoints::everybody(OffsetDateTime::now_utc());
    on_site(fixture, Reader::default(), async |site, browser| {
        browser.goto(&site.entrance("contoso")).await?;
        let all = browser.text("main").await?;
        ensure!(all.contains(endpoints::WRONG) && !all.contains("northwind"), "{all}");
        browser.goto(&site.url(&format!("/dashboard/endpoints/{}", endpoints::READY))).await?;
        browser.see("h1", "No such endpoint").await?;
        let page = browser.client.source().await?;
        ensure!(!page.contains("ssl") && !page.contains("arn:aws"), "{page}");

        browser.goto(&site.entrance("operator")).await?;
        browser.see("table.endpoints", endpoints::READY).await?;
        browser.goto(&site.url("/dashboard?tenant=contoso")).await?;
        let listed = browser.text("table.endpoints").await?;
        ensure!(listed.contains(endpoints::WRONG) && !listed.contains(endpoints::READY), "{listed}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_visitor_who_is_not_signed_in_sees_the_link_to_sign_in() -> Result<()> {
    on_site(Fixture::default(), Reader::default(), async |site, browser| {
        browser.goto(&site.url("/dashboard/endpoints/a.example")).await?;
        browser.see("h1", "Please sign in").await?;
        let link = browser.client.find(Locator::LinkText("Sign in")).await?.attr("href").await?.unwrap_or_default();
        ensure!(link.contains("/sign-in?to=") && link.contains("endpoints%2Fa.example"), "{link}");
        Ok(())
    })
    .await
}
