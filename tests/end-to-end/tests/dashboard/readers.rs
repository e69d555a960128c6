//! Whoever reads, and whatever stands in DNS: the pages stay readable, and text stays text.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use time::OffsetDateTime;

use crate::browser::{Browser, Reader};
use crate::endpoints::{self, HOSTILE, READY, WRONG};
use crate::on_site;
use crate::site::Site;

/// axe-core, as `set-up.sh` has fetched it.
fn axe() -> Result<String> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file: Option<PathBuf> =
        here.ancestors().map(|folder| folder.join(".local/web/axe.js")).find(|file| file.is_file());
    fs::read_to_string(file.context(".local/web/axe.js is missing: make set-up fetches it")?).context("axe.js")
}

/// Every page, the refusals too; the link to the customer's page is made on the way.
async fn all_pages(site: &Site, browser: &Browser) -> Result<Vec<String>> {
    browser.goto(&site.entrance("operator")).await?;
    browser.goto(&site.url(&format!("/dashboard/endpoints/{WRONG}"))).await?;
    browser.click("#share form.inline button").await?;
    browser.see("h1", "A link for the domain owner").await?;
    let link = browser.text(".secret code").await?;
    let mut pages: Vec<String> = [
        "/dashboard",
        "/dashboard?status=action_required&q=portal",
        "/dashboard?q=nothing-like-it",
        "/dashboard/register",
        "/dashboard/register?domain=portal.litware.example&reachability=external",
        "/dashboard/register?domain=not+a.name&reachability=external",
        "/dashboard/figures",
        "/dashboard/installation?now=1",
        "/dashboard/endpoints/new.fabrikam.example",
        "/dashboard/endpoints/careers.adatum.example",
        "/dashboard/endpoints/api.tailspin.example",
        "/dashboard/endpoints/old.contoso.example",
        "/dashboard/endpoints/nothing.example",
        "/dashboard/nothing",
        "/records/ep-nothing.x",
    ]
    .map(|path| site.url(path))
    .to_vec();
    pages.extend([READY, WRONG, HOSTILE].map(|domain| site.url(&format!("/dashboard/endpoints/{domain}"))));
    pages.push(site.url(&format!("/dashboard/endpoints/{WRONG}/remove")));
    pages.push(link);
    Ok(pages)
}

#[tokio::test]
async fn axe_finds_nothing_on_any_page_in_light_and_dark_and_on_a_phone() -> Result<()> {
    let axe = axe()?;
    let now = OffsetDateTime::now_utc();
    let fixture = endpoints::everybody(now);
    fixture.put(endpoints::hostile(now));
    on_site(fixture, Reader::default(), async |site, browser| {
        let pages = all_pages(site, browser).await?;
        for dark in [false, true] {
            for phone in [false, true] {
                browser.become_reader(Reader { phone, dark, without_script: false }).await?;
                for page in &pages {
                    browser.goto(page).await?;
                    browser.run("for (const one of document.querySelectorAll('details')) one.open = true").await?;
                    let too_wide = browser.run("return document.documentElement.scrollWidth > innerWidth").await?;
                    ensure!(too_wide == false, "{page} is wider than the window (phone: {phone})");
                    browser.run(&axe).await?;
                    let found = browser.client.execute_async(AXE, Vec::new()).await?;
                    let violations = found.as_array().context("axe's answer")?;
                    ensure!(violations.is_empty(), "axe on {page} (dark: {dark}, phone: {phone}): {found:#}");
                    // What is not found says so with its status, and the browser notes that.
                    let complaints = browser.complaints().await?;
                    let real: Vec<_> = complaints.iter().filter(|text| !text.contains("status of 404")).collect();
                    ensure!(real.is_empty(), "{page}: {real:#?}");
                }
            }
        }
        Ok(())
    })
    .await
}

