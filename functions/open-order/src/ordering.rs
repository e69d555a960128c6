//! Makes a new order.

use domain::certificate_key::CertificateKey;
use domain::order::OpenOrder;
use domain::ports::{CaReply, CertificateAuthority, KeyVault};
use domain::{Endpoint, Failure};
use time::OffsetDateTime;

/// A new order, with a new key that is stored before the CA hears of it.
pub(crate) async fn order_anew(
    keys: &impl KeyVault,
    ca: &impl CertificateAuthority,
    endpoint: &Endpoint,
    now: OffsetDateTime,
) -> Result<OpenOrder, Failure> {
    let generation = endpoint.generation + 1;
    let replaces = endpoint.replaceable_at(ca.directory());
    keys.ensure(&endpoint.id, generation, CertificateKey::generate).await?;
    let CaReply { value: opened, nonce } = ca.open(&endpoint.names, endpoint.reachability, replaces).await?;
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
    use crate::testing::{change, run};
    use domain::Reachability;
    use domain::certificate::InstalledCertificate;
    use domain::ports::AttemptJournal;
    use testkit::Scene;
    use time::Duration;

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
    async fn an_order_that_the_ca_has_forgotten_is_made_anew_with_a_new_key() {
        let mut scene = Scene::new(Reachability::Internal).await.with_order().await.with_publications().await;
        scene.now += Duration::hours(2);
        scene.ca.set_time(scene.now);
        run(&scene).await.expect("opened");
        let order = scene.order().await;
        assert_eq!((scene.ca.orders(), order.generation), (2, 2));
        assert_eq!(order.stale.len(), 2, "what the old one published is not forgotten");
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
}
