//! The delegation zone: in Route 53, and as the world sees it.

use domain::installation::{Delegation, HostedZone, InstallationCheck, Observed};

use crate::{Installation, failed, ok, unseen, warning};

pub(crate) fn hosted_zone(zone: &Observed<HostedZone>, installation: &Installation) -> InstallationCheck {
    const NAME: &str = "hosted-zone";
    let wanted = &installation.delegation_zone;
    match zone {
        Err(fault) => unseen(NAME, fault),
        Ok(zone) if zone.name != *wanted => failed(
            NAME,
            format!("The hosted zone is {}, but the delegation zone is {wanted}.", zone.name),
            format!(
                "Find the id of the right one and deploy with it as DelegationHostedZoneId: \
                 aws route53 list-hosted-zones-by-name --dns-name {wanted}"
            ),
        ),
        Ok(zone) if zone.private => failed(
            NAME,
            format!("The hosted zone of {wanted} is private: no CA can resolve it."),
            format!(
                "Create a public one and deploy with its id: aws route53 create-hosted-zone --name {wanted} --caller-reference \"$(date)\""
            ),
        ),
        Ok(zone) => {
            ok(NAME, format!("{wanted} is a public hosted zone with {} name servers.", zone.name_servers.len()))
        }
    }
}

pub(crate) fn delegation(
    zone: &Observed<HostedZone>,
    seen: &Delegation,
    installation: &Installation,
) -> InstallationCheck {
    const NAME: &str = "zone-delegation";
    let wanted = &installation.delegation_zone;
    let zone = match zone {
        Ok(zone) => zone,
        Err(fault) => return unseen(NAME, fault),
    };
    let above = wanted.split_once('.').map_or("the root", |(_, above)| above);
    let records = records(wanted, &zone.name_servers);
    let at_parent = match &seen.at_parent {
        Ok(at_parent) => at_parent,
        Err(why) => {
            let detail = format!("The delegation of {wanted} in the zone above is unknown: {why}.");
            return warning(
                NAME,
                detail,
                format!("Check again in a minute: managed-https doctor. Or run: dig +trace NS {wanted}"),
            );
        }
    };
    if at_parent.is_empty() {
        return failed(
            NAME,
            format!(
                "{wanted} is not delegated: {above} has no NS records for it, so no CA can resolve the challenges."
            ),
            format!("Create in the zone {above}:\n{records}"),
        );
    }
    let foreign: Vec<_> = at_parent.iter().filter(|server| !zone.name_servers.contains(server)).cloned().collect();
    if !foreign.is_empty() {
        return failed(
            NAME,
            format!("{above} delegates {wanted} to {}, which do not serve the hosted zone.", foreign.join(", ")),
            format!("Make these the NS records of {wanted} in the zone {above}:\n{records}"),
        );
    }
    let broken: Vec<_> =
        seen.servers.iter().filter_map(|(server, serves)| Some((server, serves.as_ref().err()?))).collect();
    if let Some((server, why)) = broken.first() {
        let detail = format!(
            "Name servers that fail for {wanted}: {} of {}, the first is {server}: {why}.",
            broken.len(),
            seen.servers.len()
        );
        let remedy = format!(
            "Query it: dig SOA {wanted} @{server}. If it still does not answer, the NS records do not point to this hosted zone."
        );
        return if broken.len() == seen.servers.len() {
            failed(NAME, detail, remedy)
        } else {
            warning(NAME, detail, remedy)
        };
    }
    let missing: Vec<_> = zone.name_servers.iter().filter(|server| !at_parent.contains(server)).cloned().collect();
    if !missing.is_empty() {
        return warning(
            NAME,
            format!("{above} delegates {wanted} to some of its name servers only. Missing: {}.", missing.join(", ")),
            format!("Make these the NS records of {wanted} in the zone {above}:\n{records}"),
        );
    }
    ok(NAME, format!("{above} delegates {wanted} to its {} name servers, and all of them answer.", at_parent.len()))
}

/// In the form of a zone file.
fn records(zone: &str, name_servers: &[String]) -> String {
    let lines: Vec<_> = name_servers.iter().map(|server| format!("{zone}. NS {server}.")).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{denied, facts, installation, is_failed, is_ok, is_warning};

    fn judged(change: impl FnOnce(&mut HostedZone, &mut Delegation)) -> InstallationCheck {
        let mut facts = facts();
        let zone = facts.zone.as_mut().expect("seen");
        change(zone, &mut facts.delegation);
        delegation(&facts.zone, &facts.delegation, &installation())
    }

    #[test]
    fn the_zone_above_names_exactly_the_servers_that_answer() {
        assert!(is_ok(&judged(|_, _| ())));
        let none = judged(|_, seen| seen.at_parent = Ok(Vec::new()));
        assert!(is_failed(&none));
        let remedy = none.remedy.expect("a remedy");
        assert!(remedy.ends_with("acme.example.net. NS ns-1.example.\nacme.example.net. NS ns-2.example."), "{remedy}");
        assert!(remedy.starts_with("Create in the zone example.net:"));

        let other = judged(|_, seen| seen.at_parent.as_mut().expect("asked").push("ns-3.example".into()));
        assert!(is_failed(&other) && other.detail.contains("ns-3.example"), "{}", other.detail);
        let fewer = judged(|_, seen| drop(seen.at_parent.as_mut().expect("asked").pop()));
        assert!(is_warning(&fewer) && fewer.detail.contains("ns-2.example"), "{}", fewer.detail);
        assert!(is_warning(&judged(|_, seen| seen.at_parent = Err("no answer".into()))));
    }

    #[test]
    fn one_silent_server_is_a_warning_and_all_of_them_a_failure() {
        assert!(is_warning(&judged(|_, seen| seen.servers[0].1 = Err("no answer".into()))));
        let all = judged(|_, seen| seen.servers.iter_mut().for_each(|(_, serves)| *serves = Err("no answer".into())));
        assert!(is_failed(&all));
    }

    #[test]
    fn another_zone_or_a_private_one_is_no_delegation_zone() {
        let facts = facts();
        assert!(is_ok(&hosted_zone(&facts.zone, &installation())));
        let zone = facts.zone.expect("seen");
        let private = hosted_zone(&Ok(HostedZone { private: true, ..zone.clone() }), &installation());
        assert!(is_failed(&private) && private.detail.contains("private"));
        let other = hosted_zone(&Ok(HostedZone { name: "other.net".into(), ..zone }), &installation());
        assert!(is_failed(&other) && other.detail.contains("other.net"));
        assert!(is_failed(&hosted_zone(&Err(denied("route53:GetHostedZone")), &installation())));
    }
}
