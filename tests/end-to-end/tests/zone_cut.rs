//! Both sides of a zone cut, each with a name server of its own. Needs no cloud.

use std::net::{IpAddr, SocketAddr, UdpSocket};

use adapters::dns::{Dns, Roots};
use adapters::zone_cut::ZoneCut;
use anyhow::Result;
use local_cloud::{Behaviour, NameServer, StaticZone};

const ABOVE: &str = "127.0.0.61";
const SERVING: &str = "127.0.0.62";
const LAME: &str = "127.0.0.63";
const SILENT: &str = "127.0.0.64";

/// The servers of `above.test`, which delegates `child.above.test` and not `none.above.test`.
struct Servers {
    port: u16,
    _running: Vec<NameServer>,
}

impl Servers {
    async fn start() -> Result<Self> {
        let port = UdpSocket::bind((ABOVE, 0))?.local_addr()?.port();
        let above = StaticZone::new(
            "above.test",
            &[
                ("above.test", "NS", "ns.above.test."),
                ("ns.above.test", "A", ABOVE),
                ("serving.above.test", "A", SERVING),
                ("lame.above.test", "A", LAME),
                ("silent.above.test", "A", SILENT),
                ("child.above.test", "NS", "Serving.Above.Test."),
            ],
        )?;
        let child = StaticZone::new("child.above.test", &[])?;
        let mut running = Vec::new();
        for (address, behaviour) in [
            (ABOVE, Behaviour::Serving(above)),
            (SERVING, Behaviour::Serving(child)),
            (LAME, Behaviour::WithoutAuthority),
            (SILENT, Behaviour::Silent),
        ] {
            running.push(NameServer::start(SocketAddr::new(address.parse::<IpAddr>()?, port), behaviour).await?);
        }
        Ok(Self { port, _running: running })
    }

    /// The names that the server at this address, taken for a root, leads to.
    fn seen_from(&self, address: &str) -> Result<Dns> {
        let roots = Roots::Own { servers: vec![address.parse()?], trust: None };
        Ok(Dns::from_roots(roots, self.port, vec!["127.0.0.0/8".parse()?]))
    }
}

fn named(servers: &[&str]) -> Vec<String> {
    servers.iter().map(|server| format!("{server}.above.test")).collect()
}

#[tokio::test]
async fn the_parent_zone_gives_its_delegation_and_each_server_says_whether_it_serves() -> Result<()> {
    let servers = Servers::start().await?;
    let cut = ZoneCut::new(servers.seen_from(ABOVE)?);

    let asked = named(&["serving", "lame", "silent", "nowhere", "ns"]);
    let seen = cut.describe("child.above.test", &asked).await;
    assert_eq!(seen.at_parent, Ok(named(&["serving"])), "from the referral, in lower case");
    let why = |server: usize| seen.servers[server].1.as_ref().expect_err("it does not serve the zone").as_str();
    assert_eq!(seen.servers[0], (asked[0].clone(), Ok(())));
    assert!(why(1).contains("without authority"), "{seen:?}");
    assert_eq!(why(2), "no answer in time");
    assert_eq!(why(3), "its name has no address");
    assert!(seen.servers[4].1.is_err(), "a referral is no answer: {seen:?}");

    let none = cut.describe("none.above.test", &asked[..1]).await;
    assert_eq!(none.at_parent, Ok(Vec::new()), "the zone above answers, and delegates nothing");
    assert!(none.servers[0].1.as_ref().is_err_and(|why| why.contains("REFUSED")), "{none:?}");
    Ok(())
}

#[tokio::test]
async fn a_silent_parent_zone_is_an_unknown_delegation_and_not_a_missing_one() -> Result<()> {
    let servers = Servers::start().await?;
    let seen = ZoneCut::new(servers.seen_from(SILENT)?).describe("child.above.test", &[]).await;
    assert_eq!(seen.at_parent, Err("no answer in time".to_owned()));
    Ok(())
}
