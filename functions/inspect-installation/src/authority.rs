//! The CAs, and our accounts there.

use domain::installation::{Account, AuthorityFacts, Directory, InstallationCheck, Standing};

use crate::{Installation, InstalledAuthority, failed, ok, unseen, warning};

const ACCOUNT_RUNBOOK: &str = "docs/how-to/acme-account.md";

/// Both checks of the CA at this `place` of the list. Those of a fallback CA have names of their own.
pub(crate) fn authority(
    place: usize,
    seen: &AuthorityFacts,
    deployed: &InstalledAuthority,
    installation: &Installation,
) -> [InstallationCheck; 2] {
    let names =
        if place == 0 { ["acme-directory", "acme-account"] } else { ["fallback-directory", "fallback-account"] };
    [
        InstallationCheck { name: names[0].into(), ..directory(&seen.directory, deployed, installation) },
        InstallationCheck { name: names[1].into(), ..account(seen, deployed, installation) },
    ]
}

fn directory(
    seen: &Result<Directory, String>,
    deployed: &InstalledAuthority,
    installation: &Installation,
) -> InstallationCheck {
    const NAME: &str = "acme-directory";
    let url = &deployed.directory;
    let seen = match seen {
        Ok(seen) => seen,
        Err(why) => {
            return failed(
                NAME,
                format!("{url}: {why}."),
                format!(
                    "Try it from elsewhere: curl -sS {url}. If it answers there, the functions' outbound network access is blocked. If \
                     not, the CA is unavailable."
                ),
            );
        }
    };
    if let Some(profile) = deployed.profile.as_ref().filter(|profile| !seen.profiles.contains(profile)) {
        let offered = if seen.profiles.is_empty() { "none".to_owned() } else { seen.profiles.join(", ") };
        return failed(
            NAME,
            format!("{url} has no profile “{profile}”, so it refuses every order. It has: {offered}."),
            "Deploy with one of these as AcmeProfile (for a fallback CA: in FallbackAuthorities), or without a profile: make deploy",
        );
    }
    if seen.external_account_required && !installation.binds_account {
        return failed(
            NAME,
            format!("{url} requires an external account binding, and none is configured."),
            "Store the CA's key id and HMAC key in a secret {\"kid\": …, \"hmac_key\": …}, for several CAs {\"DIRECTORY\": {…}}, and deploy with its ARN as AcmeEabSecretArn: make deploy",
        );
    }
    let profile = deployed.profile.as_ref().map(|profile| format!(", profile {profile}")).unwrap_or_default();
    ok(NAME, format!("{url} answers{profile}."))
}

fn account(seen: &AuthorityFacts, deployed: &InstalledAuthority, installation: &Installation) -> InstallationCheck {
    const NAME: &str = "acme-account";
    let contact = match &installation.contact {
        Some(contact) => format!("contact {contact}"),
        None => "no contact".to_owned(),
    };
    // Accounts are pinned by CAA accounturi: one that is lost is more than a registration.
    let restore = || {
        format!(
            "Restore the last good version: aws secretsmanager list-secret-version-ids --include-deprecated \
             --secret-id {0}, then aws secretsmanager update-secret-version-stage --secret-id {0} --version-stage \
             AWSCURRENT --move-to-version-id GOOD --remove-from-version-id CURRENT. Without one, the next order makes a \
             new account, and domain owners whose CAA records name the old one (accounturi) must change them.",
            installation.account_secret
        )
    };
    let unreadable =
        |restore| failed(NAME, "The account secret cannot be read as an account: no order can be made.", restore);
    match &seen.account {
        Err(fault) => unseen(NAME, fault),
        Ok(Account::Registered { .. }) if seen.standing == Standing::Unusable => unreadable(restore()),
        Ok(Account::Registered { url }) => match refused(NAME, &seen.standing, url) {
            Some(refused) => refused,
            None => match deployed.issuer.account.as_ref().filter(|known| *known != url) {
                Some(known) => failed(
                    NAME,
                    format!(
                        "The account is {url}, but the parameters have {known}: persistent validation records and CAA \
                     records are compared with the wrong one."
                    ),
                    format!("Deploy with CaaAccountUri={url} (for a fallback CA: its caa_account_uri): make deploy"),
                ),
                None => ok(NAME, format!("{url}, {contact}.")),
            },
        },
        Ok(Account::NeverStored) => ok(NAME, format!("None yet: the first order makes it ({contact}).")),
        Ok(Account::OnlyElsewhere { directories }) => ok(
            NAME,
            format!("None at this CA yet: the next order makes it ({contact}). Kept for {}.", directories.join(", ")),
        ),
        Ok(Account::Unregistered) => warning(
            NAME,
            "The account's key is stored, but the CA has not confirmed the account: it may have refused the contact or the \
             external account binding.",
            "The next order registers it. If this stays, read the CA's words in the failure of an endpoint that waits. Runbook: \
             docs/how-to/acme-account.md",
        ),
        Ok(Account::Emptied) => failed(NAME, "The account secret is empty: the account's key is lost.", restore()),
        Ok(Account::Unreadable) => unreadable(restore()),
    }
}

