//! A real Chromium, and what it noticed on a page.

use std::fmt;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

const NEEDED: &str = "the pages are tested in Chromium: apt-get install chromium chromium-driver";
const PATIENCE: Duration = Duration::from_secs(15);

/// A browser with one window. The driver, and the browser with it, end when this is dropped.
pub(crate) struct Browser {
    pub(crate) client: Client,
    _driver: Driver,
}

/// What kind of reader looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reader {
    pub(crate) phone: bool,
    pub(crate) dark: bool,
    pub(crate) without_script: bool,
}

/// The process, and its output: it would end when it writes to a pipe that nobody holds.
struct Driver(Child, Option<BufReader<ChildStdout>>);

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Browser {
    pub(crate) async fn open(reader: Reader) -> Result<Self> {
        let (driver, port) = start_driver()?;
        let mut arguments = vec!["--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"];
        // Letters in shades of grey: the same picture on every screen, and a small file.
        arguments.extend(["--disable-lcd-text", "--font-render-hinting=none"]);
        // The sandbox needs a user other than root.
        if is_root() {
            arguments.push("--no-sandbox");
        }
        let mut options = json!({"args": arguments});
        if reader.without_script {
            options["prefs"] = json!({"profile.managed_default_content_settings.javascript": 2});
        }
        let capabilities = json!({"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}});
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities.as_object().cloned().expect("an object"))
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .context("a session with Chromium")?;
        let browser = Self { client, _driver: driver };
        browser.become_reader(reader).await?;
        Ok(browser)
    }

    pub(crate) async fn become_reader(&self, reader: Reader) -> Result<()> {
        let scheme = if reader.dark { "dark" } else { "light" };
        let features = json!([
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]);
        self.devtools("Emulation.setEmulatedMedia", json!({"features": features})).await?;
        let (width, height) = if reader.phone { (360, 780) } else { (1200, 860) };
        self.set_size(width, height, reader.phone).await
    }

    pub(crate) async fn set_size(&self, width: u32, height: u32, phone: bool) -> Result<()> {
        let scale = if phone { 2 } else { 1 };
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": scale, "mobile": phone});
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await?;
        Ok(())
    }

    /// A command of the DevTools protocol.
    pub(crate) async fn devtools(&self, command: &str, parameters: Value) -> Result<Value> {
        let body = json!({"cmd": command, "params": parameters});
        self.client.issue_cmd(Own { path: "goog/cdp/execute", body }).await.with_context(|| command.to_owned())
    }

    /// What the browser complained of since this was last asked: a script that failed, a policy that was broken.
    pub(crate) async fn complaints(&self) -> Result<Vec<String>> {
        let log = self.client.issue_cmd(Own { path: "se/log", body: json!({"type": "browser"}) }).await?;
        let entries = log.as_array().context("a log")?;
        let bad = entries.iter().filter(|entry| matches!(entry["level"].as_str(), Some("SEVERE" | "WARNING")));
        Ok(bad.map(|entry| entry["message"].as_str().unwrap_or_default().to_owned()).collect())
    }

    pub(crate) async fn goto(&self, url: &str) -> Result<()> {
        self.client.goto(url).await.with_context(|| url.to_owned())
    }

    /// The text of the first element that `css` selects, as it is seen.
    pub(crate) async fn text(&self, css: &str) -> Result<String> {
        let element = self.client.find(Locator::Css(css)).await.with_context(|| css.to_owned())?;
        Ok(element.text().await?)
    }

    pub(crate) async fn click(&self, css: &str) -> Result<()> {
        let element = self.client.find(Locator::Css(css)).await.with_context(|| css.to_owned())?;
        element.click().await.with_context(|| css.to_owned())
    }

    pub(crate) async fn fill(&self, css: &str, text: &str) -> Result<()> {
        let field = self.client.find(Locator::Css(css)).await.with_context(|| css.to_owned())?;
        field.clear().await?;
        field.send_keys(text).await.with_context(|| css.to_owned())
    }

    /// Waits until the text of `css` holds `part`.
    pub(crate) async fn see(&self, css: &str, part: &str) -> Result<()> {
        self.see_within(css, part, PATIENCE).await
    }

    pub(crate) async fn see_within(&self, css: &str, part: &str, patience: Duration) -> Result<()> {
        let begun = std::time::Instant::now();
        loop {
            // An element may be exchanged between finding and reading it.
            let text = self.text(css).await.unwrap_or_default();
            if text.contains(part) {
                return Ok(());
            }
            if begun.elapsed() > patience {
                bail!("{css} never said “{part}”; it says:\n{text}");
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    pub(crate) async fn run(&self, script: &str) -> Result<Value> {
        self.client.execute(script, Vec::new()).await.context("a script of the test")
    }

    /// Checks that the browser has nothing to complain of.
    pub(crate) async fn check_silent(&self) -> Result<()> {
        let complaints = self.complaints().await?;
        ensure!(complaints.is_empty(), "the browser complains: {complaints:#?}");
        Ok(())
    }
}

/// Starts chromedriver on a port of its own choice, and reads which one.
fn start_driver() -> Result<(Driver, u16)> {
    let child = Command::new("chromedriver").arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut child = child.context(NEEDED)?;
    let output = child.stdout.take().map(BufReader::new);
    let mut driver = Driver(child, output);
    let output = driver.1.as_mut().context("chromedriver's output")?;
    let mut line = String::new();
    while output.read_line(&mut line)? > 0 {
        if let Some(port) =
            line.split("successfully on port ").nth(1).and_then(|rest| rest.trim().trim_end_matches('.').parse().ok())
        {
            return Ok((driver, port));
        }
        line.clear();
    }
    bail!("chromedriver ended before it said its port")
}

fn is_root() -> bool {
    std::fs::read_to_string("/proc/self/status")
        .is_ok_and(|status| status.lines().any(|line| line.starts_with("Uid:\t0\t")))
}

/// A command that WebDriver itself does not have.
struct Own {
    path: &'static str,
    body: Value,
}

impl fmt::Debug for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.path)
    }
}

impl WebDriverCompatibleCommand for Own {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.body.to_string()))
    }
}
