//! The pages in a real Chromium: over a platform in memory, and once from the deployed stack.

mod browser;
mod endpoints;
mod figures;
mod fixture;
mod inspected;
mod journeys;
mod limits;
mod readers;
mod screenshots;
mod simulated_dns;
mod site;
mod stack;
mod stored_endpoint;

use anyhow::Result;
use browser::{Browser, Reader};
use fixture::Fixture;
use site::Site;

/// Lets `act` work in a browser over `fixture`, and ends the browser whatever comes of it.
async fn on_site(fixture: Fixture, reader: Reader, act: impl AsyncFnOnce(&Site, &Browser) -> Result<()>) -> Result<()> {
    let site = Site::open(fixture).await?;
    let browser = Browser::open(reader).await?;
    let outcome = act(&site, &browser).await;
    browser.client.clone().close().await?;
    outcome
}
