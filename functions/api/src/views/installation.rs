use domain::installation::{Difference, DifferenceKind, InstallationCheck, Reconciled, Used};
use vocabulary::names::{Caller, Scope};
use wire::CallerView;

use super::ToWire;

impl ToWire for Used {
    type Wire = wire::Used;

    fn to_wire(&self) -> wire::Used {
        wire::Used { of: self.of.clone(), percent: self.percent }
    }
}

impl ToWire for InstallationCheck {
    type Wire = wire::InstallationCheck;

    fn to_wire(&self) -> wire::InstallationCheck {
        wire::InstallationCheck {
            name: self.name.clone(),
            status: self.status.to_wire().into(),
            detail: self.detail.clone(),
            remedy: self.remedy.clone(),
            since: None,
            used: self.used.to_wire(),
        }
    }
}

impl ToWire for DifferenceKind {
    type Wire = wire::DifferenceKind;

    fn to_wire(&self) -> wire::DifferenceKind {
        match self {
            Self::Unrecorded => wire::DifferenceKind::Unrecorded,
            Self::Left => wire::DifferenceKind::Left,
            Self::NoEndpoint => wire::DifferenceKind::NoEndpoint,
            Self::Gone => wire::DifferenceKind::Gone,
        }
    }
}

impl ToWire for Difference {
    type Wire = wire::Difference;

    fn to_wire(&self) -> wire::Difference {
        wire::Difference {
            kind: self.kind.to_wire().into(),
            arn: self.arn.clone(),
            domain: self.domain.clone(),
            endpoint: self.endpoint.as_ref().map(ToString::to_string),
            adopted: self.adopted,
            detail: self.detail.clone(),
            action: self.action.clone(),
        }
    }
}

impl ToWire for Reconciled {
    type Wire = wire::Reconciliation;

    fn to_wire(&self) -> wire::Reconciliation {
        wire::Reconciliation {
            checked: self.checked,
            differences: self.differences.iter().map(ToWire::to_wire).collect(),
            next: self.next.clone(),
        }
    }
}

pub fn caller_view(caller: &Caller) -> CallerView {
    let tenant = match &caller.scope {
        Scope::Everything => None,
        Scope::Tenant(tenant) => Some(tenant.to_string()),
    };
    CallerView { who: caller.origin.who.clone(), operator: caller.is_operator(), tenant }
}