/// What the CA says of the account itself: one cause for all endpoints, whatever it calls it.
fn refused(name: &str, standing: &Standing, url: &str) -> Option<InstallationCheck> {
    match standing {
        Standing::NotAsked | Standing::Valid | Standing::Unusable => None,
        Standing::Refused(failure) => {
            let action = failure.guidance.action.clone().unwrap_or_default();
            let detail = format!("The CA refuses requests of the account {url}. {}", failure.guidance.summary);
            Some(failed(name, detail, format!("{action} Runbook: {ACCOUNT_RUNBOOK}")))
        }
        Standing::Unknown(why) => Some(warning(
            name,
            format!("{url}: the CA did not say whether the account is in order: {why}."),
            "Checked again at the next inspection. If the CA's directory fails, too, it is unavailable.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{denied, facts, installation, is_failed, is_ok, is_warning};

    #[test]
    fn a_directory_must_offer_what_is_ordered() {
        let AuthorityFacts { directory: seen, .. } = facts().authorities.remove(0);
        let with = |profile: Option<&str>| {
            let deployed =
                InstalledAuthority { profile: profile.map(Into::into), ..installation().authorities.remove(0) };
            directory(&seen, &deployed, &installation())
        };
        assert!(is_ok(&with(None)) && is_ok(&with(Some("shortlived"))));
        let check = with(Some("eternal"));
        assert!(is_failed(&check) && check.detail.contains("eternal") && check.detail.contains("shortlived"));
        let deployed = installation().authorities.remove(0);
        assert!(is_failed(&directory(&Err("no answer".into()), &deployed, &installation())));

        let closed = Directory { external_account_required: true, ..seen.clone().expect("seen") };
        assert!(is_failed(&directory(&Ok(closed.clone()), &deployed, &installation())));
        let bound = Installation { binds_account: true, ..installation() };
        assert!(is_ok(&directory(&Ok(closed), &deployed, &bound)));
    }

    #[test]
    fn a_fallback_ca_is_checked_under_names_of_its_own() {
        let away = AuthorityFacts {
            directory: Err("no answer".into()),
            account: Ok(Account::NeverStored),
            standing: Standing::NotAsked,
        };
        let deployed = InstalledAuthority {
            directory: "https://second.example/dir".into(),
            ..installation().authorities.remove(0)
        };
        let [directory, account] = authority(1, &away, &deployed, &installation());
        assert_eq!((directory.name.as_str(), account.name.as_str()), ("fallback-directory", "fallback-account"));
        assert!(is_failed(&directory) && directory.detail.contains("https://second.example/dir"));
    }

    #[test]
    fn a_lost_account_is_distinguished_from_one_that_never_existed() {
        let deployed = installation().authorities.remove(0);
        let seen = |account| AuthorityFacts { account, ..facts().authorities.remove(0) };
        let judged = |known| account(&seen(Ok(known)), &deployed, &installation());
        assert!(is_ok(&judged(Account::NeverStored)));
        assert!(is_ok(&judged(Account::OnlyElsewhere { directories: vec!["https://other.example/dir".into()] })));
        assert!(is_ok(&judged(Account::Registered { url: "https://ca.example/acct/1".into() })));
        assert!(is_warning(&judged(Account::Unregistered)));
        for lost in [Account::Emptied, Account::Unreadable] {
            let check = judged(lost);
            assert!(is_failed(&check) && check.remedy.expect("a remedy").contains("update-secret-version-stage"));
        }
        let denied = seen(Err(denied("secretsmanager:GetSecretValue")));
        assert!(is_failed(&account(&denied, &deployed, &installation())));
    }

    #[test]
    fn an_account_other_than_the_one_configured_is_a_fault_of_the_parameters() {
        let judged = |known: Option<&str>| {
            let mut deployed = installation().authorities.remove(0);
            deployed.issuer.account = known.map(Into::into);
            let url = "https://ca.example/acct/1".into();
            let seen = AuthorityFacts { account: Ok(Account::Registered { url }), ..facts().authorities.remove(0) };
            account(&seen, &deployed, &installation())
        };
        assert!(is_ok(&judged(None)) && is_ok(&judged(Some("https://ca.example/acct/1"))));
        let check = judged(Some("https://ca.example/acct/2"));
        assert!(is_failed(&check));
        assert!(check.remedy.expect("a remedy").contains("CaaAccountUri=https://ca.example/acct/1"));
    }

    #[test]
    fn an_account_that_the_ca_rejects_is_reported_before_an_order_with_the_runbook() {
        use vocabulary::acme::{CaRequest, Refusal};
        use vocabulary::failure::Problem;
        let judged = |standing| {
            let url = "https://ca.example/acct/1".into();
            let account_seen = Ok(Account::Registered { url });
            let seen = AuthorityFacts { account: account_seen, standing, ..facts().authorities.remove(0) };
            account(&seen, &installation().authorities.remove(0), &installation())
        };
        assert!(is_ok(&judged(Standing::Valid)));
        assert!(is_warning(&judged(Standing::Unknown("no answer".into()))));
        for (kind, detail) in [
            ("unauthorized", "Account is not valid, has status \"deactivated\""),
            ("accountDoesNotExist", "Account \"https://ca.example/acct/1\" not found"),
            ("malformed", "JWS verification error"),
            ("userActionRequired", "Terms of service have changed"),
        ] {
            let refusal = Refusal { problem: Problem::new(kind, detail), status: Some(403), retry_after: None };
            let check = judged(Standing::Refused(Box::new(refusal.to_failure(CaRequest::Account, None))));
            assert!(is_failed(&check) && check.detail.contains(detail), "{check:?}");
            assert!(check.remedy.as_ref().is_some_and(|fix| fix.ends_with(ACCOUNT_RUNBOOK)), "{check:?}");
        }
    }
}
