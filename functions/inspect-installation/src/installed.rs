//! What the installation was deployed with.

use inspect_installation::{Installation, InstalledAuthority, Reserved};
use runtime::{ConfigurationError, Wiring};

pub(crate) fn installed(wiring: &Wiring) -> Result<Installation, ConfigurationError> {
    let environment = wiring.environment();
    Ok(Installation {
        stack: environment.required("STACK_NAME")?,
        delegation_zone: wiring.delegation_zone_name()?,
        authorities: wiring
            .deployed_authorities()?
            .map(|(directory, profile, issuer)| InstalledAuthority { directory, profile, issuer })
            .collect(),
        contact: environment.optional("ACME_CONTACT"),
        binds_account: environment.optional("EAB_SECRET").is_some(),
        account_secret: environment.required("ACCOUNT_SECRET")?,
        alerts_topic: environment.required("ALERTS_TOPIC")?,
        records_to_writer: environment.required("RECORDS_TO_WRITER")?,
        dead_letters: environment.required("SCAN_DEAD_LETTERS")?,
        state_machine: environment.required("STATE_MACHINE_ARN")?,
        silence: time::Duration::seconds(environment.parsed("HEARTBEAT_SECONDS")?.unwrap_or(900)),
        issuer: environment.optional("OIDC_ISSUER"),
        acm_quotas: wiring.acm_quotas()?,
        home: wiring.region()?,
        pools: wiring.listener_pools()?,
        reserved: Reserved {
            api: environment.parsed("API_CONCURRENCY")?.unwrap_or_default(),
            challenges: environment.parsed("CHALLENGE_CONCURRENCY")?.unwrap_or_default(),
        },
    })
}
