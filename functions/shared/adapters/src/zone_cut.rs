//! How the parent delegates a zone, and whether the servers it should name answer for the zone.

use domain::installation::Delegation;
use futures::future::join_all;
use hickory_resolver::proto::rr::Name;
use vocabulary::dns::{Answer, RecordKind};

use crate::dns::{Dns, Recursion, absolute};

/// Queries both sides of a zone cut (RFC 1034 §4.2.1).
#[derive(Clone)]
pub struct ZoneCut {
    dns: Dns,
}

impl ZoneCut {
    pub fn new(dns: Dns) -> Self {
        Self { dns }
    }

    /// `name_servers` are those that serve `zone`, whatever the parent says.
    pub async fn describe(&self, zone: &str, name_servers: &[String]) -> Delegation {
        let Ok(zone) = absolute(zone) else {
            return Delegation { at_parent: Err("the zone is not a DNS name".into()), servers: Vec::new() };
        };
        let recursion = self.dns.begin_one();
        let servers = name_servers.iter().map(async |server| (server.clone(), serves(&recursion, server, &zone).await));
        let (at_parent, servers) = tokio::join!(recursion.delegated(&zone), join_all(servers));
        Delegation { at_parent: at_parent.map_err(|why| why.to_string()), servers }
    }
}

/// Whether `server` itself answers for the zone.
async fn serves(recursion: &Recursion, server: &str, zone: &Name) -> Result<(), String> {
    let server = recursion.server(&absolute(server)?).await;
    match recursion.question(&server, zone, RecordKind::Soa, false).await.answer {
        Answer::Records(_) => Ok(()),
        Answer::NoData | Answer::NxDomain => Err("it does not serve the zone".into()),
        Answer::Failed(why) => Err(why.to_string()),
    }
}
