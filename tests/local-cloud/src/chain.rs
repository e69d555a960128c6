//! Whether a certificate leads to the CA's root.

use anyhow::{Context, Result, ensure};
use time::OffsetDateTime;
use x509_parser::pem::Pem;
use x509_parser::prelude::{GeneralName, X509Certificate};

/// What a certificate says whose chain was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedChain {
    /// Lower-case hexadecimal, without separators.
    pub serial: String,
    /// DNS names, sorted.
    pub names: Vec<String>,
    pub not_before: OffsetDateTime,
    pub not_after: OffsetDateTime,
    /// DER of the public key's SubjectPublicKeyInfo.
    pub public_key: Vec<u8>,
    /// Certificates from the leaf to the root, both counted.
    pub length: usize,
}

/// Follows the signatures from `certificate` over `chain` to `root` (all PEM), at the current time.
pub(crate) fn verify(certificate: &str, chain: &str, root: &str) -> Result<VerifiedChain> {
    let pems: Vec<_> = [certificate, chain, root]
        .into_iter()
        .flat_map(|text| Pem::iter_from_buffer(text.as_bytes()))
        .collect::<Result<_, _>>()
        .context("reading PEM")?;
    let parsed: Vec<_> = pems.iter().map(Pem::parse_x509).collect::<Result<_, _>>().context("reading a certificate")?;
    ensure!(parsed.len() >= 2, "a certificate and a root are needed");
    for pair in parsed.windows(2) {
        let [subject, issuer] = pair else { unreachable!("windows of two") };
        ensure!(subject.issuer() == issuer.subject(), "{} is not issued by {}", subject.subject(), issuer.subject());
        ensure!(issuer.is_ca(), "{} is no CA", issuer.subject());
        subject
            .verify_signature(Some(issuer.public_key()))
            .with_context(|| format!("the signature of {} on {}", issuer.subject(), subject.subject()))?;
    }
    for one in &parsed {
        ensure!(one.validity().is_valid(), "{} is not valid at this moment", one.subject());
    }
    let leaf = &parsed[0];
    Ok(VerifiedChain {
        serial: leaf.raw_serial().iter().map(|byte| format!("{byte:02x}")).collect(),
        names: names_of(leaf)?,
        not_before: leaf.validity().not_before.to_datetime(),
        not_after: leaf.validity().not_after.to_datetime(),
        public_key: leaf.public_key().raw.to_vec(),
        length: parsed.len(),
    })
}

fn names_of(certificate: &X509Certificate<'_>) -> Result<Vec<String>> {
    let alternatives = certificate.subject_alternative_name()?.context("no subject alternative names")?;
    let mut names: Vec<_> = alternatives
        .value
        .general_names
        .iter()
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            _ => None,
        })
        .collect();
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

    use super::*;

    fn root(name: &str) -> CertifiedIssuer<'static, KeyPair> {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
    }

    #[test]
    fn a_chain_is_good_only_under_the_root_whose_key_signed_it() {
        let (ours, impostor) = (root("root"), root("root"));
        let leaf = CertificateParams::new(vec!["b.test".into(), "a.test".into()])
            .unwrap()
            .signed_by(&KeyPair::generate().unwrap(), &ours)
            .unwrap();

        let verified = verify(&leaf.pem(), "", &ours.pem()).unwrap();
        assert_eq!(verified.names, ["a.test", "b.test"]);
        assert!(verify(&leaf.pem(), "", &impostor.pem()).is_err(), "same name, other key");
    }
}
