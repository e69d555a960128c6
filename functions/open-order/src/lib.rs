//! Opens the endpoint's order, or goes on with the one that is open.

use std::collections::BTreeSet;

use domain::attempt::{Attempt, Outcome, execution_name};
use domain::certificate_key::CertificateKey;
use domain::flow::{Progress, Status, StepInput};
use domain::order::{Authorization, ChallengeKind, OpenOrder, OrderStatus, choose_challenge};
use domain::ports::{
    AttemptJournal, AuthoritativeDns, CaError, CaReply, CertificateAuthority, KeyVault, OpenedOrder, check_delegations,
    owned_endpoint,
};
use domain::{CertificateName, DomainName, Endpoint, Failure};
use time::OffsetDateTime;

/// What the step works with.
pub struct Ports<'a, J, K, C, D> {
    pub journal: &'a J,
    pub keys: &'a K,
    pub ca: &'a C,
    pub dns: &'a D,
    pub delegation_zone: &'a str,
}

/// Runs the step.
///
/// The order of effects: the customer's records are looked at before the CA hears of anything, the key is stored
/// before there is an order for it, and the order is recorded before its challenges are published.
pub async fn open_order<J, K, C, D>(
    ports: &Ports<'_, J, K, C, D>,
    input: &StepInput,
    now: OffsetDateTime,
) -> Result<Progress, Failure>
where
    J: AttemptJournal,
    K: KeyVault,
    C: CertificateAuthority,
    D: AuthoritativeDns,
{
    let endpoint = owned_endpoint(ports.journal, input).await?;
    ports.journal.begin(&endpoint.id, &record_of(input, now)).await?;
    if endpoint.removing {
        return Err(Failure::removed());
    }
    if endpoint.is_current(now) {
        return Ok(input.reached(Status::Current));
    }
    // A chain that was imported already is of no more use: what is in place is not current.
    let imported = endpoint.certificate.as_ref().map(|held| held.generation);
    let usable = endpoint
        .order
        .as_ref()
        .filter(|order| order.is_usable(ports.ca.directory(), &endpoint.names, now))
        .filter(|order| imported != Some(order.generation));
    if usable.is_some_and(|order| order.chain.is_some()) {
        return Ok(input.reached(Status::Issued));
    }
    let target = endpoint.label.target(ports.delegation_zone);
    check_delegations(ports.dns, delegated(&endpoint, usable), &target).await?;

    let resumed = match usable {
        Some(order) => resume(ports.ca, &endpoint, order).await?,
        None => None,
    };
    let order = match resumed {
        Some(order) => order,
        None => order_anew(ports, &endpoint, now).await?,
    };
    ports.journal.save_order(&endpoint.id, input.attempt, &order).await?;
    let status = match order.status {
        OrderStatus::Pending | OrderStatus::Invalid => Status::ChallengesPending,
        OrderStatus::Ready | OrderStatus::Processing | OrderStatus::Valid => Status::OrderReady,
    };
    Ok(input.reached(status))
}

fn record_of(input: &StepInput, now: OffsetDateTime) -> Attempt {
    Attempt {
        attempt: input.attempt,
        started_at: now,
        finished_at: None,
        outcome: Outcome::Running,
        method: None,
        order: None,
        failure: None,
        execution: execution_name(&input.endpoint, input.attempt),
        steps: Vec::new(),
    }
}

/// The names whose delegation must be right before the CA hears of anything, each base once.
fn delegated<'a>(endpoint: &'a Endpoint, order: Option<&'a OpenOrder>) -> BTreeSet<&'a DomainName> {
    let over_dns = |name: &&CertificateName| choose_challenge(endpoint.reachability, name) == ChallengeKind::Dns01;
    match order {
        Some(order) => order.dns_bases().into_iter().collect(),
        None => endpoint.names.iter().filter(over_dns).map(|name| &name.base).collect(),
    }
}

