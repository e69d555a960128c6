//! What a browser does that matters for signing in: it keeps cookies, follows no link automatically, and says where a
//! request comes from.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use cookie::Cookie;
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Client, Method, Url};

/// A browser with one site's cookies.
#[derive(Clone, Debug)]
pub struct Browser {
    http: Client,
    /// By name and path (RFC 6265 §5.3).
    pub jar: BTreeMap<(String, String), String>,
}

/// A page, or where to go instead.
#[derive(Clone, Debug)]
pub struct Page {
    pub status: u16,
    pub location: Option<Url>,
    pub body: String,
}

impl Browser {
    pub fn new() -> Result<Self> {
        let http = Client::builder()
            .tls_backend_preconfigured(adapters::tls::client_config(None)?)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self { http, jar: BTreeMap::new() })
    }

    pub async fn get(&mut self, url: impl AsRef<str>) -> Result<Page> {
        self.send(Method::GET, url.as_ref(), &[]).await
    }

    /// Submits a form of the site's own page.
    pub async fn post(&mut self, url: impl AsRef<str>, fields: &[(String, String)]) -> Result<Page> {
        self.send(Method::POST, url.as_ref(), fields).await
    }

    /// Goes where it is sent until there is a page.
    pub async fn follow(&mut self, mut page: Page) -> Result<Page> {
        for _ in 0..5 {
            match page.location.clone() {
                Some(location) => page = self.get(location).await?,
                None => return Ok(page),
            }
        }
        anyhow::bail!("it is sent around in circles")
    }

    async fn send(&mut self, method: Method, url: &str, fields: &[(String, String)]) -> Result<Page> {
        let url: Url = url.parse().with_context(|| format!("the URL {url}"))?;
        let own =
            self.jar.iter().filter(|((_, path), _)| url.path() == path || url.path().starts_with(&format!("{path}/")));
        let cookies: Vec<_> = own.map(|((name, _), value)| format!("{name}={value}")).collect();
        let mut request = self.http.request(method.clone(), url.clone()).header(COOKIE, cookies.join("; "));
        if method == Method::POST {
            let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
            request = request
                .header("sec-fetch-site", "same-origin")
                .header("content-type", "application/x-www-form-urlencoded")
                .body(body);
        }
        let response = request.send().await.with_context(|| format!("{method} {url}"))?;
        for set in response.headers().get_all(SET_COOKIE) {
            self.keep(&Cookie::parse(set.to_str()?.to_owned())?)?;
        }
        let location = response.headers().get(LOCATION).map(|to| anyhow::Ok(url.join(to.to_str()?)?)).transpose()?;
        Ok(Page { status: response.status().as_u16(), location, body: response.text().await? })
    }

    fn keep(&mut self, cookie: &Cookie<'_>) -> Result<()> {
        let path = cookie.path().unwrap_or("/");
        ensure!(cookie.secure() == Some(true), "{} may travel in clear text", cookie.name());
        ensure!(!cookie.name().starts_with("__Host-") || path == "/", "no browser keeps {cookie}");
        let key = (cookie.name().to_owned(), path.to_owned());
        match cookie.max_age() {
            Some(age) if age.is_zero() => self.jar.remove(&key),
            _ => self.jar.insert(key, cookie.value().to_owned()),
        };
        Ok(())
    }
}

/// The hidden fields of the form on a page.
pub fn hidden_fields(body: &str) -> Vec<(String, String)> {
    let between = |line: &str, before: &str| {
        let (_, rest) = line.split_once(before)?;
        rest.split_once('"').map(|(value, _)| value.replace("&#38;", "&").replace("&amp;", "&"))
    };
    let inputs = body.split("<input ").filter(|input| input.contains("type=\"hidden\""));
    inputs.filter_map(|input| Some((between(input, "name=\"")?, between(input, "value=\"")?))).collect()
}
