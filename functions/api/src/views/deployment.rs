use domain::endpoint::Endpoint;
use wire::{CopyView, DeploymentView, ExportView, ListenerView};

use crate::installation::Installation;

pub(super) fn deployment_view(endpoint: &Endpoint, installation: &Installation) -> DeploymentView {
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
    DeploymentView {
        listeners: of_wanted.chain(left).collect(),
        regions: endpoint.deployment.regions.iter().map(ToString::to_string).collect(),
        role: endpoint.deployment.role.as_ref().map(ToString::to_string),
        adopt: endpoint.deployment.adopt.as_ref().map(ToString::to_string),
        pool: endpoint.deployment.pool.as_ref().map(ToString::to_string),
        copies: copies.collect(),
        tags: endpoint.deployment.tags.to_map(),
        export: export_view(endpoint, installation),
    }
}

fn export_view(endpoint: &Endpoint, installation: &Installation) -> Option<ExportView> {
    let (wanted, held) = (endpoint.deployment.export_key, endpoint.certificate.as_ref());
    let there = held.and_then(|held| held.export.as_ref());
    (wanted || there.is_some()).then(|| ExportView {
        wanted,
        name: installation.export.secret_of(&endpoint.id),
        secret: there.and_then(|there| there.secret.clone()),
        current: there.and_then(|there| there.serial.as_deref()) == held.map(|held| held.serial.as_str())
            && held.is_some(),
        reader: installation.export.reader.as_ref().map(ToString::to_string),
    })
}
