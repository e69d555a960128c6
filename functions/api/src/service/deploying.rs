//! Who may say where a certificate goes, and what of it may be.

use std::fmt::Display;
use std::str::FromStr;

use domain::endpoint::Endpoint;
use vocabulary::certificate::{Deployment, ListenerArn, Region, RoleArn};
use vocabulary::names::Caller;

use crate::http::problem::Problem;
use crate::installation::Installation;

/// What somebody asks for; what is absent stays as it is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asked<'a> {
    pub(super) listeners: Option<&'a [String]>,
    pub(super) regions: Option<&'a [String]>,
    /// Empty: none.
    pub(super) role: Option<&'a str>,
}

impl Asked<'_> {
    /// What becomes of `before`. Only operators choose: a tenant that named listeners or roles would have the
    /// installation act on resources that are not the tenant's.
    pub(super) fn onto(
        self,
        before: &Deployment,
        caller: &Caller,
        installation: &Installation,
    ) -> Result<Deployment, Problem> {
        let Self { listeners, regions, role } = self;
        let named = [("listeners", listeners.is_some()), ("regions", regions.is_some()), ("role", role.is_some())];
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
        Deployment::new(listeners, regions, role, installation.account.as_ref())
            .map_err(|error| Problem::invalid_field(error.field(), error.to_string()))
    }
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

/// Roles are the stack's to name: no text of a request becomes one.
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

/// A certificate does not move to another account: it would be another one, under another ARN, that nothing knows.
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

/// What is told of a change in the history.
pub(super) fn summary(deployment: &Deployment) -> String {
    let count = |count: usize, one: &str, many: &str| match count {
        0 => format!("no {many}"),
        1 => format!("1 {one}"),
        count => format!("{count} {many}"),
    };
    let listeners = count(deployment.listeners.len(), "listener", "listeners");
    let regions: Vec<_> = deployment.regions.iter().map(Region::as_str).collect();
    let regions = if regions.is_empty() { String::new() } else { format!(", in {}", regions.join(" and ")) };
    let role = deployment.role.as_ref().map(|role| format!(", by {role}")).unwrap_or_default();
    format!("on {listeners}{regions}{role}")
}
