//! Zones, name servers, delegations, CAA.

use anyhow::Result;
use aws_sdk_route53::types::RrType;
use diagnosis::catalogue::Check;
use diagnosis::judge::refused_name;
use diagnosis::report::{CheckReport, Serving};
use local_cloud::{Behaviour, OwnerZone};
use vocabulary::acme::Reachability;
use vocabulary::guidance::WaitingOn::{DomainOwner, Operator};

use crate::Case;
use crate::fixture::{ACCOUNT, Fixture, NOW};

macro_rules! case {
    ($check:ident, $waiting_on:expr, $cause:literal, $fix:literal, $probe:path) => {
        Case {
            check: Check::$check,
            cause: $cause,
            waiting_on: $waiting_on,
            fix: $fix,
            probe: |fixture| Box::pin($probe(fixture)),
        }
    };
}
pub(crate) use case;

pub(crate) const CASES: [Case; 33] = [
    case!(PublicSuffix, DomainOwner, "`check co.uk`", "Register a name below it, like shop.co.uk", public_suffix),
    case!(DomainNotFound, DomainOwner, "a domain that the zone above does not know", "Register or renew", unregistered),
    case!(
        DomainNotFound,
        DomainOwner,
        "a name that the zone above has a TXT record for, but no name servers",
        "set its name servers",
        undelegated
    ),
    case!(ServersFailing, DomainOwner, "the only name server answers SERVFAIL", "load the zone again", failing),
    case!(ServersLame, DomainOwner, "the only name server answers REFUSED", "those of the provider", refusing),
    case!(
        ServersLame,
        DomainOwner,
        "one of two name servers answers with the AA bit clear",
        "those of the provider",
        one_is_lame
    ),
    case!(ServersSilent, DomainOwner, "the only name server takes questions and answers none", "port 53", silent),
    case!(
        DnssecBroken,
        DomainOwner,
        "a DS record at the parent, and a zone without DNSKEY records",
        "Remove the DS record",
        unsigned
    ),
    case!(
        ServersDisagree,
        DomainOwner,
        "two name servers, the delegation at one of them only",
        "all name servers of the zone serve the same",
        disagreeing
    ),
    case!(DelegationMissing, DomainOwner, "a zone without the record", " CNAME label.acme.platform.", missing),
    case!(DelegationElsewhere, DomainOwner, "the CNAME of an earlier registration", "Replace the record", elsewhere),
    case!(
        DelegationMissing,
        DomainOwner,
        "the CNAME at `_acme-challenge.near.example` instead of `_acme-challenge.shop.near.example`",
        "Move the record from _acme-challenge.near.",
        near
    ),
    case!(
        DelegationMissing,
        DomainOwner,
        "a wildcard CNAME, and no record of its own",
        "the wildcard record may stay beside it",
        wildcard
    ),
    case!(DelegationMissing, DomainOwner, "an A record at the name", "Delete these records", blocked),
    case!(
        DelegationDoubledLabel,
        DomainOwner,
        "the CNAME at `_acme-challenge.shop.doubled.example.doubled.example`",
        "with the name typed as _acme-challenge.shop:",
        doubled
    ),
    case!(DelegationTxtInstead, DomainOwner, "a TXT record at the name", "Delete the TXT record", txt_instead),
    case!(DelegationOwnZone, DomainOwner, "NS records at the name", "Delete the NS records", own_zone),
    case!(TxtStray, DomainOwner, "a server that holds a TXT record beside the CNAME", "the CNAME stays", beside),
    case!(TxtStray, Operator, "a TXT record at the delegated name, with no order open", "delegation zone", leftover),
    case!(AliasLoop, DomainOwner, "two CNAMEs that point to each other", "directly at its target", looping),
    case!(AliasChainTooLong, DomainOwner, "ten consecutive CNAMEs", "directly at its target", long_chain),
    case!(
        CaaForbids,
        DomainOwner,
        "CAA of another CA at the domain above the name",
        "CAA 0 issue \"ca.test\"",
        forbidden
    ),
    case!(
        CaaForbids,
        DomainOwner,
        "a wildcard, `issue` for the CA and `issuewild \";\"`",
        "CAA 0 issuewild \"ca.test\"",
        wildcard_forbidden
    ),
    case!(
        CaaForbids,
        DomainOwner,
        "the right `accounturi`, and a “;” behind it",
        "Replace the CAA record with this one",
        semicolon
    ),
    case!(
        CaaForbids,
        Operator,
        "CAA of another CA at the platform's target, which the host is an alias of",
        "edge.guarded.",
        at_the_target
    ),
    case!(
        CaaForbids,
        DomainOwner,
        "CAA of another CA at a builder's name, which the host is an alias of",
        "Ask its owner, or point shop.aliased.",
        at_a_stranger
    ),
    case!(CaaAccount, DomainOwner, "`accounturi` of another account", "accounturi=https://ca.test/account/7", account),
    case!(CaaMethod, DomainOwner, "`validationmethods=http-01` for an internal host", "http-01,dns-01", method),
    case!(CaaCritical, DomainOwner, "`128 isue \"ca.test\"`", "Correct the property's name", critical),
    case!(
        CaaCritical,
        DomainOwner,
        "`1 contactemail \"dns@example.com\"` beside CAA of the CA",
        "or set the flag to 0",
        critical_contact
    ),
    case!(
        CaaUnanswered,
        DomainOwner,
        "a name server that answers SERVFAIL to CAA alone",
        "must be an answer",
        unanswered
    ),
    case!(
        DelegationMissing,
        DomainOwner,
        "a zone without the record, for a host that is validated over HTTP",
        " CNAME label.acme.platform.",
        missing_but_not_needed
    ),
    case!(
        ServersSilent,
        DomainOwner,
        "one of two name servers has no address",
        "take dead servers out",
        one_has_no_address
    ),
];

