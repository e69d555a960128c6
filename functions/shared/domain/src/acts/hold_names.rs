//! Which registration has a name that several have registered: the one whose proof is in DNS.

use diagnosis::to_failure::to_failure_of_all;
use futures::future::try_join_all;
use time::{Duration, OffsetDateTime};
use vocabulary::dns::{Platform, TenantProof};
use vocabulary::failure::{Failure, FailureName, ServiceFault};
use vocabulary::guidance::WaitingOn;
use vocabulary::names::{DomainName, EndpointId, Origin};

use crate::acts::check_records::{Proof, Proven};
use crate::endpoint::endpoint::Endpoint;
use crate::endpoint::event::{Event, EventKind};
use crate::endpoint::moved::Moved;
use crate::ports::claims::{Claim, Claims, Former, Handover, MOST_AT_ONCE};

/// How long an endpoint whose names have moved keeps its certificate, unless the installation says otherwise.
pub const MOVE_GRACE: Duration = Duration::days(7);

/// Names that an endpoint takes by its proofs, grouped by former endpoint, and those that nobody has proven.
pub struct Taking(Vec<(Option<EndpointId>, Vec<Seen>)>);

/// What `endpoint` takes, given what `proven` says of each of its names. Writes nothing.
///
/// A proof in DNS takes a name from its current holder; of two such proofs, a delegation is better than a host. What was proven
/// before, but cannot be seen now, gives way to any endpoint that has proven the name since.
///
/// # Errors
///
/// [`FailureName::RecordsNotReady`], where a name is another registration's.
pub async fn judge_names(
    claims: &impl Claims,
    endpoint: &Endpoint,
    proven: &[Proven],
    platform: &Platform,
) -> Result<Taking, Failure> {
    let names: Vec<DomainName> = proven.iter().map(|one| one.name.clone()).collect();
    let known = claims.claims(&names).await?;
    let judged = proven.iter().map(|one| judge(claims, endpoint, one, known.get(&one.name), platform));
    let (mut takes, mut lost) = (Vec::new(), Vec::new());
    for (one, judgement) in proven.iter().zip(try_join_all(judged).await?) {
        match judgement {
            Judgement::Holds => {}
            Judgement::Takes { pauses } => takes.push((one.name.clone(), known.get(&one.name).cloned(), pauses)),
            Judgement::Lost => lost.push(one),
        }
    }
    if !lost.is_empty() {
        return Err(another_has(&lost, platform.tenant_proof));
    }
    Ok(Taking(by_former(takes)))
}

impl Taking {
    /// The current state of the endpoints that lose names.
    pub async fn formers(&self, claims: &impl Claims) -> Result<Vec<Endpoint>, ServiceFault> {
        let ids = self.0.iter().filter_map(|(former, _)| former.as_ref());
        let found = try_join_all(ids.map(|id| claims.find(id))).await?;
        Ok(found.into_iter().flatten().filter(|former| !former.removing).collect())
    }

    /// Records that `endpoint` has proven all of its names, and pauses the endpoints that had some of them.
    pub async fn hand_over(
        self,
        claims: &impl Claims,
        endpoint: &Endpoint,
        grace: Duration,
        now: OffsetDateTime,
    ) -> Result<(), Failure> {
        let mut pauses = false;
        for (former, names) in self.0 {
            for names in names.chunks(MOST_AT_ONCE) {
                let seen = match &former {
                    Some(id) => claims.find(id).await?.filter(|former| !former.removing),
                    None => None,
                };
                let former = seen.map(|seen| former_of(seen, names, grace, now));
                pauses |= former.is_some();
                claims.hand_over(endpoint, &Handover { names: names.to_vec(), former }, now).await?;
            }
        }
        if !pauses && endpoint.moved.is_some() {
            // All the names that it had lost are its own again.
            claims.hand_over(endpoint, &Handover { names: Vec::new(), former: None }, now).await?;
        }
        Ok(())
    }
}

enum Judgement {
    Holds,
    Takes {
        /// The endpoint that had it, if it must be paused.
        pauses: Option<EndpointId>,
    },
    Lost,
}

