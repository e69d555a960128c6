use domain::endpoint::Endpoint;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

/// Where the certificate goes besides ACM in the installation's own region.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DeploymentView {
    /// Those that are to have it, and those that have yet to lose it.
    pub listeners: Vec<ListenerView>,
    /// Regions that were asked for; those of the listeners are not among them.
    pub regions: Vec<String>,
    /// The role by which it is in another account; null: it is in the installation's own.
    pub role: Option<String>,
    /// The certificate in further regions.
    pub copies: Vec<CopyView>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ListenerView {
    pub arn: String,
    /// False: it was taken off the endpoint, and still has the certificate, mostly as its default one.
    pub wanted: bool,
    /// Since when it has the certificate; null: it does not yet, or that has failed.
    #[serde(with = "time::serde::rfc3339::option")]
    pub attached_at: Option<OffsetDateTime>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CopyView {
    pub region: String,
    pub arn: String,
    /// Whether it is the certificate in place; false: still the one before.
    pub current: bool,
}

impl DeploymentView {
    pub(super) fn of(endpoint: &Endpoint) -> Self {
        let wanted = &endpoint.deployment.listeners;
        let held = endpoint.certificate.as_ref();
        let known = held.map(|held| held.listeners.as_slice()).unwrap_or_default();
        let of_wanted = wanted.iter().map(|listener| ListenerView {
            arn: listener.to_string(),
            wanted: true,
            attached_at: known.iter().find(|known| known.listener == *listener).and_then(|known| known.attached_at),
        });
        let left = known.iter().filter(|known| !wanted.contains(&known.listener)).map(|known| ListenerView {
            arn: known.listener.to_string(),
            wanted: false,
            attached_at: known.attached_at,
        });
        let copies = held.into_iter().flat_map(|held| {
            held.copies.iter().map(|copy| CopyView {
                region: copy.region.to_string(),
                arn: copy.arn.clone(),
                current: copy.serial == held.serial,
            })
        });
        Self {
            listeners: of_wanted.chain(left).collect(),
            regions: endpoint.deployment.regions.iter().map(ToString::to_string).collect(),
            role: endpoint.deployment.role.as_ref().map(ToString::to_string),
            copies: copies.collect(),
        }
    }

    /// Whether there is anything to show.
    pub fn is_empty(&self) -> bool {
        self.listeners.is_empty() && self.regions.is_empty() && self.role.is_none() && self.copies.is_empty()
    }
}
