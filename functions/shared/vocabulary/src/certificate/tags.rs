//! Tags of an endpoint, which its certificate in ACM also has.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// ACM takes 50 tags on a certificate. Two are this product's own.
pub const MOST_TAGS: usize = 48;

/// AWS's own limits, in characters. Source: "Tag naming limits and requirements" of the AWS tagging guide.
const LONGEST_KEY: usize = 128;
const LONGEST_VALUE: usize = 256;

/// The prefix of this product's own keys. Its roles have their permissions by them, and IAM compares tag keys without regard to
/// case.
pub const OWN_TAGS: &str = "managed-https";

/// Tags for a certificate: at most [`MOST_TAGS`], none of which is AWS's or this product's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, String>", into = "BTreeMap<String, String>")]
pub struct CertificateTags(BTreeMap<String, String>);

/// Why a tag is invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateTagsError {
    #[error("more than {MOST_TAGS} tags, which is all that ACM has room for beside the installation's own")]
    TooMany,
    #[error("the key “{0}” has not 1 to {LONGEST_KEY} characters")]
    KeyLength(String),
    #[error("the value of “{0}” has more than {LONGEST_VALUE} characters")]
    ValueLength(String),
    #[error("“{0}” has characters other than letters, digits, spaces and _ . : / = + - @")]
    Characters(String),
    #[error("the key “{0}” begins with aws:, which AWS reserves")]
    OfAws(String),
    #[error("the key “{0}” is reserved: the installation knows its certificates by {OWN_TAGS} and {OWN_TAGS}:…")]
    Own(String),
}

impl CertificateTags {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// The keys that `others` do not have.
    pub fn keys_beyond<'a>(&'a self, others: &'a Self) -> impl Iterator<Item = &'a str> {
        self.0.keys().map(String::as_str).filter(|key| !others.0.contains_key(*key))
    }

    /// The tags of both; `others` has priority for a key that both have. There may be more than a certificate takes.
    pub fn with(&self, others: &Self) -> Self {
        Self(self.0.iter().chain(&others.0).map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    /// As in requests and responses.
    pub fn to_map(&self) -> BTreeMap<String, String> {
        self.0.clone()
    }
}

impl TryFrom<BTreeMap<String, String>> for CertificateTags {
    type Error = CertificateTagsError;

    fn try_from(tags: BTreeMap<String, String>) -> Result<Self, CertificateTagsError> {
        use CertificateTagsError as No;
        // While tags change, a record has the previous and the new ones.
        if tags.len() > 2 * MOST_TAGS {
            return Err(No::TooMany);
        }
        for (key, value) in &tags {
            let begins = |with: &str| key.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
            let rest = key.get(OWN_TAGS.len()..).filter(|_| begins(OWN_TAGS));
            match () {
                () if !(1..=LONGEST_KEY).contains(&key.chars().count()) => return Err(No::KeyLength(key.clone())),
                () if value.chars().count() > LONGEST_VALUE => return Err(No::ValueLength(key.clone())),
                () if !key.chars().all(is_allowed) => return Err(No::Characters(key.clone())),
                () if !value.chars().all(is_allowed) => return Err(No::Characters(value.clone())),
                () if begins("aws:") => return Err(No::OfAws(key.clone())),
                () if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':')) => {
                    return Err(No::Own(key.clone()));
                }
                () => {}
            }
        }
        Ok(Self(tags))
    }
}

impl CertificateTags {
    /// The tags of a request.
    ///
    /// # Errors
    ///
    /// [`CertificateTagsError`], with the tag at fault.
    pub fn parse(tags: BTreeMap<String, String>) -> Result<Self, CertificateTagsError> {
        match tags.len() > MOST_TAGS {
            true => Err(CertificateTagsError::TooMany),
            false => tags.try_into(),
        }
    }
}

/// `[\p{L}\p{Z}\p{N}_.:\/=+\-@]`, as in the API of ACM; of the separators only those that people see as a space.
fn is_allowed(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, ' ' | '\u{a0}') || "_.:/=+-@".contains(character)
}

impl From<CertificateTags> for BTreeMap<String, String> {
    fn from(tags: CertificateTags) -> Self {
        tags.0
    }
}

/// `team=shops, stage=production`
impl fmt::Display for CertificateTags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<String> = self.iter().map(|(key, value)| format!("{key}={value}")).collect();
        f.write_str(&all.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(key: &str, value: &str) -> Result<CertificateTags, CertificateTagsError> {
        CertificateTags::parse(BTreeMap::from([(key.to_owned(), value.to_owned())]))
    }

    #[test]
    fn tags_are_bounded_as_aws_bounds_them() {
        assert!(one(&"k".repeat(128), &"v".repeat(256)).is_ok() && one("ä b", "").is_ok());
        assert!(one("cost:center/1", "a_b.c=d+e-f@g").is_ok());
        assert_eq!(one("", "v"), Err(CertificateTagsError::KeyLength(String::new())));
        assert!(matches!(one(&"ä".repeat(129), "v"), Err(CertificateTagsError::KeyLength(_))));
        assert!(matches!(one("k", &"v".repeat(257)), Err(CertificateTagsError::ValueLength(_))));
        for (key, value) in [("a,b", "v"), ("k", "a\nb"), ("k", "100%"), ("a*", "v")] {
            assert!(matches!(one(key, value), Err(CertificateTagsError::Characters(_))), "{key}={value}");
        }
        let many = |count: usize| (0..count).map(|n| (format!("k{n}"), String::new())).collect::<BTreeMap<_, _>>();
        assert!(CertificateTags::parse(many(48)).is_ok());
        assert_eq!(CertificateTags::parse(many(49)), Err(CertificateTagsError::TooMany));
    }

    #[test]
    fn tags_of_aws_and_of_the_installation_cannot_be_set() {
        for key in ["aws:x", "AWS:x", "Aws:"] {
            assert!(matches!(one(key, "v"), Err(CertificateTagsError::OfAws(_))), "{key}");
        }
        for key in ["managed-https", "Managed-HTTPS", "managed-https:endpoint", "MANAGED-HTTPS:endpoint"] {
            assert!(matches!(one(key, "v"), Err(CertificateTagsError::Own(_))), "{key}");
        }
        for key in ["managed-https-team", "my-managed-https", "aws", "xaws:y"] {
            assert!(one(key, "v").is_ok(), "{key}");
        }
    }

    #[test]
    fn changed_tags_are_found_and_old_and_new_together_can_be_stored() {
        let tags = |from: usize, to: usize| {
            let all = (from..to).map(|n| (format!("k{n}"), format!("{from}"))).collect();
            CertificateTags::parse(all).expect("few")
        };
        let (before, after) = (tags(0, 48), tags(40, 88));
        assert_eq!(before.keys_beyond(&after).count(), 40);
        let both = before.with(&after);
        assert_eq!(both.iter().find(|(key, _)| *key == "k44"), Some(("k44", "40")));
        let stored = serde_json::to_string(&both).expect("plain data");
        assert_eq!(serde_json::from_str::<CertificateTags>(&stored).expect("reads"), both);
        assert_eq!(one("team", "a b").expect("a tag").to_string(), "team=a b");
    }
}
