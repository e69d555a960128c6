//! The identifiers of AWS resources, each parsed once.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An AWS region: `eu-central-1`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Region(String);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an AWS region; they are written like eu-central-1")]
pub struct RegionError;

/// The listener of an Application or Network Load Balancer:
/// `arn:aws:elasticloadbalancing:eu-central-1:111122223333:listener/app/NAME/ID/ID`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ListenerArn {
    text: String,
    region: Region,
    account: AccountId,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListenerArnError {
    #[error(
        "not the ARN of a listener; it is written like \
         arn:aws:elasticloadbalancing:eu-central-1:111122223333:listener/app/NAME/ID/ID"
    )]
    Malformed,
    #[error(
        "this is a load balancer; name its HTTPS or TLS listener: aws elbv2 describe-listeners --load-balancer-arn ARN"
    )]
    LoadBalancer,
    #[error(
        "this is a Classic Load Balancer, which has one certificate and no ARN for a listener; \
         attach the certificate there by hand, or move to an Application or Network Load Balancer"
    )]
    Classic,
    #[error("this is the listener of a Gateway Load Balancer, which ends no TLS and has no certificates")]
    Gateway,
    #[error("this is a rule of a listener; certificates are the listener's: name that")]
    Rule,
}

/// A role in IAM: `arn:aws:iam::111122223333:role/NAME`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RoleArn {
    text: String,
    account: AccountId,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the ARN of a role; it is written like arn:aws:iam::111122223333:role/NAME")]
pub struct RoleArnError;

/// A certificate in AWS Certificate Manager: `arn:aws:acm:eu-central-1:111122223333:certificate/ID`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CertificateArn {
    text: String,
    region: Region,
    account: AccountId,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the ARN of a certificate in ACM; it is written like arn:aws:acm:eu-central-1:111122223333:certificate/ID")]
pub struct CertificateArnError;

/// Twelve digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId(String);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the id of an AWS account, which has twelve digits")]
pub struct AccountIdError;

/// The six parts of an ARN, the last with all its colons and slashes.
fn parts(text: &str) -> Option<[&str; 6]> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let parts: [&str; 6] = parts.try_into().ok()?;
    let partition = parts[1].bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    (parts[0] == "arn" && parts[1].starts_with("aws") && partition && text.len() <= 2048).then_some(parts)
}

/// The region in an ARN; none if it has none.
pub(crate) fn region_of(arn: &str) -> Option<&str> {
    parts(arn).map(|parts| parts[3]).filter(|region| !region.is_empty())
}

impl ListenerArn {
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn region(&self) -> &Region {
        &self.region
    }

    pub fn account(&self) -> &AccountId {
        &self.account
    }
}

impl FromStr for ListenerArn {
    type Err = ListenerArnError;

    fn from_str(text: &str) -> Result<Self, ListenerArnError> {
        use ListenerArnError::{Classic, Gateway, LoadBalancer, Malformed, Rule};
        let [_, _, service, region, account, resource] = parts(text).ok_or(Malformed)?;
        let (region, account) = (region.parse().map_err(|_| Malformed)?, account.parse().map_err(|_| Malformed)?);
        let segments: Vec<&str> = resource.split('/').collect();
        match (service, segments.as_slice()) {
            ("elasticloadbalancing", ["loadbalancer", "app" | "net" | "gwy", ..]) => return Err(LoadBalancer),
            ("elasticloadbalancing", ["loadbalancer", _]) => return Err(Classic),
            ("elasticloadbalancing", ["listener-rule", ..]) => return Err(Rule),
            ("elasticloadbalancing", ["listener", "gwy", ..]) => return Err(Gateway),
            ("elasticloadbalancing", ["listener", "app" | "net", _, _, _]) => {}
            _ => return Err(Malformed),
        }
        let word = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        match segments.iter().all(word) {
            true => Ok(Self { text: text.to_owned(), region, account }),
            false => Err(Malformed),
        }
    }
}

impl CertificateArn {
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn region(&self) -> &Region {
        &self.region
    }

    pub fn account(&self) -> &AccountId {
        &self.account
    }
}

impl FromStr for CertificateArn {
    type Err = CertificateArnError;

    fn from_str(text: &str) -> Result<Self, CertificateArnError> {
        let [_, _, service, region, account, resource] = parts(text).ok_or(CertificateArnError)?;
        let region = region.parse().map_err(|_| CertificateArnError)?;
        let account = account.parse().map_err(|_| CertificateArnError)?;
        let id = resource.strip_prefix("certificate/").unwrap_or_default();
        let word = !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        match service == "acm" && word {
            true => Ok(Self { text: text.to_owned(), region, account }),
            false => Err(CertificateArnError),
        }
    }
}

impl RoleArn {
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn account(&self) -> &AccountId {
        &self.account
    }
}

impl FromStr for RoleArn {
    type Err = RoleArnError;

    fn from_str(text: &str) -> Result<Self, RoleArnError> {
        let [_, _, service, region, account, resource] = parts(text).ok_or(RoleArnError)?;
        let account = account.parse().map_err(|_| RoleArnError)?;
        let name = resource.strip_prefix("role/").ok_or(RoleArnError)?;
        let fits = |b: u8| b.is_ascii_alphanumeric() || b"+=,.@_/-".contains(&b);
        let named = !name.is_empty() && name.len() <= 576 && name.bytes().all(fits);
        match service == "iam" && region.is_empty() && named {
            true => Ok(Self { text: text.to_owned(), account }),
            false => Err(RoleArnError),
        }
    }
}

impl Region {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Region {
    type Err = RegionError;

