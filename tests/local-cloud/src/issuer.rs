//! The platform's token issuer, as far as a cloud needs one: three people, and a key of its own.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use ::issuer::{Client, Issuer, Person, SigningKey};
use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use serde_json::json;
use time::OffsetDateTime;
use tokio::net::TcpListener;

use crate::layout::{CloudFolder, Project};

/// The template's default.
const CLIENT_ID: &str = "managed-https";
const OPERATOR_ROLE: &str = "managed-https-operator";

/// RSA, since API Gateway takes nothing else, and `ring` makes no such keys. PKCS#1, which it reads.
const MAKE_KEY: &str = "
import sys
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import rsa
key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
sys.stdout.buffer.write(key.private_bytes(s.Encoding.DER, s.PrivateFormat.TraditionalOpenSSL, s.NoEncryption()))
";

/// The issuer of a cloud, for those who come later.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IssuerDescription {
    /// As in its tokens.
    pub url: String,
    pub client_id: String,
    /// The one address that it sends browsers back to.
    pub redirect_uri: String,
    /// PKCS#1 in DER; readable by its owner only.
    key: PathBuf,
}

impl IssuerDescription {
    /// Makes the key. `api` is the base URL of the product's API.
    pub(crate) fn new(url: String, api: &str, key: PathBuf) -> Self {
        Self { url, client_id: CLIENT_ID.into(), redirect_uri: format!("{api}/sign-in/callback"), key }
    }

    pub(crate) fn key(&self) -> &std::path::Path {
        &self.key
    }

    fn open(&self) -> Result<Issuer> {
        open(&self.url, self.redirect_uri.clone(), &self.key)
    }

    /// A token of somebody with these claims, good for an hour.
    pub fn token(&self, person: &Person) -> Result<String> {
        Ok(self.open()?.token(person, OffsetDateTime::now_utc()))
    }
}

/// Somebody who sees the endpoints of all tenants.
pub fn operator() -> Person {
    Person::new("olive", "Olive, operator of the platform", json!({"roles": [OPERATOR_ROLE]}))
}

/// Somebody of a tenant.
pub fn tenant(name: &str) -> Person {
    Person::new(&format!("user@{name}"), &format!("A user of the tenant {name}"), json!({"tenant": name}))
}

pub(crate) fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// Makes the key that a cloud's tokens are signed with.
pub(crate) fn make_key(project: &Project, folder: &CloudFolder) -> Result<PathBuf> {
    let made = Command::new(project.tool("ministack", "python")?).args(["-c", MAKE_KEY]).output()?;
    ensure!(made.status.success(), "making the issuer's key: {}", String::from_utf8_lossy(&made.stderr));
    let file = folder.file("issuer-key.der");
    fs::write(&file, []).with_context(|| format!("writing {}", file.display()))?;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600))?;
    fs::write(&file, made.stdout)?;
    Ok(file)
}

/// Serves until the process ends.
pub(crate) async fn serve(port: u16, redirect_uri: String, key: &std::path::Path) -> Result<()> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    open(&url(port), redirect_uri, key)?.serve(listener).await.context("the issuer")
}

fn open(url: &str, redirect_uri: String, key: &std::path::Path) -> Result<Issuer> {
    let der = fs::read(key).with_context(|| format!("reading {}", key.display()))?;
    let people = vec![operator(), tenant("acme"), tenant("globex")];
    Ok(Issuer::new(url, Client { id: CLIENT_ID.into(), redirect_uri }, SigningKey::rsa(&der)?, people))
}
