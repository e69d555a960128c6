//! The pages in a real Chromium: over a platform in memory, and once from the deployed stack.

mod browser;
mod cast;
mod figures;
mod inspected;
mod journeys;
mod limits;
mod readers;
mod screenshots;
mod site;
mod stack;
mod stage;
mod standing;
mod world;

use anyhow::Result;
use browser::{Browser, Reader};
use site::Site;
use stage::Stage;

/// Lets `act` work in a browser over `stage`, and ends the browser whatever comes of it.
async fn on_site(stage: Stage, reader: Reader, act: impl AsyncFnOnce(&Site, &Browser) -> Result<()>) -> Result<()> {
    let site = Site::open(stage).await?;
    let browser = Browser::open(reader).await?;
    let outcome = act(&site, &browser).await;
    browser.client.clone().close().await?;
    outcome
}