/// All rules but the experimental ones.
const AXE: &str = "const done = arguments[arguments.length - 1]; \
    axe.run(document, {resultTypes: ['violations']}).then(\
        found => done(found.violations.map(one => ({rule: one.id, help: one.help, \
            nodes: one.nodes.map(node => node.html.slice(0, 300) + ' ' + node.failureSummary)}))), \
        error => done([{rule: 'axe failed', help: String(error)}]))";

#[tokio::test]
async fn text_from_dns_and_the_ca_is_always_text() -> Result<()> {
    let now = OffsetDateTime::now_utc();
    let fixture = endpoints::everybody(now);
    fixture.put(endpoints::hostile(now));
    on_site(fixture, Reader::default(), async |site, browser| {
        browser.goto(&site.entrance("operator")).await?;
        for path in ["/dashboard".to_owned(), format!("/dashboard/endpoints/{HOSTILE}")] {
            browser.goto(&site.url(&path)).await?;
            browser.see("main", "<script>window.pwned=1</script>").await?;
            let ran = browser
                .run("return window.pwned === undefined && !document.querySelector('main script, main img')")
                .await?;
            ensure!(ran == true, "markup came to life on {path}");
        }
        // A part of the page that htmx brings is text as well.
        browser.click("#check").await?;
        browser.see(".record .badge", "Missing").await?;
        ensure!(browser.run("return window.pwned === undefined").await? == true, "markup came to life in an update");
        browser.check_silent().await
    })
    .await
}

#[tokio::test]
async fn the_domain_owners_page_shows_one_endpoints_records_and_nothing_else() -> Result<()> {
    let fixture = endpoints::everybody(OffsetDateTime::now_utc());
    on_site(fixture, Reader::default(), async |site, browser| {
        let pages = all_pages(site, browser).await?;
        browser.goto(pages.last().context("a link")?).await?;
        browser.see("h1", WRONG).await?;
        // It checks at once: DNS has no records now.
        browser.see("#owner", "0 of 2 records are correct").await?;
        browser.see("#owner", "NXDOMAIN").await?;
        let source = browser.client.source().await?;
        for secret in ["contoso\"", "arn:aws", "/dashboard", "ep-", "ann@", "operator"] {
            // The link itself is in the address of the form, and in the message to pass on.
            let without_action =
                source.replace(pages.last().map_or("", |link| link.rsplit('/').next().unwrap_or("")), "");
            ensure!(!without_action.contains(secret), "the domain owner is shown {secret}");
        }
        let links = browser.run("return [...document.querySelectorAll('a[href]:not(.skip)')].map(a => a.href)").await?;
        ensure!(links == serde_json::json!(["mailto:help@platform.example"]), "the page leads elsewhere: {links}");
        browser.see("header", "Acme Shops").await?;
        let names =
            browser.run("return [...document.querySelectorAll('.record .copy')].map(one => one.dataset.copy)").await?;
        ensure!(names[0] == "_acme-challenge.portal" && names[2] == "portal", "names are relative: {names}");
        let records = browser.run("return document.querySelectorAll('.record').length").await?;
        ensure!(records == 2 && !source.contains("Also to fix"), "each record stands once");
        let robots = browser.run("return document.querySelector('meta[name=robots]').content").await?;
        ensure!(robots == "noindex, nofollow", "{robots}");
        browser.click("#check").await?;
        browser.see("#owner", "0 of 2 records are correct").await?;
        browser.click("#mail summary").await?;
        browser.see("#mail-text", "Name:   _acme-challenge.portal   (in contoso.example").await?;
        browser.check_silent().await
    })
    .await
}

