//! Resumes an open order.

use domain::ports::{CaError, CaReply, CertificateAuthority, OpenedOrder};
use vocabulary::acme::{Authorization, Challenges, OpenOrder, OrderStatus};
use vocabulary::failure::Failure;

/// The open order as the CA has it now; `None` if it can no longer be used.
pub(crate) async fn resume(
    ca: &impl CertificateAuthority,
    challenges: &Challenges,
    order: &OpenOrder,
) -> Result<Option<OpenOrder>, Failure> {
    let CaReply { value: found, nonce } = match ca.resume(order, challenges).await {
        Ok(reply) => reply,
        Err(CaError::OrderLost { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    if found.status == OrderStatus::Invalid {
        return Ok(None);
    }
    // An endpoint whose reachability or DNS method has changed answers the same authorization with another challenge.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{change, run};
    use testkit::Fixture;
    use vocabulary::acme::{ChallengeKind, DnsMethod, Proving, Reachability};

    #[tokio::test]
    async fn a_second_run_resumes_the_same_order() {
        let fixture = Fixture::new(Reachability::Internal).await;
        run(&fixture).await.expect("opened");
        let first = fixture.order().await;
        run(&fixture).await.expect("resumed");
        let second = fixture.order().await;
        assert_eq!((fixture.ca.orders(), &first.url, first.generation), (1, &second.url, second.generation));
    }

    #[tokio::test]
    async fn a_host_that_became_internal_is_validated_over_dns_in_the_same_order_and_its_token_is_remembered() {
        let mut fixture = Fixture::new(Reachability::External).await.with_order().await.with_publications().await;
        let tokens = |order: &OpenOrder| order.published_http().map(|http| http.token.to_owned()).collect::<Vec<_>>();
        let before = tokens(&fixture.order().await);
        change(&mut fixture, &["*.example.com".into()], Reachability::Internal.into()).await;
        run(&fixture).await.expect("resumed");
        assert_eq!((fixture.ca.orders(), before.len()), (1, 1));
        assert_eq!(fixture.challenges(ChallengeKind::Http01).await, 0);
        assert_eq!(fixture.challenges(ChallengeKind::Dns01).await, 2);
        assert_eq!(tokens(&fixture.order().await), before, "it is still to be taken away");
    }

    #[tokio::test]
    async fn an_endpoint_that_switches_to_persistent_records_keeps_its_order_and_remembers_its_publications() {
        let mut fixture = Fixture::new(Reachability::Internal).await.with_order().await.with_publications().await;
        let before = fixture.order().await.txt_values();
        let proving = Proving { reachability: Reachability::Internal, dns_method: DnsMethod::DnsPersist01 };
        change(&mut fixture, &["*.example.com".into()], proving).await;
        fixture.set_persistent_record(true);
        run(&fixture).await.expect("resumed");
        assert_eq!(fixture.ca.orders(), 1);
        assert_eq!(fixture.challenges(ChallengeKind::DnsPersist01).await, 2);
        let order = fixture.order().await;
        assert_eq!((order.txt_values(), order.published_txt_values()), (vec![], before));
    }
}
