//! Who may choose where a certificate goes, and which choices are valid.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use domain::endpoint::Endpoint;
use vocabulary::certificate::{
    CertificateArn, CertificateArnError, CertificateTags, Deployment, ListenerArn, POOL_PREFIX, PoolName,
    PoolNameError, Region, RoleArn,
};
use vocabulary::names::Caller;

use crate::http::problem::Problem;
use crate::installation::Installation;

/// What a request asks for; absent fields stay as they are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asked<'a> {
    pub(super) listeners: Option<&'a [String]>,
    pub(super) regions: Option<&'a [String]>,
    /// Empty: none.
    pub(super) role: Option<&'a str>,
    /// Empty: none.
    pub(super) adopt: Option<&'a str>,
    pub(super) tags: Option<&'a BTreeMap<String, String>>,
    /// The only part that tenants choose as well.
    pub(super) export_key: Option<bool>,
}

impl<'a> Asked<'a> {
    /// The pool that is asked for instead of listeners.
    pub(super) fn pool(self) -> Result<Option<PoolName>, Problem> {
        let listeners = self.listeners.unwrap_or_default();
        let Some((index, name)) = position_of_pool(listeners) else { return Ok(None) };
        if listeners.len() > 1 {
            let detail = "A pool chooses the listener: name it alone.";
            return Err(Problem::invalid_field(format!("listeners[{index}]"), detail));
        }
        let wrong = |error: PoolNameError| Problem::invalid_field("listeners[0]", format!("“{name}”: {error}."));
        name.parse().map(Some).map_err(wrong)
    }

    /// All but the pool's listener, which is chosen once everything else is valid.
    pub(super) fn without_pool(self) -> Asked<'a> {
        let named = self.listeners.filter(|listeners| position_of_pool(listeners).is_none());
        Asked { listeners: self.listeners.and(named.or(Some(&[]))), ..self }
    }

    /// Applies the request to `before`. Only operators choose: a tenant that named listeners or roles would have the
    /// installation act on resources that are not the tenant's.
    pub(super) fn onto(
        self,
        before: &Deployment,
        caller: &Caller,
        installation: &Installation,
    ) -> Result<Deployment, Problem> {
        let Self { listeners, regions, role, adopt, tags, export_key } = self;
        let named = [
            ("listeners", listeners.is_some()),
            ("regions", regions.is_some()),
            ("role", role.is_some()),
            ("adopt", adopt.is_some()),
            ("tags", tags.is_some()),
        ];
        let before = &match export_key {
            Some(export_key) => {
                Deployment { export_key: exportable(export_key, before, installation)?, ..before.clone() }
            }
            None => before.clone(),
        };
        let Some((field, _)) = named.into_iter().find(|(_, named)| *named) else { return Ok(before.clone()) };
        if !caller.is_operator() {
            return Err(Problem::operators_choose_places().with_field(field));
        }
        let listeners = match listeners {
            Some(texts) => all::<ListenerArn>("listeners", texts)?,
            None => before.listeners.clone(),
        };
        let regions = match regions {
            Some(texts) => all::<Region>("regions", texts)?,
            None => before.regions.clone(),
        };
        let role = match role {
            Some("") => None,
            Some(text) => Some(allowed(text, &installation.deployment_roles)?),
            None => before.role.clone(),
        };
        let deployment = Deployment::new(listeners, regions, role, installation.account.as_ref())
            .map_err(|error| Problem::invalid_field(error.field(), error.to_string()))?;
        let adopt = match adopt {
            Some("") => None,
            Some(text) => Some(adoptable(text, &deployment, installation)?),
            None => before.adopt.clone(),
        };
        let tags = match tags {
            Some(tags) => {
                let wrong = |error| Problem::invalid_field("tags", format!("{error}."));
                CertificateTags::parse(tags.clone()).map_err(wrong)?
            }
            None => before.tags.clone(),
        };
        let export_key = before.export_key;
        // The listeners stay, and so do these, even if the pools have changed since.
        let (pool, target) = (before.pool.clone(), before.target.clone());
        Ok(Deployment { pool, adopt, target, tags, export_key, ..deployment })
    }
}

/// Which of them names a pool, and its name.
fn position_of_pool(listeners: &[String]) -> Option<(usize, &str)> {
    listeners.iter().enumerate().find_map(|(index, text)| Some((index, text.strip_prefix(POOL_PREFIX)?)))
}

fn all<T: FromStr>(field: &str, texts: &[String]) -> Result<Vec<T>, Problem>
where
    T::Err: Display,
{
    let parse = |(index, text): (usize, &String)| {
        let wrong = |error: T::Err| Problem::invalid_field(format!("{field}[{index}]"), format!("“{text}”: {error}."));
        text.parse().map_err(wrong)
    };
    texts.iter().enumerate().map(parse).collect()
}

