//! The part of a cloud that is the project's own: DNS, edge and token issuer in one process.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use anyhow::Result;
use tokio::net::TcpListener;

use crate::dns;
use crate::edge::Edge;
use crate::{emulators, issuer};

/// What the process needs to know.
#[derive(Clone, Debug, clap::Args)]
pub struct ServeOptions {
    /// Port of the emulated AWS.
    #[arg(long)]
    pub ministack: u16,
    /// Port of the name servers, UDP and TCP.
    #[arg(long)]
    pub dns: u16,
    /// File that the emulated AWS writes the hosted zones to.
    #[arg(long)]
    pub zones: PathBuf,
    /// File with what tests order of the name servers.
    #[arg(long)]
    pub dns_orders: PathBuf,
    /// Port of the edge.
    #[arg(long)]
    pub edge: u16,
    /// File that names the function which answers HTTP-01 challenges, and its region.
    #[arg(long)]
    pub responder: PathBuf,
    /// Port of the token issuer.
    #[arg(long)]
    pub issuer: u16,
    /// File with the key that it signs with.
    #[arg(long)]
    pub issuer_key: PathBuf,
    /// Where it sends browsers back to.
    #[arg(long)]
    pub redirect_uri: String,
}

/// Serves until the process is ended, or one of the three fails.
pub async fn serve(options: ServeOptions) -> Result<()> {
    let endpoint = emulators::url(options.ministack);
    let loopback = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));

    let listener = TcpListener::bind(loopback(options.edge)).await?;
    let edge = Edge::new(endpoint, options.responder);
    tokio::select! {
        ended = dns::serve(options.dns, &options.zones, &options.dns_orders) => ended,
        ended = edge.serve(listener) => ended,
        ended = issuer::serve(options.issuer, options.redirect_uri, &options.issuer_key) => ended,
    }
}