/// A report with this finding alone, for what is refused before a check.
pub(crate) fn refused(text: &str) -> CheckReport {
    let error = text.parse::<vocabulary::names::CertificateName>().expect_err("a name that is refused");
    let findings = refused_name(&error).into_iter().collect();
    CheckReport {
        checked_at: NOW,
        records: Vec::new(),
        findings,
        provider: None,
        serving: Serving::NotChecked,
        over_dns: vec![],
        unreached: None,
        connect: vec![],
    }
}

async fn public_suffix(_: &Fixture<'_>) -> Result<CheckReport> {
    Ok(refused("co.uk"))
}

async fn unregistered(fixture: &Fixture<'_>) -> Result<CheckReport> {
    Ok(fixture.probe(&fixture.internal("shop.nobody")).await)
}

async fn undelegated(fixture: &Fixture<'_>) -> Result<CheckReport> {
    fixture.above("forsale", RrType::Txt, "\"for sale\"").await?;
    Ok(fixture.probe(&fixture.internal("forsale")).await)
}

async fn failing(fixture: &Fixture<'_>) -> Result<CheckReport> {
    fixture.server("ns-failing", "127.0.0.10", Behaviour::ServFail).await?;
    fixture.delegated_to("failing", "ns-failing").await?;
    Ok(fixture.probe(&fixture.external("shop.failing")).await)
}

async fn refusing(fixture: &Fixture<'_>) -> Result<CheckReport> {
    fixture.server("ns-refusing", "127.0.0.11", Behaviour::Refused).await?;
    fixture.delegated_to("lame", "ns-refusing").await?;
    Ok(fixture.probe(&fixture.external("shop.lame")).await)
}

async fn one_is_lame(fixture: &Fixture<'_>) -> Result<CheckReport> {
    fixture.server("ns-lame", "127.0.0.12", Behaviour::WithoutAuthority).await?;
    let zone = fixture.zone_at("halflame", &["ns1", "ns-lame"]).await?;
    fixture.delegate(&zone, "shop.halflame").await?;
    Ok(fixture.probe(&fixture.internal("shop.halflame")).await)
}

async fn silent(fixture: &Fixture<'_>) -> Result<CheckReport> {
    fixture.server("ns-silent", "127.0.0.13", Behaviour::Silent).await?;
    fixture.delegated_to("silent", "ns-silent").await?;
    Ok(fixture.probe(&Fixture::after_silence(fixture.internal("shop.silent"))).await)
}

async fn unsigned(fixture: &Fixture<'_>) -> Result<CheckReport> {
    let digest = "E2D3C916F6DEEAC73294E8268FB5885044A833FC5459588F4A9184CFC41A5766";
    fixture.above("unsigned", RrType::Ds, &format!("2371 13 2 {digest}")).await?;
    let zone = fixture.zone("unsigned").await?;
    fixture.delegate(&zone, "shop.unsigned").await?;
    Ok(fixture.probe(&fixture.internal("shop.unsigned")).await)
}

async fn disagreeing(fixture: &Fixture<'_>) -> Result<CheckReport> {
    let old = fixture.static_zone("divided", &["ns1", "ns-old"], &[])?;
    fixture.server("ns-old", "127.0.0.14", Behaviour::Serving(old)).await?;
    let zone = fixture.zone_at("divided", &["ns1", "ns-old"]).await?;
    fixture.delegate(&zone, "shop.divided").await?;
    Ok(fixture.probe(&fixture.internal("shop.divided")).await)
}

async fn missing(fixture: &Fixture<'_>) -> Result<CheckReport> {
    fixture.zone("missing").await?;
    Ok(fixture.probe(&fixture.internal("shop.missing")).await)
}