async fn judge(
    claims: &impl Claims,
    endpoint: &Endpoint,
    proven: &Proven,
    claim: Option<&Claim>,
    platform: &Platform,
) -> Result<Judgement, ServiceFault> {
    if let Proof::Host { elsewhere } = &proven.proof
        && is_delegated_to_another(claims, endpoint, &proven.name, elsewhere, platform).await?
    {
        return Ok(Judgement::Lost);
    }
    // A name that has moved away comes back by a proof, not because the other endpoint is gone.
    if matches!(proven.proof, Proof::Before | Proof::Unseen)
        && endpoint.moved.as_ref().is_some_and(|moved| moved.names.contains(&proven.name))
    {
        return Ok(Judgement::Lost);
    }
    // Without a visible proof, the name is not claimed.
    let free = match proven.proof {
        Proof::Unseen => Judgement::Holds,
        _ => Judgement::Takes { pauses: None },
    };
    let Some(claim) = claim else { return Ok(free) };
    if claim.endpoint == endpoint.id {
        return Ok(if claim.proven_at.is_some() { Judgement::Holds } else { free });
    }
    let holder = claims.find(&claim.endpoint).await?;
    let Some(holder) = holder.filter(|holder| has(holder, &proven.name)) else { return Ok(free) };
    // A claim of an earlier release was made by registering: only a certificate shows that it was proven.
    let was_proven = claim.proven_at.is_some() || holder.certificate.is_some();
    Ok(match (&proven.proof, was_proven) {
        (_, false) => free,
        (Proof::Before | Proof::Unseen, true) => Judgement::Lost,
        (Proof::Delegation | Proof::Host { .. }, true) => Judgement::Takes { pauses: Some(holder.id) },
    })
}

/// Whether one of `elsewhere` is the label of another existing registration of `name`. What a removed one has left in DNS
/// proves nothing.
async fn is_delegated_to_another(
    claims: &impl Claims,
    endpoint: &Endpoint,
    name: &DomainName,
    elsewhere: &[String],
    platform: &Platform,
) -> Result<bool, ServiceFault> {
    if elsewhere.is_empty() {
        return Ok(false);
    }
    for id in claims.registrations(name).await?.iter().filter(|id| **id != endpoint.id) {
        let other = claims.find(id).await?.filter(|other| has(other, name));
        if other.is_some_and(|other| elsewhere.contains(&platform.delegation_target(&other.label))) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn has(endpoint: &Endpoint, name: &DomainName) -> bool {
    !endpoint.removing && endpoint.names.authorization_names().contains(name)
}

/// One name as it was seen.
type Seen = (DomainName, Option<Claim>);

/// The names of each endpoint that loses some, and those that nobody loses.
fn by_former(takes: Vec<(DomainName, Option<Claim>, Option<EndpointId>)>) -> Vec<(Option<EndpointId>, Vec<Seen>)> {
    let mut groups: Vec<(Option<EndpointId>, Vec<Seen>)> = Vec::new();
    for (name, claim, former) in takes {
        match groups.iter_mut().find(|(known, _)| *known == former) {
            Some((_, names)) => names.push((name, claim)),
            None => groups.push((former, vec![(name, claim)])),
        }
    }
    groups
}

fn former_of(seen: Endpoint, names: &[Seen], grace: Duration, now: OffsetDateTime) -> Former {
    let moved = names
        .iter()
        .fold(seen.moved.clone(), |moved, (name, _)| Some(Moved::with(moved.as_ref(), name.clone(), now, now + grace)));
    let moved = moved.expect("there is a name at least");
    let summary = format!("Paused: the DNS records of {} now belong to another registration.", moved.in_words());
    let event = Event::act(EventKind::Changed, Origin::itself(), summary, now, 0);
    Former { seen, moved, event }
}

/// The names are another registration's: what is in DNS is described in the words of the check.
fn another_has(lost: &[&Proven], tenant_proof: TenantProof) -> Failure {
    let findings: Vec<_> = lost.iter().filter_map(|one| one.otherwise.clone()).collect();
    to_failure_of_all(&findings).unwrap_or_else(|| {
        let names: Vec<_> = lost.iter().map(|one| one.name.as_str()).collect();
        let what = format!("Nothing in DNS proves {} for this endpoint.", names.join(", "));
        let step = match tenant_proof {
            TenantProof::On => "Create its delegation record: managed-https records shows it.",
            TenantProof::Off => {
                "Create its delegation record: managed-https records shows it. The endpoint that had the name first \
                 keeps it until then: if it is another tenant's, ask the operator."
            }
        };
        Failure::new(FailureName::RecordsNotReady, WaitingOn::DomainOwner, what, step)
    })
}
