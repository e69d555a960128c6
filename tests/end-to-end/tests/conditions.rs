//! The same under all conditions that a CA may set: bad nonces, reused authorizations; and what it costs.

use anyhow::{Result, ensure};
use end_to_end::{Platform, is_at_rest};
use local_cloud::{CaOptions, FaultProxy, Options};

/// With a process for each step: newNonce, newOrder, authorization, challenge, order, finalize, order, certificate.
const REQUESTS: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn authorizations_may_be_reused_never_sometimes_or_always() -> Result<()> {
    let platform = Platform::start(Options::unique()).await?;
    let zone = platform.cloud.create_zone("reuse.test").await?;
    for percent in [0, 50, 100] {
        let options = CaOptions { nonce_reject_percent: 20, authz_reuse_percent: percent, ..CaOptions::default() };
        let ca = platform.cloud.start_ca(&options).await?;
        platform.cloud.use_ca(&ca).await?;
        for (reachability, also) in [("external", vec![]), ("internal", vec![format!("*.i{percent}.reuse.test")])] {
            let domain = format!("{}{percent}.reuse.test", &reachability[..1]);
            let also: Vec<&str> = also.iter().map(String::as_str).collect();
            platform.issue(&zone, &domain, &also, reachability).await?;
            let mut last = platform.check_at_rest(&domain, &ca).await?;
            for _ in 0..2 {
                let attempt = platform.run(&domain).await?;
                ensure!(attempt["outcome"] == "renewed", "reuse {percent}: {attempt:#}");
                let next = platform.check_at_rest(&domain, &ca).await?;
                ensure!(next.public_key != last.public_key && next.serial != last.serial, "{domain}: nothing new");
                last = next;
            }
        }
        platform.cloud.stop_ca(&ca)?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_certificate_takes_eight_requests_with_every_step_a_cold_process() -> Result<()> {
    let ca = CaOptions { nonce_reject_percent: 0, authz_reuse_percent: 0, ..CaOptions::default() };
    let platform = Platform::start(Options { ca, ..Options::unique() }).await?;
    let proxy = FaultProxy::before_ca(&platform.cloud, platform.cloud.ca())?;
    platform.cloud.use_directory(&proxy.directory()).await?;
    let zone = platform.cloud.create_zone("count.test").await?;
    // The first one registers the account.
    platform.issue(&zone, "first.count.test", &[], "external").await?;
    for (domain, reachability) in [("www.count.test", "external"), ("db.count.test", "internal")] {
        let endpoint = platform.issue(&zone, domain, &[], reachability).await?;
        ensure!(is_at_rest(&endpoint), "{endpoint:#}");
        platform.kill_all_functions()?;
        let before = proxy.seen().len();
        let attempt = platform.run(domain).await?;
        ensure!(attempt["outcome"] == "renewed", "{attempt:#}");
        let seen: Vec<String> =
            proxy.seen().split_off(before).into_iter().map(|r| format!("{} {}", r.method, r.path)).collect();
        ensure!(seen.len() == REQUESTS, "{domain} took {}: {seen:#?}", seen.len());
        ensure!(Platform::ca_requests(&attempt) == REQUESTS as u64, "the history counts otherwise: {attempt:#}");
    }
    Ok(())
}
