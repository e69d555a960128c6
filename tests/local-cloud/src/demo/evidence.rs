//! What an endpoint is at rest: a certificate in ACM that leads to the CA's root, and nothing left lying.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use time::OffsetDateTime;
use time::macros::format_description;

use super::setup::{Setup, text};
use crate::chain::VerifiedChain;

/// A certificate as it was found in ACM, its chain verified.
#[derive(Debug)]
pub(super) struct Evidence {
    pub arn: String,
    pub chain: VerifiedChain,
}

impl Setup<'_> {
    /// Shows the endpoint with the CLI, compares it with what ACM has, and shows both.
    pub(super) async fn inspect(&self, domain: &str) -> Result<Evidence> {
        let endpoint = self.query(&["show", domain]).await?;
        let renews = text(&endpoint["certificate"]["renews_at"]);
        self.screen.answer(&format!(
            "{}, renewed automatically from {}",
            text(&endpoint["status"]),
            date_of(renews)?
        ))?;
        let evidence = self.certificate(&endpoint).await?;
        self.check_nothing_published(&endpoint).await?;
        self.screen.fact("Left", "no token in the bucket, no TXT record in the delegation zone")?;
        Ok(evidence)
    }

    /// The certificate of an endpoint, as ACM describes it and as it is.
    async fn certificate(&self, endpoint: &Value) -> Result<Evidence> {
        let domain = text(&endpoint["domain"]);
        ensure!(endpoint["failure"].is_null(), "{domain} is failing: {endpoint:#}");
        let arn = text(&endpoint["certificate"]["arn"]);
        let described = self.cloud.aws().acm.describe_certificate().certificate_arn(arn).send().await;
        let described = described.context("DescribeCertificate")?.certificate.context("ACM has no such certificate")?;
        let chain = self.cloud.verified_certificate(arn, self.cloud.ca()).await?;

        let of_endpoint = sorted(endpoint["names"].as_array().into_iter().flatten().map(text));
        let of_acm = sorted(described.subject_alternative_names().iter().map(String::as_str));
        ensure!(of_endpoint == chain.names, "{domain}: the certificate is for {:?}", chain.names);
        ensure!(of_acm == chain.names, "{domain}: ACM describes a certificate for {of_acm:?}");
        let recorded = text(&endpoint["certificate"]["serial"]);
        let same = chain.serial.trim_start_matches('0').eq_ignore_ascii_case(recorded.trim_start_matches('0'));
        ensure!(same, "{domain}: ACM has serial {}, recorded is {recorded}", chain.serial);

        let word = |value: Option<&str>| value.unwrap_or("?").to_owned();
        let time_of = |at: Option<&aws_sdk_acm::primitives::DateTime>| {
            at.and_then(|at| OffsetDateTime::from_unix_timestamp(at.secs()).ok()).map_or("?".into(), date)
        };
        self.screen.fact("ACM", arn)?;
        self.screen.fact("", &format!("domain {}, names {}", word(described.domain_name()), of_acm.join(" and ")))?;
        self.screen.fact(
            "",
            &format!(
                "{}, {}, {}, valid from {} to {}",
                word(described.status().map(|status| status.as_str())),
                word(described.r#type().map(|kind| kind.as_str())),
                word(described.key_algorithm().map(|algorithm| algorithm.as_str())),
                time_of(described.not_before()),
                time_of(described.not_after()),
            ),
        )?;
        self.screen.fact(
            "Chain",
            &format!("{} certificates, verified up to the root of the CA; serial {}", chain.length, chain.serial),
        )?;
        Ok(Evidence { arn: arn.to_owned(), chain })
    }

    /// Checks that neither a token nor a TXT record of the endpoint is left.
    async fn check_nothing_published(&self, endpoint: &Value) -> Result<()> {
        let records: Vec<_> = endpoint["dns"]["records"].as_array().into_iter().flatten().collect();
        for key in self.cloud.tokens().await? {
            let names = endpoint["names"].as_array().into_iter().flatten();
            let own = names.map(text).any(|name| key.starts_with(&format!("challenges/{name}/")));
            ensure!(!own, "the token {key} is left");
        }
        for (owner, values) in self.cloud.txt_records().await? {
            let own = records.iter().any(|record| text(&record["value"]) == owner);
            ensure!(!own, "TXT records are left at {owner}: {values:?}");
        }
        Ok(())
    }
}

fn sorted<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut names: Vec<_> = names.map(str::to_owned).collect();
    names.sort_unstable();
    names
}

/// `16:42:11 UTC`
pub(super) fn clock(at: OffsetDateTime) -> String {
    let format = format_description!("[hour]:[minute]:[second] UTC");
    at.to_offset(time::UtcOffset::UTC).format(format).expect("all parts are there")
}

/// A time with its date: a certificate may live for minutes or for months.
fn date(at: OffsetDateTime) -> String {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second] UTC");
    at.to_offset(time::UtcOffset::UTC).format(format).expect("all parts are there")
}

fn date_of(rfc3339: &str) -> Result<String> {
    Ok(date(parse_time(rfc3339)?))
}

pub(super) fn parse_time(rfc3339: &str) -> Result<OffsetDateTime> {
    let format = &time::format_description::well_known::Rfc3339;
    OffsetDateTime::parse(rfc3339, format).with_context(|| format!("“{rfc3339}” is no time"))
}

/// The last bytes of a public key: enough to distinguish two keys.
pub(super) fn key_end(public_key: &[u8]) -> String {
    let last = &public_key[public_key.len().saturating_sub(4)..];
    format!("…{}", last.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_shown_in_utc() {
        assert_eq!(date_of("2026-01-01T00:30:00+01:00").unwrap(), "2025-12-31 23:30:00 UTC");
        assert!(date_of("soon").is_err());
    }

    #[test]
    fn a_key_is_named_by_its_end() {
        assert_eq!(key_end(&[1, 2, 3, 0xab, 0x0c, 0xd]), "…03ab0c0d");
    }
}