/// The open order as the CA holds it now; `None` if it is of no more use.
async fn resume(
    ca: &impl CertificateAuthority,
    endpoint: &Endpoint,
    order: &OpenOrder,
) -> Result<Option<OpenOrder>, Failure> {
    let CaReply { value: found, nonce } = match ca.resume(order, endpoint.reachability).await {
        Ok(reply) => reply,
        Err(CaError::OrderLost { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    if found.status == OrderStatus::Invalid {
        return Ok(None);
    }
    // An endpoint whose reachability has changed answers the same authorization with another challenge.
    let kind = |authorization: &Authorization| authorization.challenge.as_ref().map(|challenge| challenge.kind);
    let chosen = |order: &OpenedOrder, earlier: &Authorization| {
        order.authorizations.iter().any(|a| a.url == earlier.url && kind(a) == kind(earlier))
    };
    Ok(Some(OpenOrder {
        // What an authorization no longer shows may still be published.
        stale: order.to_stale().into_iter().filter(|a| !chosen(&found, a)).collect(),
        status: found.status,
        expires: found.expires.or(order.expires),
        authorizations: found.authorizations,
        nonce,
        ..order.clone()
    }))
}

async fn order_anew<J, K, C, D>(
    ports: &Ports<'_, J, K, C, D>,
    endpoint: &Endpoint,
    now: OffsetDateTime,
) -> Result<OpenOrder, Failure>
where
    K: KeyVault,
    C: CertificateAuthority,
{
    let generation = endpoint.generation + 1;
    let replaces = endpoint.replaceable_at(ports.ca.directory());
    ports.keys.ensure(&endpoint.id, generation, CertificateKey::generate).await?;
    let CaReply { value: opened, nonce } = ports.ca.open(&endpoint.names, endpoint.reachability, replaces).await?;
    Ok(OpenOrder {
        url: opened.url,
        finalize_url: opened.finalize_url,
        directory: opened.directory,
        generation,
        names: endpoint.names.iter().cloned().collect(),
        status: opened.status,
        opened_at: now,
        expires: opened.expires,
        authorizations: opened.authorizations,
        stale: endpoint.order.as_ref().map(OpenOrder::to_stale).unwrap_or_default(),
        nonce,
        change: None,
        chain: None,
        importing: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::certificate::InstalledCertificate;
    use domain::ports::{Change, DueEntry, DueIndex, Registry};
    use domain::schedule::LEASE;
    use domain::{EndpointNames, FailureName, Reachability};
    use testkit::Scene;

    async fn run(scene: &Scene) -> Result<Progress, Failure> {
        let ports = Ports {
            journal: &scene.endpoints,
            keys: &scene.keys,
            ca: &scene.ca,
            dns: &scene.dns,
            delegation_zone: Scene::ZONE,
        };
        open_order(&ports, &scene.input, scene.now).await
    }

    #[tokio::test]
    async fn an_order_is_recorded_with_its_challenges_and_its_key_is_stored() {
        let scene = Scene::new(Reachability::External).await;
        assert_eq!(run(&scene).await.expect("opened").status, Status::ChallengesPending);
        assert_eq!(scene.challenges(ChallengeKind::Http01).await, 1, "the host itself");
        assert_eq!(scene.challenges(ChallengeKind::Dns01).await, 1, "its wildcard");
        assert_eq!(scene.keys.len(), 1);
    }

    #[tokio::test]
    async fn while_the_delegation_is_wrong_the_ca_hears_nothing() {
        let scene = Scene::new(Reachability::Internal).await;
        scene.dns.alias("_acme-challenge.example.com", "elsewhere.example");
        let failure = run(&scene).await.expect_err("not ready");
        assert_eq!(failure.name, FailureName::RecordsNotReady);
        assert_eq!((scene.ca.orders(), scene.keys.len()), (0, 0));
    }

    #[tokio::test]
    async fn a_second_run_goes_on_with_the_same_order() {
        let scene = Scene::new(Reachability::Internal).await;
        run(&scene).await.expect("opened");
        let first = scene.order().await;
        run(&scene).await.expect("resumed");
        let second = scene.order().await;
        assert_eq!((scene.ca.orders(), &first.url, first.generation), (1, &second.url, second.generation));
    }

    #[tokio::test]
    async fn an_order_that_the_ca_has_forgotten_is_made_anew_with_a_new_key() {
        let mut scene = Scene::new(Reachability::Internal).await.with_order().await.with_publications().await;
        scene.now += time::Duration::hours(2);
        scene.ca.set_time(scene.now);
        run(&scene).await.expect("opened");
        let order = scene.order().await;
        assert_eq!((scene.ca.orders(), order.generation), (2, 2));
        assert_eq!(order.stale.len(), 2, "what the old one published is not forgotten");
    }

    #[tokio::test]
    async fn an_endpoint_that_is_being_removed_gets_no_order() {
        let scene = Scene::new(Reachability::Internal).await;
        scene.endpoints.begin_removal(&scene.input.endpoint, scene.now).await.expect("in memory");
        assert_eq!(run(&scene).await.expect_err("going").name, FailureName::EndpointRemoved);
        assert_eq!(scene.ca.orders(), 0);
    }

    #[tokio::test]
    async fn an_attempt_that_is_not_the_endpoints_latest_touches_nothing() {
        let mut scene = Scene::new(Reachability::Internal).await;
        scene.input.attempt += 1;
        assert_eq!(run(&scene).await.expect_err("not ours").name, FailureName::Superseded);
        assert_eq!((scene.ca.orders(), scene.keys.len()), (0, 0));
    }

    /// With a certificate from the CA at `directory` whose renewal is due.
    async fn renewing(directory: Option<String>) -> Scene {
        let scene = Scene::new(Reachability::Internal).await;
        let endpoint = scene.endpoint().await;
        let held = InstalledCertificate {
            directory,
            renewal_id: Some("key.serial".into()),
            renew_at: scene.now,
            ..testkit::banks::installed(&endpoint, scene.now)
        };
        scene.endpoints.record_certificate(&endpoint.id, scene.input.attempt, &held).await.expect("ours");
        scene
    }

    #[tokio::test]
    async fn a_renewal_says_what_it_replaces_to_the_ca_that_issued_it_and_to_no_other() {
        let scene = renewing(Some("memory://ca/directory".into())).await;
        run(&scene).await.expect("opened");
        assert_eq!(scene.ca.replaced(), ["key.serial"]);
        for other in [None, Some("https://another.example/directory".to_owned())] {
            let scene = renewing(other).await;
            run(&scene).await.expect("opened");
            assert!(scene.ca.replaced().is_empty() && scene.ca.orders() == 1);
        }
    }

    /// Ends the attempt, changes the endpoint, and claims its next attempt.
    async fn change(scene: &mut Scene, also: &[String], reachability: Reachability) {
        let (id, now) = (scene.input.endpoint.clone(), scene.now);
        scene.endpoints.release(&id, scene.input.attempt, now).await.expect("in memory");
        let seen = scene.endpoint().await;
        let names = EndpointNames::parse("example.com", also, 9).expect("valid names");
        let change = Change { names, reachability, due_at: now };
        scene.endpoints.change(&seen, &change, &testkit::banks::registered(&seen)).await.expect("changed");
        let entry = DueEntry { endpoint: id, due_at: now };
        let claimed = scene.endpoints.claim(&entry, now, now + LEASE).await.expect("in memory");
        scene.input.attempt = claimed.expect("free");
    }

    #[tokio::test]
    async fn an_order_for_other_names_is_made_anew_and_what_it_published_is_not_forgotten() {
        let mut scene = Scene::new(Reachability::Internal).await.with_order().await.with_publications().await;
        let before = scene.order().await;
        change(&mut scene, &[], Reachability::Internal).await;
        run(&scene).await.expect("opened");
        let order = scene.order().await;
        assert_eq!((scene.ca.orders(), order.generation, order.names.len()), (2, 2, 1));
        assert!(before.txt_values().iter().all(|value| order.published_txt_values().contains(value)));
        assert!(
            order.txt_values().iter().all(|value| !before.txt_values().contains(value)),
            "but it is not published anew"
        );
    }

    #[tokio::test]
    async fn a_host_that_has_become_internal_is_proven_over_dns_in_the_same_order_and_its_token_is_not_forgotten() {
        let mut scene = Scene::new(Reachability::External).await.with_order().await.with_publications().await;
        let tokens = |order: &OpenOrder| order.published_http().map(|http| http.token.to_owned()).collect::<Vec<_>>();
        let before = tokens(&scene.order().await);
        change(&mut scene, &["*.example.com".into()], Reachability::Internal).await;
        run(&scene).await.expect("resumed");
        assert_eq!((scene.ca.orders(), before.len()), (1, 1));
        assert_eq!(scene.challenges(ChallengeKind::Http01).await, 0);
        assert_eq!(scene.challenges(ChallengeKind::Dns01).await, 2);
        assert_eq!(tokens(&scene.order().await), before, "it is still to be taken away");
    }
}