async fn missing_but_not_needed(fixture: &Fixture<'_>) -> Result<CheckReport> {
    let zone = fixture.zone("overhttp").await?;
    fixture.point(&zone, "shop.overhttp").await?;
    Ok(fixture.probe(&fixture.external("shop.overhttp")).await)
}

async fn elsewhere(fixture: &Fixture<'_>) -> Result<CheckReport> {
    let zone = fixture.zone("moved").await?;
    fixture.cname(&zone, "_acme-challenge.shop.moved", "earlier.acme.platform").await?;
    Ok(fixture.probe(&fixture.internal("shop.moved")).await)
}

async fn near(fixture: &Fixture<'_>) -> Result<CheckReport> {
    let zone = fixture.zone("near").await?;
    fixture.delegate(&zone, "near").await?;
    Ok(fixture.probe(&fixture.internal("shop.near")).await)
}

async fn wildcard(fixture: &Fixture<'_>) -> Result<CheckReport> {
    let zone = fixture.zone("wildcard").await?;
    fixture.cname(&zone, "*.wildcard", "sites.builder").await?;
    Ok(fixture.probe(&fixture.internal("shop.wildcard")).await)
}

async fn blocked(fixture: &Fixture<'_>) -> Result<CheckReport> {
    let zone = fixture.zone("blocked").await?;
    zone.upsert(&fixture.name("_acme-challenge.shop.blocked"), RrType::A, &["127.0.0.1"]).await?;
    Ok(fixture.probe(&fixture.internal("shop.blocked")).await)
}

async fn own_zone(fixture: &Fixture<'_>) -> Result<CheckReport> {
    let zone = fixture.zone("ownzone").await?;
    zone.upsert(&fixture.name("_acme-challenge.shop.ownzone"), RrType::Ns, &[&fixture.name("ns-other")]).await?;
    Ok(fixture.probe(&fixture.internal("shop.ownzone")).await)
}

async fn doubled(fixture: &Fixture<'_>) -> Result<CheckReport> {
    let zone = fixture.zone("doubled").await?;
    let typed = format!("{}.{}", fixture.name("_acme-challenge.shop.doubled"), fixture.name("doubled"));
    zone.upsert(&typed, RrType::Cname, &[&fixture.target()]).await?;
    Ok(fixture.probe(&fixture.internal("shop.doubled")).await)
}

async fn txt_instead(fixture: &Fixture<'_>) -> Result<CheckReport> {
    let zone = fixture.zone("txt").await?;
    zone.upsert(&fixture.name("_acme-challenge.shop.txt"), RrType::Txt, &["\"from another client\""]).await?;
    Ok(fixture.probe(&fixture.internal("shop.txt")).await)
}

async fn beside(fixture: &Fixture<'_>) -> Result<CheckReport> {
    let name = "_acme-challenge.shop.beside";
    let both = [(name, "CNAME", "label.acme.platform"), (name, "TXT", "\"from another client\"")];
    let zone = fixture.static_zone("beside", &["ns-lax"], &both)?;
    fixture.server("ns-lax", "127.0.0.20", Behaviour::Serving(zone)).await?;
    fixture.delegated_to("beside", "ns-lax").await?;
    Ok(fixture.probe(&fixture.internal("shop.beside")).await)
}

async fn leftover(fixture: &Fixture<'_>) -> Result<CheckReport> {
    let zone = fixture.zone("left").await?;
    fixture.cname(&zone, "_acme-challenge.shop.left", "label.acme2.platform").await?;
    let delegation = fixture.zone("acme2.platform").await?;
    let target = fixture.name("label.acme2.platform");
    delegation.upsert(&target, RrType::Txt, &["\"of an earlier order\""]).await?;
    let mut subject = fixture.internal("shop.left");
    subject.delegation_target = Some(target);
    Ok(fixture.probe(&subject).await)
}

async fn looping(fixture: &Fixture<'_>) -> Result<CheckReport> {
    let zone = fixture.zone("looping").await?;
    fixture.cname(&zone, "_acme-challenge.shop.looping", "other.looping").await?;
    fixture.cname(&zone, "other.looping", "_acme-challenge.shop.looping").await?;
    Ok(fixture.probe(&fixture.internal("shop.looping")).await)
}

async fn long_chain(fixture: &Fixture<'_>) -> Result<CheckReport> {
    let zone = fixture.zone("long").await?;
    fixture.cname(&zone, "_acme-challenge.shop.long", "a0.long").await?;
    for i in 0..9 {
        fixture.cname(&zone, &format!("a{i}.long"), &format!("a{}.long", i + 1)).await?;
    }
    Ok(fixture.probe(&fixture.internal("shop.long")).await)
}

