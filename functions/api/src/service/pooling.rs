//! Pools of listeners: which listener a registration gets, and the target of its hosts.

use domain::acts::change_capacity;
use domain::endpoint::Endpoint;
use domain::installation::Capacity;
use domain::ports::{CapacityLog, ServiceFault};
use time::OffsetDateTime;
use vocabulary::certificate::{
    AccountId, AcmQuotas, Deployment, ListenerArn, LoadBalancerArn, MOST_LISTENERS, PoolMember, PoolName, RoleArn,
};
use vocabulary::names::EndpointId;
use vocabulary::text::counted;

use super::{Ports, Service};
use crate::http::problem::Problem;

impl<P: Ports> Service<P> {
    /// ACM's import quotas: as configured, else as last read from AWS, else AWS's defaults.
    pub(super) async fn acm_quotas(&self) -> AcmQuotas {
        if let Some(typed) = self.installation.acm_quotas {
            return typed;
        }
        let known = self.store().capacity().await.unwrap_or_else(|fault| {
            tracing::warn!(%fault, "ACM's quotas could not be read");
            Capacity::default()
        });
        known.acm_quotas(&self.installation.home).unwrap_or_default()
    }

    /// Points the hosts to the first listener's own load balancer, if that listener is in a pool.
    pub(super) fn follow_first_listener(&self, deployment: &mut Deployment) {
        let first = deployment.listeners.first().and_then(|listener| self.installation.pools.of(listener));
        deployment.pool = first.map(|(name, _)| name.clone());
        deployment.target = first.map(|(_, member)| member.target.clone());
    }

    /// A listener of the pool for the endpoint, with room that is promised to it from now on.
    ///
    /// An endpoint whose certificate is on one of the pool's listeners keeps that one: the record for its visitors leads
    /// there. A certificate on other listeners also stays there until somebody removes it: visitors come there until their
    /// record has changed.
    pub(super) async fn on_pool(
        &self,
        name: &PoolName,
        mut deployment: Deployment,
        endpoint: (&EndpointId, Option<&Endpoint>),
        now: OffsetDateTime,
    ) -> Result<Deployment, Problem> {
        let (id, seen) = endpoint;
        let members = self.members_for(name, &deployment)?;
        let attached: Vec<_> = seen.map(attached).unwrap_or_default();
        let is_member = |listener: &ListenerArn| members.iter().any(|member| member.listener == *listener);
        let before = seen.map(|seen| seen.deployment.listeners.as_slice()).unwrap_or_default();
        match before.first().filter(|first| is_member(first) && attached.contains(first)) {
            Some(_) => deployment.listeners = before.to_vec(),
            None => {
                let chosen = change_capacity(self.store(), |capacity| {
                    capacity.release(id);
                    let chosen =
                        capacity.choose(members.iter().copied()).ok_or_else(|| full(name, &members, capacity))?;
                    let listener = chosen.listener.clone();
                    capacity.assign(id, &listener, now);
                    Ok::<_, Problem>(listener)
                })
                .await?;
                let left = attached.into_iter().filter(|listener| *listener != chosen);
                deployment.listeners = [chosen.clone()].into_iter().chain(left).take(MOST_LISTENERS).collect();
            }
        }
        self.follow_first_listener(&mut deployment);
        Ok(deployment)
    }

    /// Releases the room that was promised to an endpoint that was not registered. If that fails, the next count corrects it.
    pub(super) async fn give_room_back(&self, id: &EndpointId) {
        let released = change_capacity(self.store(), |capacity| {
            capacity.release(id);
            Ok::<_, ServiceFault>(())
        });
        if let Err(fault) = released.await {
            tracing::warn!(endpoint = %id, %fault, "its room is given back later");
        }
    }

    /// The pool's listeners in the account that the certificate is in.
    fn members_for(&self, name: &PoolName, deployment: &Deployment) -> Result<Vec<&PoolMember>, Problem> {
        let pools = &self.installation.pools;
        let members = pools.members(name);
        if members.is_empty() {
            let known: Vec<_> = pools.names().map(|name| format!("pool:{name}")).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            let detail = format!("There is no pool “{name}” among the installation's ListenerPools; there is {known}.");
            return Err(Problem::invalid_field("listeners[0]", detail));
        }
        let account = deployment.role.as_ref().map(RoleArn::account).or(self.installation.account.as_ref());
        let in_account =
            |member: &&PoolMember| account.is_none_or(|account: &AccountId| account == member.listener.account());
        let own: Vec<_> = members.iter().filter(in_account).collect();
        if own.is_empty() {
            let account = account.map(AccountId::as_str).unwrap_or_default();
            let detail = format!(
                "No listener of the pool “{name}” is in the account {account}, where the certificate will be; name the \
                 role that leads to theirs."
            );
            return Err(Problem::invalid_field("listeners[0]", detail));
        }
        Ok(own)
    }
}

/// The listeners that have the endpoint's certificate.
fn attached(endpoint: &Endpoint) -> Vec<ListenerArn> {
    let known = endpoint.certificate.iter().flat_map(|held| &held.listeners);
    known.filter(|known| known.attached_at.is_some()).map(|known| known.listener.clone()).collect()
}

fn full(name: &PoolName, members: &[&PoolMember], capacity: &Capacity) -> Problem {
    let said = members.iter().map(|member| {
        let balancer = LoadBalancerArn::from(&member.listener);
        let promised = capacity.promised(&balancer);
        match capacity.of(&balancer) {
            Some(known) => match (known.used, &known.fault) {
                (None, Some(fault)) => format!("{}: not counted, {fault}", balancer.name()),
                (used, _) => {
                    let most = counted(known.most.into(), "certificate");
                    format!("{}: {} of {most}, {promised} more promised", balancer.name(), used.unwrap_or_default())
                }
            },
            None => format!("{}: not counted yet, {promised} promised", balancer.name()),
        }
    });
    let said: Vec<_> = said.collect();
    let detail = format!("No load balancer of the pool “{name}” has room for a certificate ({}).", said.join("; "));
    let remedy = "The operator requests a higher quota of certificates per load balancer from AWS, which counts within \
                  five minutes of being granted, or adds a load balancer to ListenerPools; then send the request again.";
    Problem::conflict("pool-full", "The pool has no room", detail, remedy)
}
