//! How a test steers the name servers of a cloud, and asks the resolver beside them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use anyhow::{Context, Result};

use crate::dns::{Orders, SEATS, ServerFault, ds_record, roots, trust_anchor};
use crate::layout::CloudFolder;
use crate::unbound::{self, Opinion};

/// The name servers of a cloud, and its resolver: all at one port.
#[derive(Clone, Debug)]
pub struct NameServers {
    folder: CloudFolder,
    port: u16,
}

impl NameServers {
    pub(crate) fn new(folder: CloudFolder, port: u16) -> Self {
        Self { folder, port }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where the search for a name begins.
    pub fn roots(&self) -> Vec<IpAddr> {
        roots()
    }

    /// The key of the root, as a DNSKEY record of a zone file.
    pub fn trust_anchor(&self) -> Result<String> {
        trust_anchor()
    }

    /// Where the server called `name` listens: `ns1.dns.test`.
    pub fn address(&self, name: &str) -> Result<SocketAddr> {
        let seat = SEATS.iter().find(|seat| seat.name == name);
        let seat = seat.with_context(|| format!("the cloud has no name server {name}"))?;
        Ok(SocketAddr::from((seat.address, self.port)))
    }

    /// Signs a zone from now on, and returns the value of its DS record. A registry has that at once; where a hosted zone
    /// is above, its owner has to enter it.
    pub fn sign(&self, domain: &str) -> Result<String> {
        let file = self.folder.dns_orders();
        let mut orders = Orders::read(&file)?;
        orders.signed.insert(domain.to_owned());
        orders.write(&file)?;
        ds_record(domain)
    }

    /// Gives a zone a DS record of an algorithm that no resolver knows, from now on: it counts as unsigned.
    pub fn sign_oddly(&self, domain: &str) -> Result<()> {
        let file = self.folder.dns_orders();
        let mut orders = Orders::read(&file)?;
        orders.signed_oddly.insert(domain.to_owned());
        orders.write(&file)
    }

    /// Makes these the faults of the cloud's name servers, from the next question on. None of them ends all.
    pub fn spoil(&self, faults: &[ServerFault]) -> Result<()> {
        let file = self.folder.dns_orders();
        Orders { faults: faults.to_vec(), ..Orders::read(&file)? }.write(&file)
    }

    /// What a validating resolver, the one that the CA asks, makes of `name` and a type of records.
    pub async fn second_opinion(&self, name: &str, record_type: &str) -> Result<Opinion> {
        unbound::query(SocketAddr::from((Ipv4Addr::LOCALHOST, self.port)), name, record_type).await
    }
}
