//! The commands after which an endpoint's certificate is no longer trusted, or no longer there.

use clap::{Args, ValueEnum};

use super::endpoint::Waiting;
use super::{Named, Output};

/// Why a certificate is revoked (RFC 5280, 5.3.1)
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Reason {
    /// Somebody else has, or may have, its key
    KeyCompromise,
    /// Its names are no longer in use, or no longer yours
    CessationOfOperation,
    /// Another certificate has replaced it
    Superseded,
    /// None of these
    Unspecified,
}

impl Reason {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::KeyCompromise => "key-compromise",
            Self::CessationOfOperation => "cessation-of-operation",
            Self::Superseded => "superseded",
            Self::Unspecified => "unspecified",
        }
    }

    pub(crate) fn to_wire(self) -> wire::RevocationReason {
        match self {
            Self::KeyCompromise => wire::RevocationReason::KeyCompromise,
            Self::CessationOfOperation => wire::RevocationReason::CessationOfOperation,
            Self::Superseded => wire::RevocationReason::Superseded,
            Self::Unspecified => wire::RevocationReason::Unspecified,
        }
    }
}

/// Replace the current certificate, and revoke the old one at its CA
///
/// For a key that somebody else has, or may have. A new certificate with a new
/// key is issued and takes its place first; then the CA that issued the old
/// one revokes it, with the account that ordered it. Asks first; without a
/// terminal it needs --yes (else exit status 2). With --wait the exit status
/// says whether it was revoked. If the CA refuses, the request is not
/// repeated: the events have the CA's words.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  managed-https revoke www.example.com --reason key-compromise
  managed-https revoke www.example.com --reason key-compromise --yes --wait")]
pub(crate) struct Revoke {
    #[command(flatten)]
    pub(crate) named: Named,

    /// Why
    #[arg(long, value_enum)]
    pub(crate) reason: Reason,

    /// Do not ask
    #[arg(long, short)]
    pub(crate) yes: bool,

    #[command(flatten)]
    pub(crate) waiting: Waiting,

    #[command(flatten)]
    pub(crate) output: Output,
}

/// Stop managing an endpoint, and delete its certificate
///
/// Asks first; without a terminal it needs --yes (else exit status 2). The
/// clean-up is an attempt of its own: tokens and TXT records first, then the
/// certificate in ACM unless something still uses it, then the endpoint. With
/// --wait the command ends once the endpoint is gone. `history` and `events`
/// keep what happened, by the endpoint's id.
///
/// The certificate is revoked only with --revoke: without it, copies in use
/// elsewhere work until it expires.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  managed-https remove www.example.com
  managed-https remove www.example.com --yes --wait
  managed-https remove www.example.com --revoke cessation-of-operation")]
pub(crate) struct Remove {
    #[command(flatten)]
    pub(crate) named: Named,

    /// Revoke its certificate at its CA first, for this reason
    #[arg(long, value_enum, value_name = "REASON")]
    pub(crate) revoke: Option<Reason>,

    /// Do not ask
    #[arg(long, short)]
    pub(crate) yes: bool,

    #[command(flatten)]
    pub(crate) waiting: Waiting,

    #[command(flatten)]
    pub(crate) output: Output,
}
