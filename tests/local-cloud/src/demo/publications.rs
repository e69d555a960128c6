//! What is published while an attempt runs: it is there for seconds only.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::time::sleep;

use crate::cloud::LocalCloud;

const POLL: Duration = Duration::from_millis(50);

/// What was seen in passing.
#[derive(Debug, Default)]
pub(super) struct Publications {
    /// Host and path of each HTTP-01 response, and what the edge answered to it.
    pub responses: BTreeMap<(String, String), String>,
    /// Owner of each TXT record set, and the most values it had at once.
    pub txt: BTreeMap<String, Vec<String>>,
}

/// Watches the bucket and the delegation zone until `work` is done.
pub(super) async fn watch<T>(cloud: &LocalCloud, work: impl Future<Output = Result<T>>) -> Result<(T, Publications)> {
    let http = cloud.http_client()?;
    let mut seen = Publications::default();
    tokio::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return Ok((done?, seen)),
            () = sleep(POLL) => poll(cloud, &http, &mut seen).await?,
        }
    }
}

async fn poll(cloud: &LocalCloud, http: &reqwest::Client, seen: &mut Publications) -> Result<()> {
    for key in cloud.tokens().await? {
        let (host, token) = host_and_token(&key).with_context(|| format!("{key} is no key of a token"))?;
        let path = format!("/.well-known/acme-challenge/{token}");
        let Entry::Vacant(place) = seen.responses.entry((host.to_owned(), path)) else { continue };
        // As the CA does: to the address that the host leads to, with its name.
        let url = format!("http://{}{}", cloud.description().edge, place.key().1);
        let response = http.get(url).header("host", host).send().await.context("asking the edge")?;
        // Otherwise it went between two polls.
        if response.status().is_success() {
            place.insert(response.text().await?);
        }
    }
    for (owner, values) in cloud.txt_records().await? {
        let most = seen.txt.entry(owner).or_default();
        if values.len() > most.len() {
            *most = values;
        }
    }
    Ok(())
}

/// Reads `challenges/HOST/TOKEN`.
fn host_and_token(key: &str) -> Option<(&str, &str)> {
    key.strip_prefix("challenges/")?.split_once('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_a_token_names_its_host() {
        assert_eq!(host_and_token("challenges/www.shop.test/abc"), Some(("www.shop.test", "abc")));
        assert_eq!(host_and_token("challenges/abc"), None);
        assert_eq!(host_and_token("other/www.shop.test/abc"), None);
    }
}