#[tokio::test]
async fn the_domain_owners_page_turns_green_without_anybody_touching_it() -> Result<()> {
    let fixture = endpoints::everybody(OffsetDateTime::now_utc());
    on_site(fixture, Reader::default(), async |site, browser| {
        let pages = all_pages(site, browser).await?;
        browser.goto(pages.last().context("a link")?).await?;
        browser.see("#owner", "0 of 2 records are correct").await?;
        for index in [1, 3] {
            let value = browser
                .run(&format!("return document.querySelectorAll('.record .copy')[{index}].dataset.copy"))
                .await?;
            let name = browser
                .run(&format!("return document.querySelectorAll('.record .exact code')[{index}].textContent"))
                .await?;
            let (name, value) = (name.as_str().unwrap_or_default(), value.as_str().unwrap_or_default());
            site.fixture.answer(name, &[&format!("CNAME {value}")]);
        }
        let patience = std::time::Duration::from_secs(40);
        browser.see_within("#owner", "All records are correct. The certificate is being issued.", patience).await?;
        browser.see("#announce", "All records are correct").await?;
        site.fixture.issue(WRONG);
        browser.see_within("#owner", "All records are correct. No action needed.", patience).await?;
        browser.see("#owner", "It is renewed automatically.").await?;
        let polls = browser.run("return document.getElementById('owner').hasAttribute('hx-post')").await?;
        ensure!(polls == false, "a page with nothing to wait for asks on");
        browser.check_silent().await
    })
    .await
}

#[tokio::test]
async fn the_installation_is_checked_when_its_page_is_opened_and_for_operators_only() -> Result<()> {
    let fixture = endpoints::everybody(OffsetDateTime::now_utc());
    on_site(fixture, Reader::default(), async |site, browser| {
        browser.goto(&site.entrance("operator")).await?;
        browser.click("nav a[href$='/dashboard/installation']").await?;
        browser.see("#installation-status", "1 failure, 1 warning.").await?;
        browser.see(".finding", "since 5 hours ago").await?;
        browser.see(".used", "91 % used").await?;
        browser.see("main", "34 % used").await?;
        browser.see("main", "Load balancers: pool eu").await?;
        let text = browser.text("main").await?;
        ensure!(!text.contains('`'), "{text}");
        browser.click("#check").await?;
        browser.see("#announce", "1 failure").await?;
        browser.goto(&site.entrance("contoso")).await?;
        browser.goto(&site.url("/dashboard/installation")).await?;
        browser.see("h1", "Only an operator may do that").await
    })
    .await
}

#[tokio::test]
async fn filters_combine_and_equal_causes_are_one_line() -> Result<()> {
    let now = OffsetDateTime::now_utc();
    let fixture = endpoints::everybody(now);
    endpoints::crowd(&fixture, 12, now);
    on_site(fixture, Reader::default(), async |site, browser| {
        browser.goto(&site.entrance("operator")).await?;
        browser.see(".attention", "12 endpoints").await?;
        let lines = browser.run("return document.querySelectorAll('.attention > li').length").await?;
        ensure!(lines.as_u64().is_some_and(|lines| lines < 8), "{lines} lines");
        browser.click(".attention > li a[href*='cause=']").await?;
        browser.see("h2#all", "Endpoints that match").await?;
        browser.click(".tile[href*='status=action_required']").await?;
        let address = browser.client.current_url().await?;
        let query = address.query().unwrap_or_default();
        ensure!(query.contains("cause=") && query.contains("status=action_required"), "{address}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_value_is_copied_and_the_page_says_so() -> Result<()> {
    let fixture = endpoints::everybody(OffsetDateTime::now_utc());
    on_site(fixture, Reader::default(), async |site, browser| {
        browser.goto(&site.entrance("operator")).await?;
        browser.goto(&site.url(&format!("/dashboard/endpoints/{READY}"))).await?;
        let allowed = serde_json::json!({"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]});
        browser.devtools("Browser.grantPermissions", allowed).await?;
        browser.click("#copy-name-2").await?;
        browser.see("#copy-name-2", "Copied").await?;
        browser.see("#announce", "Copied").await?;
        let copied = browser
            .client
            .execute_async(
                "navigator.clipboard.readText().then(arguments[0], error => arguments[0](String(error)))",
                vec![],
            )
            .await?;
        ensure!(copied == READY, "{copied}");
        Ok(())
    })
    .await
}
