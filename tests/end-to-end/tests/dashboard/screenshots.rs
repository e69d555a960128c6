//! The pictures in docs: `make screenshots` runs this.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::fs;
use std::io::Cursor;
use std::path::PathBuf;

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use time::{Duration, OffsetDateTime};

use crate::browser::{Browser, Reader};
use crate::endpoints::{self, READY, WRONG};
use crate::on_site;

#[tokio::test]
#[ignore = "writes docs/screenshots: make screenshots"]
async fn the_pictures_of_the_documentation_are_taken() -> Result<()> {
    let folder = PathBuf::from(std::env::var("SCREENSHOTS").context("SCREENSHOTS is not set: make screenshots")?);
    fs::create_dir_all(&folder)?;
    let fixture = endpoints::everybody(OffsetDateTime::now_utc());
    let behind = fixture.clone();
    let light = Reader::default();
    on_site(fixture, light, async |site, browser| {
        browser.goto(&site.entrance("operator")).await?;
        let endpoint = |domain: &str| site.url(&format!("/dashboard/endpoints/{domain}"));
        let shoot = async |name: &str, url: &str, reader: Reader, height: u32| {
            browser.become_reader(reader).await?;
            browser.goto(url).await?;
            browser.run("for (const one of document.querySelectorAll('#attempt-2')) one.open = true").await?;
            picture(browser, &folder.join(format!("{name}.png")), reader.phone, height).await
        };
        let (dark, phone) = (Reader { dark: true, ..light }, Reader { phone: true, ..light });
        shoot("overview", &site.url("/dashboard"), light, 1_000).await?;
        shoot("overview-dark", &site.url("/dashboard"), dark, 1_000).await?;
        shoot("overview-phone", &site.url("/dashboard"), phone, 1_100).await?;
        shoot("endpoint-ready", &endpoint(READY), light, 1_000).await?;
        shoot("endpoint-action-required", &endpoint(WRONG), light, 1_000).await?;
        shoot("endpoint-dark", &endpoint(WRONG), dark, 1_000).await?;
        shoot("endpoint-phone", &endpoint(WRONG), phone, 1_100).await?;
        let typed = site.url("/dashboard/register?domain=portal.litware.example&reachability=external");
        browser.become_reader(light).await?;
        browser.goto(&typed).await?;
        // The page asks for the check once it is open.
        browser.see("#preflight", "_acme-challenge").await?;
        picture(browser, &folder.join("register.png"), false, 1_000).await?;
        shoot("register-phone", &typed, phone, 1_100).await?;
        let installation = site.url("/dashboard/installation?now=1");
        shoot("installation", &installation, light, 1_000).await?;
        shoot("installation-dark", &installation, dark, 1_000).await?;
        shoot("installation-phone", &installation, phone, 1_100).await?;
        shoot("remove", &format!("{}/remove", endpoint(WRONG)), light, 1_000).await?;
        browser.become_reader(light).await?;
        browser.goto(&endpoint(WRONG)).await?;
        browser.click("#share form.inline button").await?;
        browser.see("#main .secret code", "/records/").await?;
        let link = browser.text("#main .secret code").await?;
        shoot("domain-owner", &link, light, 1_000).await?;
        shoot("domain-owner-dark", &link, dark, 1_000).await?;
        shoot("domain-owner-phone", &link, phone, 1_100).await?;
        // A tenant with many endpoints: counted, and within its limits.
        behind.count_at(OffsetDateTime::now_utc() - Duration::minutes(7));
        browser.goto(&site.entrance("northwind")).await?;
        shoot("overview-tenant", &site.url("/dashboard"), light, 1_400).await?;
        shoot("overview-tenant-dark", &site.url("/dashboard"), dark, 1_400).await
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
    fs::write(file, in_few_colours(&png)?).with_context(|| file.display().to_string())
}

/// The picture in its 256 commonest colours, every other one by the nearest of them: a third of the size, and no
/// difference that an eye would see on a page of text.
fn in_few_colours(picture: &[u8]) -> Result<Vec<u8>> {
    let mut reader = png::Decoder::new(Cursor::new(picture)).read_info()?;
    let mut pixels = vec![0; reader.output_buffer_size().context("a picture of a size")?];
    let frame = reader.next_frame(&mut pixels)?;
    let colours: Vec<[u8; 3]> =
        pixels.chunks_exact(frame.line_size / frame.width as usize).map(|p| [p[0], p[1], p[2]]).collect();
    let mut counts: HashMap<[u8; 3], usize> = HashMap::new();
    for colour in &colours {
        *counts.entry(*colour).or_default() += 1;
    }
    let mut palette: Vec<_> = counts.keys().copied().collect();
    palette.sort_by_key(|colour| (Reverse(counts[colour]), *colour));
    palette.truncate(256);
    let nearest = |colour: &[u8; 3]| {
        let far =
            |known: &[u8; 3]| known.iter().zip(colour).map(|(a, b)| u32::from(a.abs_diff(*b)).pow(2)).sum::<u32>();
        let place = (0..palette.len()).min_by_key(|&place| far(&palette[place])).expect("some colour");
        u8::try_from(place).expect("at most 256")
    };
    let places: HashMap<[u8; 3], u8> = counts.keys().map(|colour| (*colour, nearest(colour))).collect();

    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, frame.width, frame.height);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_palette(palette.concat());
    encoder.set_compression(png::Compression::High);
    encoder.set_filter(png::Filter::NoFilter);
    let places: Vec<u8> = colours.iter().map(|colour| places[colour]).collect();
    encoder.write_header()?.write_image_data(&places)?;
    Ok(file)
}