/// A zone with a right delegation for `shop`, and with CAA records.
async fn with_caa(fixture: &Fixture<'_>, zone: &str, caa: &[&str]) -> Result<OwnerZone> {
    let hosted = fixture.zone(zone).await?;
    fixture.delegate(&hosted, &format!("shop.{zone}")).await?;
    hosted.upsert(&fixture.name(zone), RrType::Caa, caa).await?;
    Ok(hosted)
}

async fn forbidden(fixture: &Fixture<'_>) -> Result<CheckReport> {
    with_caa(fixture, "caa", &["0 issue \"someone-else.test\"", "0 iodef \"mailto:security@example.com\""]).await?;
    Ok(fixture.probe(&fixture.internal("shop.caa")).await)
}

async fn wildcard_forbidden(fixture: &Fixture<'_>) -> Result<CheckReport> {
    with_caa(fixture, "wild", &["0 issue \"ca.test\"", "0 issuewild \";\""]).await?;
    Ok(fixture.probe(&fixture.subject(&["shop.wild", "*.shop.wild"], Reachability::Internal)).await)
}

async fn semicolon(fixture: &Fixture<'_>) -> Result<CheckReport> {
    with_caa(fixture, "trailing", &[&format!("0 issue \"ca.test; accounturi={ACCOUNT};\"")]).await?;
    Ok(fixture.probe(&fixture.internal("shop.trailing")).await)
}

/// A host with CAA of another CA, which `shop` in `zone` is an alias of.
async fn alias_of_a_host_with_caa(fixture: &Fixture<'_>, zone: &str, host: &str, away: &str) -> Result<()> {
    let elsewhere = fixture.zone(away).await?;
    elsewhere.upsert(&fixture.name(host), RrType::A, &["127.0.0.1"]).await?;
    elsewhere.upsert(&fixture.name(host), RrType::Caa, &["0 issue \"someone-else.test\""]).await?;
    let hosted = with_caa(fixture, zone, &["0 issue \"ca.test\""]).await?;
    fixture.cname(&hosted, &format!("shop.{zone}"), host).await
}

async fn at_the_target(fixture: &Fixture<'_>) -> Result<CheckReport> {
    alias_of_a_host_with_caa(fixture, "guardedshop", "edge.guarded", "guarded").await?;
    let mut subject = fixture.external("shop.guardedshop");
    subject.endpoint_target = fixture.name("edge.guarded");
    Ok(fixture.probe(&subject).await)
}

async fn at_a_stranger(fixture: &Fixture<'_>) -> Result<CheckReport> {
    alias_of_a_host_with_caa(fixture, "aliased", "sites.builder", "builder").await?;
    Ok(fixture.probe(&fixture.internal("shop.aliased")).await)
}

async fn account(fixture: &Fixture<'_>) -> Result<CheckReport> {
    with_caa(fixture, "account", &["0 issue \"ca.test; accounturi=https://ca.test/account/8\""]).await?;
    Ok(fixture.probe(&fixture.internal("shop.account")).await)
}

async fn method(fixture: &Fixture<'_>) -> Result<CheckReport> {
    with_caa(fixture, "method", &["0 issue \"ca.test; validationmethods=http-01\""]).await?;
    Ok(fixture.probe(&fixture.internal("shop.method")).await)
}

async fn critical(fixture: &Fixture<'_>) -> Result<CheckReport> {
    with_caa(fixture, "critical", &["128 isue \"ca.test\""]).await?;
    Ok(fixture.probe(&fixture.internal("shop.critical")).await)
}

async fn critical_contact(fixture: &Fixture<'_>) -> Result<CheckReport> {
    with_caa(fixture, "contact", &["1 contactemail \"dns@example.com\"", "0 issue \"ca.test\""]).await?;
    Ok(fixture.probe(&fixture.internal("shop.contact")).await)
}

async fn unanswered(fixture: &Fixture<'_>) -> Result<CheckReport> {
    let delegation = ("_acme-challenge.shop.old", "CNAME", "label.acme.platform");
    let zone = fixture.static_zone("old", &["ns-home"], &[delegation])?;
    fixture.server("ns-home", "127.0.0.21", Behaviour::Serving(zone.failing_at("CAA")?)).await?;
    fixture.delegated_to("old", "ns-home").await?;
    Ok(fixture.probe(&fixture.internal("shop.old")).await)
}

async fn one_has_no_address(fixture: &Fixture<'_>) -> Result<CheckReport> {
    let zone = fixture.zone_at("halfdead", &["ns1", "ns-gone"]).await?;
    fixture.delegate(&zone, "shop.halfdead").await?;
    Ok(fixture.probe(&fixture.internal("shop.halfdead")).await)
}
