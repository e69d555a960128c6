//! What a cloud says about itself, for those who come later: other processes, and people.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::ca::Ca;
use crate::emulators::{ACCESS_KEY, SECRET_KEY};
use crate::issuer::IssuerDescription;
use crate::layout::CloudFolder;
use crate::options::STACK_NAME;
use crate::stack::Resources;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Description {
    pub name: String,
    /// Of the stack.
    pub region: String,
    /// Those that the stack was deployed with.
    pub parameters: Vec<(String, String)>,
    /// Base URL of every AWS service but ACM.
    pub aws: String,
    /// Base URL of ACM.
    pub acm: String,
    /// Base URL of every service, as the functions call them: the gate, which refuses what AWS would.
    pub gate: String,
    /// Base URL of the product's API; it has a path.
    pub api: String,
    pub ca: Ca,
    /// The platform's OpenID provider.
    pub issuer: IssuerDescription,
    /// PEM file of the root of the chains that the CA issues.
    pub acme_root: PathBuf,
    /// Name servers of the root.
    pub dns_roots: Vec<IpAddr>,
    /// Port of every name server, and of the resolver.
    pub dns_port: u16,
    /// Where a host with the address 127.0.0.1 is served, as the CA sees it.
    pub edge: SocketAddr,
    pub delegation_zone: String,
    pub delegation_zone_id: String,
    pub endpoint_target: String,
    /// Physical ids of the stack's resources, by their names in the template.
    pub resources: Resources,
}

impl Description {
    pub(crate) fn read(folder: &CloudFolder) -> Result<Self> {
        let file = folder.description();
        let text = fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
        serde_json::from_str(&text).with_context(|| format!("reading {}", file.display()))
    }

    pub(crate) fn write(&self, folder: &CloudFolder) -> Result<()> {
        fs::write(&self.acme_root, &self.ca.issuing_root)?;
        fs::write(folder.description(), serde_json::to_string_pretty(self)?)?;
        fs::write(folder.file("env"), self.env_file()?)?;
        Ok(())
    }

    /// Physical id of a resource of the stack: a function's name, a table's, a state machine's ARN.
    pub fn resource(&self, logical_id: &str) -> Result<&str> {
        let id = self.resources.get(logical_id).with_context(|| format!("the stack has no {logical_id}"))?;
        Ok(id)
    }

    /// The validating resolver that the CA asks.
    pub fn resolver(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.dns_port))
    }

    /// What a program needs to work with the cloud.
    pub fn environment(&self) -> Result<Vec<(&'static str, String)>> {
        Ok(vec![
            ("AWS_ENDPOINT_URL", self.aws.clone()),
            ("AWS_ENDPOINT_URL_ACM", self.acm.clone()),
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY.into()),
            ("AWS_SECRET_ACCESS_KEY", SECRET_KEY.into()),
            ("AWS_DEFAULT_REGION", self.region.clone()),
            ("STACK_NAME", STACK_NAME.into()),
            ("MANAGED_HTTPS_API", self.api.clone()),
            ("MANAGED_HTTPS_DASHBOARD", format!("{}/dashboard", self.api)),
            ("OIDC_ISSUER", self.issuer.url.clone()),
            ("ACME_DIRECTORY", self.ca.directory.clone()),
            ("ACME_ROOT", self.acme_root.display().to_string()),
            ("DNS_SERVER", self.resolver().to_string()),
            ("DELEGATION_ZONE", self.delegation_zone.clone()),
            ("ENDPOINT_TARGET", self.endpoint_target.clone()),
            ("EDGE", self.edge.to_string()),
            ("STATE_MACHINE_ARN", self.resource("IssueCertificateStateMachine")?.into()),
            ("TABLE_NAME", self.resource("EndpointsTable")?.into()),
            ("TOKEN_BUCKET", self.resource("TokenBucket")?.into()),
        ])
    }

    /// `KEY=value` lines for a shell to source.
    pub(crate) fn env_file(&self) -> Result<String> {
        let line = |(key, value): (&str, String)| format!("{key}={}\n", shell_word(&value));
        Ok(self.environment()?.into_iter().map(line).collect())
    }
}

/// Quotes only what a shell would not take as it is.
fn shell_word(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:@%+,=".contains(&byte);
    if value.bytes().all(plain) { value.to_owned() } else { format!("'{}'", value.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_quoted_only_where_a_shell_needs_it() {
        assert_eq!(shell_word("http://127.0.0.1:1/x"), "http://127.0.0.1:1/x");
        assert_eq!(shell_word("/my project/it's"), r"'/my project/it'\''s'");
    }
}
