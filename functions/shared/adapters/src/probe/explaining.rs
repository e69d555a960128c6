//! Explains wrong records by what surrounds them. Only a few names are explained, so that nobody can use a hundred of them to
//! attack their name servers.

use diagnosis::facts::{AuthorizationFacts, HostFacts, Surroundings, ZoneState};
use diagnosis::subject::Subject;
use futures::future::{OptionFuture, join_all};
use vocabulary::acme::DnsMethod;
use vocabulary::dns::{RecordKind, ServerAnswer};

use super::{Probing, is_wrong, random, surroundings};

/// Names whose wrong records are explained by what surrounds them, with about twenty queries each.
const MOST_EXPLAINED: usize = 10;

impl Probing<'_> {
    /// What surrounds the wrong records, for the first few of them.
    pub(super) async fn explain(&self, subject: &Subject, all: &mut [AuthorizationFacts]) {
        let target = subject.delegation_target.as_deref();
        let account = self.prober.issuer.account.as_deref().unwrap_or_default();
        let wrong = all.iter_mut().filter_map(|facts| {
            let delegation = subject.needs_delegation() && is_wrong(facts, target);
            let is_ours = |answer: &ServerAnswer| answer.answer.records().iter().any(|value| value.contains(account));
            let persistent = subject.dns_method == DnsMethod::DnsPersist01 && !facts.persistent.iter().all(is_ours);
            (delegation || persistent).then_some((facts, delegation, persistent))
        });
        let explained = wrong.take(MOST_EXPLAINED).map(async |(facts, delegation, persistent)| {
            if delegation {
                self.explain_delegation(facts).await;
            }
            if persistent {
                self.explain_persistent(facts).await;
            }
        });
        join_all(explained).await;
    }

    async fn explain_delegation(&self, facts: &mut AuthorizationFacts) {
        let name = facts.base.challenge_name();
        let leads = facts.cname.iter().any(|answer| !answer.answer.records().is_empty());
        let doubled = OptionFuture::from((!leads).then(|| self.doubled(&name, facts)));
        let (around, doubled) = tokio::join!(self.around(&name, facts, RecordKind::Cname), doubled);
        (facts.around, facts.doubled) = (around, doubled.flatten());
    }

    async fn explain_persistent(&self, facts: &mut AuthorizationFacts) {
        let name = facts.base.persistent_name();
        let around = self.around(&name, facts, RecordKind::Txt);
        let (around, doubled) = tokio::join!(around, self.doubled(&name, facts));
        facts.persistent_around = around;
        // Both records may be required; one found at a doubled name takes precedence over one that is not.
        if facts.doubled.as_ref().is_none_or(|(_, there)| there.is_empty()) {
            facts.doubled = doubled;
        }
    }

    /// The records at the name to which the provider has appended the zone once more.
    async fn doubled(&self, name: &str, facts: &AuthorizationFacts) -> Option<(String, Vec<ServerAnswer>)> {
        let ZoneState::Served { apex, .. } = &facts.zone.state else { return None };
        let doubled = format!("{name}.{apex}");
        let asked = surroundings::at(&self.zones, &facts.base, &doubled);
        let (cname, txt) = self.within(asked, Default::default).await;
        let there = [cname, txt].into_iter().flatten().filter(|answer| !answer.answer.records().is_empty());
        Some((doubled, there.collect()))
    }

    async fn around(&self, name: &str, facts: &AuthorizationFacts, kind: RecordKind) -> Surroundings {
        let sibling = unguessable();
        let asked = surroundings::gather(&self.zones, name, facts, kind, &sibling);
        self.within(asked, Surroundings::default).await
    }

    /// Which wildcard answers for hosts with a wrong record, for the first few of them.
    pub(super) async fn explain_hosts(&self, subject: &Subject, all: &mut [HostFacts]) {
        let wrong = all.iter_mut().filter(|host| {
            let right = subject.host_record(&host.name).value;
            host.answers.iter().any(|answer| answer.cname.records() != [right.clone()])
        });
        let explained = wrong.take(MOST_EXPLAINED).map(async |host| {
            let (name, sibling) = (host.name.to_string(), unguessable());
            host.wildcard = self.within(surroundings::wildcard_of(&self.zones, &name, &sibling), || None).await;
        });
        join_all(explained).await;
    }
}

/// A label that nobody has created.
fn unguessable() -> String {
    format!("{:032x}", u128::from_be_bytes(random()))
}