/// Checks what the ARN shows; the rest is checked before the certificate is replaced.
fn adoptable(text: &str, deployment: &Deployment, installation: &Installation) -> Result<CertificateArn, Problem> {
    let wrong = |why: String| Problem::invalid_field("adopt", why);
    let arn: CertificateArn =
        text.parse().map_err(|error: CertificateArnError| wrong(format!("“{text}”: {error}.")))?;
    if arn.region().as_str() != installation.home {
        let home = &installation.home;
        return Err(wrong(format!("The certificate is in {}, and the installation in {home}.", arn.region())));
    }
    if deployment.role.is_some() {
        return Err(wrong(
            "A certificate in another account cannot be taken over: leave out role or adopt.".to_owned(),
        ));
    }
    if let Some(own) = installation.account.as_ref().filter(|own| *own != arn.account()) {
        let found = arn.account();
        return Err(wrong(format!("The certificate is in the account {found}, and the installation in {own}.")));
    }
    Ok(arn)
}

/// Turning it off is always possible.
fn exportable(wanted: bool, before: &Deployment, installation: &Installation) -> Result<bool, Problem> {
    if wanted && !before.export_key && installation.export.reader.is_none() {
        let why = "This installation exports no private keys: its parameter ExportRoleArn is empty.";
        return Err(Problem::invalid_field("export_key", why));
    }
    Ok(wanted)
}

/// Only the stack names roles: text of a request never becomes one.
fn allowed(text: &str, roles: &[RoleArn]) -> Result<RoleArn, Problem> {
    roles.iter().find(|role| role.as_str() == text).cloned().ok_or_else(|| {
        let detail = match roles {
            [] => "This installation was deployed without roles: its parameter DeploymentRoleArns is empty.".to_owned(),
            _ => format!(
                "“{text}” is not among the roles that this installation was deployed with (DeploymentRoleArns)."
            ),
        };
        Problem::invalid_field("role", detail)
    })
}

/// Once the endpoint has a certificate, it cannot replace another one.
pub(super) fn may_adopt(seen: &Endpoint, after: &Deployment) -> Result<(), Problem> {
    if after.adopt.is_none()
        || seen.deployment.adopt == after.adopt
        || (seen.certificate.is_none() && !seen.is_importing())
    {
        return Ok(());
    }
    let why =
        "The endpoint has a certificate already, or one is being imported: so it cannot take the place of another one.";
    Err(Problem::invalid_field("adopt", why))
}

/// A certificate cannot move to another account: it would be a new one, under a new ARN that nothing uses.
pub(super) fn may_move(seen: &Endpoint, after: &Deployment) -> Result<(), Problem> {
    if seen.deployment.role == after.role || (seen.certificate.is_none() && !seen.is_importing()) {
        return Ok(());
    }
    Err(Problem::conflict(
        "role-in-use",
        "The certificate is in an account already",
        "The role says which account the certificate is in, and this endpoint has one.",
        "Remove the endpoint, and register it again with the role.",
    )
    .with_field("role"))
}

/// The changes for the history, part by part; unchanged parts are left out.
pub(super) fn changes(before: &Deployment, after: &Deployment, secret: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let apart = |deployment: &Deployment| Deployment {
        tags: CertificateTags::default(),
        export_key: false,
        ..deployment.clone()
    };
    if apart(before) != apart(after) {
        parts.push(format!("now {}", summary(after)));
    }
    if before.tags != after.tags {
        parts.push(match after.tags.is_empty() {
            true => "now without tags".to_owned(),
            false => format!("now tagged {}", after.tags),
        });
    }
    match (before.export_key, after.export_key) {
        (false, true) => parts.push(format!("from now on exported with its private key to the secret {secret}")),
        (true, false) => {
            parts.push(format!("no longer exported: the next attempt deletes the secret {secret} with its private key"))
        }
        _ => {}
    }
    parts
}

/// Where it goes.
fn summary(deployment: &Deployment) -> String {
    let count = |count: usize, one: &str, many: &str| match count {
        0 => format!("no {many}"),
        1 => format!("1 {one}"),
        count => format!("{count} {many}"),
    };
    let listeners = count(deployment.listeners.len(), "listener", "listeners");
    let regions: Vec<_> = deployment.regions.iter().map(Region::as_str).collect();
    let regions = if regions.is_empty() { String::new() } else { format!(", in {}", regions.join(" and ")) };
    let role = deployment.role.as_ref().map(|role| format!(", by {role}")).unwrap_or_default();
    let pool = deployment.pool.as_ref().map(|pool| format!(" of the pool {pool}")).unwrap_or_default();
    let adopt = deployment.adopt.as_ref().map(|arn| format!(", in the place of {arn}")).unwrap_or_default();
    format!("on {listeners}{pool}{regions}{role}{adopt}")
}
