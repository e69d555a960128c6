use domain::installation::{InstallationCheck, Used};
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

pub fn caller_view(caller: &Caller) -> CallerView {
    let tenant = match &caller.scope {
        Scope::Everything => None,
        Scope::Tenant(tenant) => Some(tenant.to_string()),
    };
    CallerView { who: caller.origin.who.clone(), operator: caller.is_operator(), tenant }
}
