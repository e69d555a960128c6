//! `local-cloud try DOMAIN`: one endpoint from a domain name to its certificate, on a cloud that stays.

use anyhow::{Context, Result, ensure};

use super::command::Cli;
use super::screen::Screen;
use super::setup::{Record, Setup, text};
use crate::cloud::{self, LocalCloud};
use crate::options::{DEFAULT_NAME, Options};

/// Issues a certificate for `domain` on the cloud `name`, which is started if it does not run, and says what to open.
///
/// # Errors
///
/// What went wrong first. The cloud goes on running.
pub async fn try_domain(name: &str, domain: &str) -> Result<()> {
    let screen = Screen::of_stdout();
    let zone = zone_of(domain)?;
    let cloud = running(name, &screen).await?;

    let played = play(&cloud, &screen, zone, domain).await;
    // Dropping it would stop a cloud that was started here.
    let _ = cloud.leave_running();
    played?;
    where_to_go(&screen, name)
}

async fn play(cloud: &LocalCloud, screen: &Screen, zone: &str, domain: &str) -> Result<()> {
    screen.heading(&format!("1  The domain owner's zone: {zone}"))?;
    let setup = match cloud.zone(zone).await {
        Ok(zone) => Setup::over(cloud, screen, zone)?,
        Err(_) => Setup::create(cloud, screen, zone).await?,
    };
    screen.print("An ordinary hosted zone in the emulated Route 53.")?;

    screen.heading(&format!("2  Register {domain}, as the platform team"))?;
    if is_registered(&setup.cli, domain).await {
        screen.print("It is registered already.")?;
    } else {
        setup.add(&[domain, "--external"]).await?;
        setup.first_attempt(domain).await?;
    }
    let records = setup.records(domain).await?;

    screen.heading("3  Create the records, as the domain owner")?;
    for record in &records {
        create(&setup, record).await?;
    }

    screen.heading("4  Get the certificate")?;
    setup.renew(domain).await?;
    setup.inspect(domain).await?;
    pages(&setup, domain).await
}

/// The cloud `name`: the one that runs, else a new one.
async fn running(name: &str, screen: &Screen) -> Result<LocalCloud> {
    if let Ok(cloud) = LocalCloud::attach(name) {
        return Ok(cloud);
    }
    // What a cloud that broke has left.
    cloud::stop(name)?;
    screen.paragraph(&format!("Starting the cloud {name}: AWS, a CA, DNS and a load balancer on this machine."))?;
    LocalCloud::start(Options { name: name.to_owned(), progress: true, ..Options::default() }).await
}

/// The zone for a host: the domain without its first label.
fn zone_of(domain: &str) -> Result<&str> {
    let zone = domain.split_once('.').map(|(_, zone)| zone).filter(|zone| zone.contains('.'));
    let zone = zone.with_context(|| format!("{domain} has no host name before its domain: try www.shop.test"))?;
    // DNS serves this top-level domain alone; the CA would ask nobody for another.
    ensure!(zone.ends_with(".test"), "the local cloud serves names below .test: try www.shop.test");
    Ok(zone)
}

async fn is_registered(cli: &Cli, domain: &str) -> bool {
    cli.json(&["show", domain]).await.is_ok()
}

async fn create(setup: &Setup<'_>, record: &Record) -> Result<()> {
    setup.create_record(&record.name, &record.kind, &record.value).await
}

/// The pages to open.
async fn pages(setup: &Setup<'_>, domain: &str) -> Result<()> {
    let screen = setup.screen;
    let endpoint = setup.cli.json(&["show", domain]).await?;
    let link = setup.cli.json(&["share", domain]).await?;
    let api = &setup.cloud.description().api;
    screen.heading("Where to go from here")?;
    screen.fact("Dashboard", &format!("{api}/dashboard  (sign in as Olive; no password)"))?;
    screen.fact("Endpoint", &format!("{api}/dashboard/endpoints/{}", text(&endpoint["id"])))?;
    screen.fact("Owner", &format!("{}  (the domain owner's page; no account)", text(&link["url"])))
}

/// The commands to go on with.
fn where_to_go(screen: &Screen, name: &str) -> Result<()> {
    let (env, cloud) = if name == DEFAULT_NAME {
        (".local/env".to_owned(), String::new())
    } else {
        (format!(".local/clouds/{name}/env"), format!(" CLOUD={name}"))
    };
    screen.to_copy("Shell", &format!("set -a; . {env}; set +a; export PATH=\"$PWD/.local/bin:$PATH\""))?;
    screen.fact("Help", "managed-https --help; docs/tutorial.md goes on from here")?;
    screen.fact("Stop", &format!("make down{cloud}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_below_a_test_domain_has_a_zone() {
        assert_eq!(zone_of("www.shop.test").expect("a host"), "shop.test");
        assert_eq!(zone_of("a.b.shop.test").expect("a host"), "b.shop.test");
        for refused in ["shop.test", "test", "www.example.com"] {
            assert!(zone_of(refused).is_err(), "{refused}");
        }
    }
}
