//! The pictures in docs: `make screenshots` runs this.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use time::OffsetDateTime;

use crate::browser::{Browser, Reader};
use crate::cast::{self, READY, WRONG};
use crate::on_site;

#[tokio::test]
#[ignore = "writes docs/screenshots: make screenshots"]
async fn screenshots() -> Result<()> {
    let folder = PathBuf::from(std::env::var("SCREENSHOTS").context("SCREENSHOTS is not set: make screenshots")?);
    fs::create_dir_all(&folder)?;
    let stage = cast::everybody(OffsetDateTime::now_utc());
    let light = Reader::default();
    on_site(stage, light, async |site, browser| {
        browser.goto(&site.entrance("operator")).await?;
        let endpoint = |domain: &str| site.url(&format!("/dashboard/endpoints/{domain}"));
        let shoot = async |name: &str, url: &str, reader: Reader, height: u32| {
            browser.become_reader(reader).await?;
            browser.goto(url).await?;
            browser.run("for (const one of document.querySelectorAll('#attempt-2')) one.open = true").await?;
            picture(browser, &folder.join(format!("{name}.png")), reader.phone, height).await
        };
        let (dark, phone) = (Reader { dark: true, ..light }, Reader { phone: true, ..light });
        shoot("overview", &site.url("/dashboard"), light, 1_500).await?;
        shoot("overview-dark", &site.url("/dashboard"), dark, 1_500).await?;
        shoot("overview-phone", &site.url("/dashboard"), phone, 1_600).await?;
        shoot("endpoint-ready", &endpoint(READY), light, 1_700).await?;
        shoot("endpoint-action-required", &endpoint(WRONG), light, 1_500).await?;
        shoot("endpoint-dark", &endpoint(WRONG), dark, 1_500).await?;
        shoot("endpoint-phone", &endpoint(WRONG), phone, 1_900).await?;
        let typed = site.url("/dashboard/register?domain=portal.litware.example&reachability=external");
        shoot("register", &typed, light, 1_100).await?;
        browser.become_reader(light).await?;
        browser.goto(&endpoint(WRONG)).await?;
        browser.click("#share form.inline button").await?;
        let link = browser.text("#main .secret code").await?;
        shoot("customer", &link, light, 1_500).await?;
        shoot("customer-phone", &link, phone, 1_900).await
    })
    .await
}

/// The page down to `most` pixels.
async fn picture(browser: &Browser, file: &std::path::Path, phone: bool, most: u32) -> Result<()> {
    let height = browser.run("return document.documentElement.scrollHeight").await?;
    let height = height.as_u64().context("a height")?.min(most.into());
    let width = if phone { 360 } else { 1_200 };
    let clip = json!({"x": 0, "y": 0, "width": width, "height": height, "scale": 1});
    let shot = browser
        .devtools("Page.captureScreenshot", json!({"format": "png", "captureBeyondViewport": true, "clip": clip}))
        .await?;
    let png = STANDARD.decode(shot["data"].as_str().context("a picture")?)?;
    fs::write(file, png).with_context(|| file.display().to_string())
}
