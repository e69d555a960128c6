//! What a certificate may be used for, and whether ACM allows another one to replace it under the same ARN.
//!
//! A re-import keeps the key type and size, and loses no Key Usage and no Extended Key Usage; if there was none, none is added.
//! Source: ACM's user guide, “Reimporting a certificate”.

use std::collections::BTreeSet;

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{ExtendedKeyUsage, KeyUsage};
use x509_parser::pem::Pem;
use x509_parser::public_key::PublicKey;

/// Of one certificate. `None`: it does not have that extension.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CertificateUsages {
    /// `EC 1.2.840.10045.3.1.7` or `RSA 2048`.
    pub key: String,
    pub key_usages: Option<BTreeSet<String>>,
    pub extended: Option<BTreeSet<String>>,
}

/// Bits of KeyUsage (RFC 5280 §4.2.1.3), lowest first as the parser has them.
const KEY_USAGES: [&str; 9] = [
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
];

/// May be dropped all the same: CAs have dropped it since 2025.
const CLIENT_AUTH: &str = "clientAuth";

/// Has no meaning for a key that cannot encipher, so it may be dropped from one.
const KEY_ENCIPHERMENT: &str = "keyEncipherment";

impl CertificateUsages {
    /// Of the first certificate in `pem`.
    pub fn of(pem: &str) -> Option<Self> {
        let first = Pem::iter_from_buffer(pem.as_bytes()).next()?.ok()?;
        let leaf = first.parse_x509().ok()?;
        Some(Self {
            key: key_of(&leaf),
            key_usages: leaf.key_usage().ok()?.map(|usage| names_of(usage.value)),
            extended: leaf.extended_key_usage().ok()?.map(|usage| extended_names_of(usage.value)),
        })
    }

    /// Why ACM would not allow `new` to replace this one under its ARN; `None` if it would.
    pub fn why_not_replaced_by(&self, new: &Self) -> Option<String> {
        if self.key != new.key {
            return Some(format!("its key is {}, and the key in place is {}", new.key, self.key));
        }
        let is_ec = self.key.starts_with("EC ");
        let lost = lost(self.key_usages.as_ref(), new.key_usages.as_ref(), |usage| is_ec && usage == KEY_ENCIPHERMENT);
        if let Some(why) = lost.into_words("Key Usage") {
            return Some(why);
        }
        let lost = self::lost(self.extended.as_ref(), new.extended.as_ref(), |usage| usage == CLIENT_AUTH);
        lost.into_words("Extended Key Usage")
    }
}

/// ACM's text for a re-import that its rules forbid, if our own comparison did not predict it.
pub fn is_refused_reimport(detail: &str) -> bool {
    let words = detail.to_ascii_lowercase().replace(['-', '_'], " ");
    let about = ["key usage", "keyusage", "key algorithm", "key type", "key size"];
    about.iter().any(|word| words.contains(word))
}

enum Lost {
    Nothing,
    /// There was no such extension, but now there is.
    Added,
    Usages(Vec<String>),
}

impl Lost {
    fn into_words(self, extension: &str) -> Option<String> {
        match self {
            Self::Nothing => None,
            Self::Added => Some(format!("it has an {extension}, and the current certificate has none")),
            Self::Usages(usages) => Some(format!("it lacks the {extension} {}", usages.join(", "))),
        }
    }
}

fn lost(before: Option<&BTreeSet<String>>, after: Option<&BTreeSet<String>>, may_go: impl Fn(&str) -> bool) -> Lost {
    let Some(before) = before else {
        return if after.is_some() { Lost::Added } else { Lost::Nothing };
    };
    let there = |usage: &String| after.is_some_and(|after| after.contains(usage));
    let usages: Vec<_> = before.iter().filter(|usage| !there(usage) && !may_go(usage)).cloned().collect();
    if usages.is_empty() { Lost::Nothing } else { Lost::Usages(usages) }
}

fn key_of(leaf: &X509Certificate<'_>) -> String {
    let key = leaf.public_key();
    match key.parsed() {
        Ok(PublicKey::RSA(rsa)) => format!("RSA {}", rsa.key_size()),
        Ok(PublicKey::EC(_)) => {
            let curve = key.algorithm.parameters.as_ref().and_then(|curve| curve.as_oid().ok());
            format!("EC {}", curve.map_or_else(String::new, |curve| curve.to_id_string()))
        }
        _ => key.algorithm.algorithm.to_id_string(),
    }
}