    fn from_str(text: &str) -> Result<Self, RegionError> {
        let words: Vec<&str> = text.split('-').collect();
        let [area, middle @ .., number] = words.as_slice() else { return Err(RegionError) };
        let letters = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase());
        let fits = (2..=4).contains(&area.len())
            && letters(area)
            && !middle.is_empty()
            && middle.iter().all(|word| letters(word))
            && (1..=2).contains(&number.len())
            && number.bytes().all(|b| b.is_ascii_digit());
        match fits && text.len() <= 32 {
            true => Ok(Self(text.to_owned())),
            false => Err(RegionError),
        }
    }
}

impl AccountId {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AccountId {
    type Err = AccountIdError;

    fn from_str(text: &str) -> Result<Self, AccountIdError> {
        let fits = text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
        fits.then(|| Self(text.to_owned())).ok_or(AccountIdError)
    }
}

/// Text in, text out.
macro_rules! as_text {
    ($($name:ident: $error:ident),*) => {$(
        impl TryFrom<String> for $name {
            type Error = $error;

            fn try_from(text: String) -> Result<Self, $error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.as_str().to_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    )*};
}

as_text!(
    Region: RegionError,
    ListenerArn: ListenerArnError,
    RoleArn: RoleArnError,
    CertificateArn: CertificateArnError,
    AccountId: AccountIdError
);

#[cfg(test)]
mod tests {
    use super::*;

    const LISTENER: &str =
        "arn:aws:elasticloadbalancing:eu-central-1:111122223333:listener/app/edge/50dc6c495c0c9188/f2f7dc8efc522ab2";

    #[test]
    fn the_arn_of_a_listener_has_its_region_and_account() {
        let arn: ListenerArn = LISTENER.parse().expect("a listener");
        assert_eq!((arn.region().as_str(), arn.account().as_str()), ("eu-central-1", "111122223333"));
        assert!(LISTENER.replace("/app/", "/net/").parse::<ListenerArn>().is_ok());
        let china = LISTENER.replace("arn:aws:", "arn:aws-cn:").replace("eu-central-1", "cn-north-1");
        assert!(china.parse::<ListenerArn>().is_ok());
        assert_eq!(serde_json::to_value(&arn).expect("plain data"), LISTENER);
        assert_eq!(serde_json::from_value::<ListenerArn>(LISTENER.into()).expect("the same"), arn);
    }

    #[test]
    fn what_is_no_listener_with_certificates_is_refused_by_its_own_name() {
        use ListenerArnError::*;
        let balancer = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer";
        for (text, error) in [
            (format!("{balancer}/app/edge/50dc6c495c0c9188"), LoadBalancer),
            (format!("{balancer}/classic-edge"), Classic),
            (LISTENER.replace("/app/", "/gwy/"), Gateway),
            (LISTENER.replace("listener/", "listener-rule/") + "/9683b2d02a6cabee", Rule),
            (LISTENER.replace("eu-central-1", ""), Malformed),
            (LISTENER.replace("111122223333", "11112222333"), Malformed),
            (LISTENER.replace("elasticloadbalancing", "acm"), Malformed),
            (LISTENER.replace("/f2f7dc8efc522ab2", ""), Malformed),
            (LISTENER.replace("edge", "ed ge"), Malformed),
            (format!("{LISTENER}\n"), Malformed),
            ("shop.example.com".into(), Malformed),
            (String::new(), Malformed),
        ] {
            assert_eq!(text.parse::<ListenerArn>(), Err(error), "{text}");
        }
    }

    #[test]
    fn the_arn_of_a_certificate_is_of_acm_and_has_its_region_and_account() {
        let text = "arn:aws:acm:us-east-1:111122223333:certificate/2f1c-AB";
        let arn: CertificateArn = text.parse().expect("a certificate");
        assert_eq!((arn.region().as_str(), arn.account().as_str()), ("us-east-1", "111122223333"));
        for bad in [
            text.replace(":acm:", ":iam:"),
            text.replace("certificate/", "server-certificate/"),
            text.replace("us-east-1", ""),
            format!("{text}/x"),
            text.replace("2f1c-AB", ""),
            format!("{text} "),
            String::new(),
        ] {
            assert_eq!(bad.parse::<CertificateArn>(), Err(CertificateArnError), "{bad}");
        }
    }

    #[test]
    fn roles_are_iams_and_have_an_account() {
        let role: RoleArn = "arn:aws:iam::444455556666:role/platform/managed-https".parse().expect("a role");
        assert_eq!(role.account().as_str(), "444455556666");
        for bad in [
            "arn:aws:iam::444455556666:user/ann",
            "arn:aws:iam::444455556666:role/",
            "arn:aws:iam:eu-central-1:444455556666:role/x",
            "arn:aws:sts::444455556666:assumed-role/x/y",
            "arn:aws:iam::*:role/x",
            "arn:aws:iam::444455556666:role/*",
        ] {
            assert_eq!(bad.parse::<RoleArn>(), Err(RoleArnError), "{bad}");
        }
    }

    #[test]
    fn regions_are_known_by_their_form() {
        for good in ["eu-central-1", "us-gov-west-1", "ap-southeast-12", "cn-north-1", "us-isob-east-1"] {
            assert!(good.parse::<Region>().is_ok(), "{good}");
        }
        for bad in ["eu-central", "EU-central-1", "eu--1", "global", "eu-central-1a", "eu-central-123", "", "e-c-1"] {
            assert_eq!(bad.parse::<Region>(), Err(RegionError), "{bad}");
        }
    }
}
