//! The documentation as the API serves it, and what messages link to.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use axum::body::Body;
use domain::ports::Registry;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use testkit::{contracts, samples};
use tower::ServiceExt;
use url::Url;
use vocabulary::names::{Caller, Origin, Scope};

use crate::bench::Api;

/// Where the samples' links begin.
const BASE: &str = "https://certificates.example";

/// Opens a path; `None` for a page that is not there.
async fn open(api: &Api, path: &str) -> Option<String> {
    let origin = Origin { who: "olga".into(), address: None, operator: true };
    let olga = Caller { scope: Scope::Everything, origin };
    let request = Request::get(path).extension(olga).body(Body::empty()).expect("a request");
    let response = api.pages.clone().oneshot(request).await.expect("infallible");
    let (status, headers) = (response.status(), response.headers().clone());
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    if status == StatusCode::NOT_FOUND {
        return None;
    }
    assert_eq!(status, StatusCode::OK, "{path}: {headers:?}");
    assert!(headers["content-security-policy"].to_str().expect("text").contains("default-src 'none'"));
    Some(String::from_utf8(body.into()).expect("text"))
}

/// Each text between `begin` and `end`.
fn between<'a>(text: &'a str, begin: &str, end: char) -> Vec<&'a str> {
    text.split(begin).skip(1).filter_map(|rest| rest.split(end).next()).collect()
}

#[tokio::test]
async fn every_link_in_the_sample_messages_opens() {
    let api = Api::new();
    let endpoint = samples::registered();
    api.store.register(&endpoint, &contracts::registered(&endpoint), None).await.expect("registered");
    let sender = samples::sender();
    let mut opened = BTreeSet::new();
    for alert in samples::alerts() {
        let text = alert.text(&sender);
        let links = text.split_whitespace().filter_map(|word| word.strip_prefix(BASE));
        let links: Vec<_> = links.map(|path| path.trim_end_matches(['.', ',', ')'])).collect();
        assert!(!links.is_empty() || alert.link.is_none(), "{text}");
        for path in links {
            assert!(open(&api, path).await.is_some(), "{path} of {text}");
            opened.insert(path.to_owned());
        }
    }
    let runbooks = opened.iter().filter(|path| path.starts_with("/docs/runbooks/")).count();
    assert!(runbooks >= 3 && opened.iter().any(|path| path.starts_with("/dashboard/endpoints/")), "{opened:?}");
}

#[tokio::test]
async fn every_page_of_docs_is_served_and_every_link_within_it_opens_at_its_anchor() {
    let api = Api::new();
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let mut files = vec![docs.clone()];
    let mut pages = BTreeMap::new();
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(path).expect("a folder").map(|entry| entry.expect("an entry").path()));
        } else if path.extension().is_some_and(|extension| extension == "md") {
            let below = path.strip_prefix(&docs).expect("below docs").to_str().expect("text").to_owned();
            let page = open(&api, &format!("/docs/{below}")).await;
            pages.insert(format!("/docs/{below}"), page.unwrap_or_else(|| panic!("{below} is not served")));
        }
    }
    assert!(pages.len() > 60 && pages.contains_key("/docs/runbooks/scansilentalarm.md"), "{:?}", pages.keys());
    let (mut followed, mut anchors) = (0, 0);
    for (path, html) in &pages {
        let article = html.split("<article").nth(1).expect("an article");
        assert!(!article.contains("style=") && !article.contains("<script"), "{path}: the browser refuses it");
        let at: Url = format!("https://api.example{path}").parse().expect("a URL");
        for target in between(article, "href=\"", '"') {
            let url = at.join(target).expect("a link");
            if url.host_str() != at.host_str() {
                assert_eq!(url.scheme(), "https", "{target} in {path}");
                continue;
            }
            let page = pages.get(url.path()).unwrap_or_else(|| panic!("{target} in {path} leads nowhere"));
            followed += 1;
            if let Some(anchor) = url.fragment() {
                assert!(page.contains(&format!("id=\"{anchor}\"")), "{target} in {path}: no such heading");
                anchors += 1;
            }
        }
    }
    assert!(followed > 100 && anchors > 10, "{followed} {anchors}");
}

#[tokio::test]
async fn a_folder_redirects_to_its_index_and_an_unknown_page_is_not_found() {
    let api = Api::new();
    for (path, index) in [
        ("/docs", "/below/docs/README.md"),
        ("/docs/", "/below/docs/README.md"),
        ("/docs/runbooks", "/below/docs/runbooks/README.md"),
        ("/docs/runbooks/", "/below/docs/runbooks/README.md"),
    ] {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        let response = api.pages.clone().oneshot(request).await.expect("infallible");
        assert_eq!(response.headers()["location"], index, "{path}");
    }
    for page in ["nothing.md", "runbooks/nothing.md", "..%2fREADME.md", "%3Cb%3E"] {
        assert_eq!(open(&api, &format!("/docs/{page}")).await, None, "{page}");
    }
}