fn names_of(usage: &KeyUsage) -> BTreeSet<String> {
    let set = KEY_USAGES.iter().enumerate().filter(|(bit, _)| usage.flags & (1 << bit) != 0);
    set.map(|(_, name)| (*name).to_owned()).collect()
}

fn extended_names_of(usage: &ExtendedKeyUsage<'_>) -> BTreeSet<String> {
    let known = [
        (usage.any, "any"),
        (usage.server_auth, "serverAuth"),
        (usage.client_auth, CLIENT_AUTH),
        (usage.code_signing, "codeSigning"),
        (usage.email_protection, "emailProtection"),
        (usage.time_stamping, "timeStamping"),
        (usage.ocsp_signing, "OCSPSigning"),
    ];
    let known = known.into_iter().filter(|(there, _)| *there).map(|(_, name)| name.to_owned());
    known.chain(usage.other.iter().map(|oid| oid.to_id_string())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose};

    fn usages(key: &str, key_usages: Option<&[&str]>, extended: Option<&[&str]>) -> CertificateUsages {
        let set = |words: &[&str]| words.iter().map(ToString::to_string).collect();
        CertificateUsages { key: key.into(), key_usages: key_usages.map(set), extended: extended.map(set) }
    }

    #[test]
    fn what_a_certificate_may_be_used_for_is_read_from_it() {
        let mut params = CertificateParams::new(vec!["example.com".to_owned()]).expect("a name");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().expect("randomness");
        let pem = params.self_signed(&key).expect("signs").pem();
        let expected = usages(
            "EC 1.2.840.10045.3.1.7",
            Some(&["digitalSignature", "keyEncipherment"]),
            Some(&["serverAuth", "clientAuth"]),
        );
        assert_eq!(CertificateUsages::of(&pem), Some(expected));
        let bare = CertificateParams::new(vec!["example.com".to_owned()]).expect("a name");
        let pem = bare.self_signed(&key).expect("signs").pem();
        assert_eq!(CertificateUsages::of(&pem), Some(usages("EC 1.2.840.10045.3.1.7", None, None)));
        assert_eq!(CertificateUsages::of("no certificate"), None);
    }

    /// ACM's rules, from its user guide.
    #[test]
    fn acm_lets_no_replacement_drop_a_usage_or_change_the_key() {
        const EC: &str = "EC 1.2.840.10045.3.1.7";
        let (both, server) = (["serverAuth", "clientAuth"], ["serverAuth"]);
        let (sign, encipher) = (["digitalSignature"], ["digitalSignature", "keyEncipherment"]);
        for (old, new, says) in [
            (usages(EC, Some(&sign), Some(&server)), usages(EC, Some(&sign), Some(&server)), None),
            (usages(EC, Some(&sign), Some(&both)), usages(EC, Some(&sign), Some(&server)), None),
            (usages(EC, Some(&sign), Some(&server)), usages(EC, Some(&sign), Some(&both)), None),
            (usages(EC, Some(&encipher), Some(&server)), usages(EC, Some(&sign), Some(&server)), None),
            (usages("RSA 2048", Some(&encipher), None), usages("RSA 2048", Some(&sign), None), Some("keyEncipherment")),
            (
                usages(EC, None, Some(&["serverAuth", "codeSigning"])),
                usages(EC, None, Some(&server)),
                Some("codeSigning"),
            ),
            (usages(EC, None, Some(&server)), usages(EC, None, None), Some("lacks the Extended Key Usage serverAuth")),
            (usages(EC, None, None), usages(EC, None, Some(&server)), Some("has none")),
            (usages("RSA 2048", None, None), usages(EC, None, None), Some("its key is EC")),
            (usages("RSA 2048", None, None), usages("RSA 4096", None, None), Some("RSA 4096")),
        ] {
            let why = old.why_not_replaced_by(&new);
            assert_eq!(why.is_some(), says.is_some(), "{old:?} {new:?}: {why:?}");
            assert!(says.is_none_or(|says| why.as_ref().is_some_and(|why| why.contains(says))), "{why:?}");
        }
    }

    #[test]
    fn the_messages_of_acm_for_a_refused_reimport_are_known() {
        for (words, about) in [
            ("ValidationException: The certificate is missing one or more Extended Key Usages of the original", true),
            ("ValidationException: the Key Usage values cannot be removed on reimport", true),
            ("ValidationException: the key algorithm must match the original certificate", true),
            ("LimitExceededException: the quota of imported certificates is reached", false),
            ("ValidationException: the certificate chain cannot be validated", false),
        ] {
            assert_eq!(is_refused_reimport(words), about, "{words}");
        }
    }
}
