//! Registering an endpoint: the form shows what will be needed while the user types.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Query, State};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use serde::Deserialize;
use time::OffsetDateTime;
use wire::{DnsMethod, PreflightView, Reachability, RecordStatus};

use super::operations::{Operations, Wish};
use super::page::{Frame, Place, shown};
use super::parts::{Answer, Copy, Findings, Provider};
use super::visit::Visit;
use super::{Desk, words};
use crate::http::problem::Problem;

const LONGEST_DOMAIN: usize = 300;
const LONGEST_ALSO: usize = 30_000;

/// The form as it was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Typed {
    pub(crate) domain: String,
    /// One name on each line.
    pub(crate) also: String,
    pub(crate) reachability: String,
    /// Empty where the installation offers one method only.
    #[serde(alias = "dns_method")]
    pub(crate) challenge: String,
    pub(crate) tenant: String,
    /// Of an operator: a listener's ARN, or `pool:NAME`.
    pub(crate) listener: String,
    /// Made with the form: sent twice, it registers once.
    pub(crate) key: String,
}

impl Typed {
    fn wish(&self) -> Result<Wish, Problem> {
        if self.domain.len() > LONGEST_DOMAIN || self.also.len() > LONGEST_ALSO {
            return Err(Problem::invalid("That is longer than any list of names."));
        }
        let reachability = match self.reachability.as_str() {
            "internal" => Reachability::Internal,
            "external" => Reachability::External,
            _ => {
                let detail = "Say whether the internet can reach the host.";
                return Err(Problem::invalid(detail).with_field("reachability"));
            }
        };
        let challenge = match self.challenge.as_str() {
            "" | "dns-01" => DnsMethod::Dns01,
            "dns-persist-01" => DnsMethod::DnsPersist01,
            _ => {
                let detail = "Choose how names are validated over DNS: dns-01 or dns-persist-01.";
                return Err(Problem::invalid(detail).with_field("challenge"));
            }
        };
        let also = self.also.split([',', ' ', '\n', '\r', '\t']).filter(|name| !name.is_empty());
        Ok(Wish {
            domain: self.domain.trim().to_owned(),
            also: also.map(str::to_owned).collect(),
            reachability,
            challenge,
            tenant: Some(self.tenant.trim().to_owned()).filter(|tenant| !tenant.is_empty()),
            listeners: Some(self.listener.trim().to_owned()).filter(|text| !text.is_empty()).into_iter().collect(),
        })
    }

    /// Whether enough is typed for a check to make sense.
    fn is_started(&self) -> bool {
        self.domain.trim().trim_matches('.').contains('.')
    }
}

/// What a check before the registration found.
#[derive(Debug, Template)]
#[template(path = "parts/preflight.html")]
pub(crate) struct PreflightPart {
    pub(crate) preflight: Preflight,
    /// Whether screen readers announce it.
    pub(crate) announced: bool,
}

impl askama::filters::HtmlSafe for PreflightPart {}

impl PreflightPart {
    /// Whether nothing was checked yet.
    fn is_open(&self) -> bool {
        matches!(self.preflight, Preflight::Open)
    }
}

#[derive(Debug)]
pub(crate) enum Preflight {
    /// Nothing is typed yet, or too little.
    Open,
    Refused(Problem),
    Seen(Box<PreflightView>),
}

#[derive(Debug, Template)]
#[template(path = "register.html")]
pub(crate) struct RegisterPage {
    pub(crate) frame: Frame,
    pub(crate) operator: bool,
    /// Whether names may be proven by a persistent record.
    pub(crate) persistent_records: bool,
    /// The installation's pools of listeners, by name.
    pub(crate) pools: Vec<String>,
    pub(crate) typed: Typed,
    pub(crate) problem: Option<Problem>,
    pub(crate) preflight: PreflightPart,
}

impl RegisterPage {
    /// Whether what is wrong is in the field `name`: `also[1]` is in `also`.
    fn faulty(&self, name: &str) -> bool {
        let field = self.problem.as_ref().and_then(|problem| problem.field.as_deref());
        field.is_some_and(|field| field.split('[').next() == Some(name))
    }
}

/// The form, filled in from the query. A link runs no check: the page requests one once it is open.
pub(crate) async fn form<O: Operations>(
    visit: Visit,
    State(desk): State<Arc<Desk<O>>>,
    typed: Result<Query<Typed>, QueryRejection>,
) -> Response {
    let typed = typed.map(|Query(typed)| typed).unwrap_or_default();
    page(&desk.operations, &visit, typed, None, PreflightPart { preflight: Preflight::Open, announced: false })
}

/// The result of a check: for the part beside the form, or with the whole page where no script runs.
pub(crate) async fn check<O: Operations>(
    visit: Visit,
    State(desk): State<Arc<Desk<O>>>,
    typed: Result<Form<Typed>, FormRejection>,
) -> Response {
    let typed = match typed {
        Ok(Form(typed)) => typed,
        Err(rejection) => return visit.refuse(Problem::invalid(rejection.body_text())),
    };
    let preflight = preflight(&desk.operations, &visit, &typed, visit.partial).await;
    match visit.partial {
        true => shown(StatusCode::OK, &preflight),
        false => page(&desk.operations, &visit, typed, None, preflight),
    }
}

pub(crate) async fn register<O: Operations>(
    visit: Visit,
    State(desk): State<Arc<Desk<O>>>,
    typed: Result<Form<Typed>, FormRejection>,
) -> Response {
    let typed = match typed {
        Ok(Form(typed)) => typed,
        Err(rejection) => return visit.refuse(Problem::invalid(rejection.body_text())),
    };
    let now = OffsetDateTime::now_utc();
    let registered = match typed.wish() {
        Ok(wish) => desk.operations.register(&visit.caller, wish, &typed.key, now).await,
        Err(problem) => Err(problem),
    };
    match registered {
        Ok(view) => visit.see_endpoint(&view.id, ""),
        Err(problem) if problem.status.is_client_error() => {
            let open = PreflightPart { preflight: Preflight::Open, announced: false };
            page(&desk.operations, &visit, typed, Some(problem), open)
        }
        Err(problem) => visit.refuse(problem),
    }
}

async fn preflight(operations: &impl Operations, visit: &Visit, typed: &Typed, announced: bool) -> PreflightPart {
    let now = OffsetDateTime::now_utc();
    let preflight = match typed.wish() {
        _ if !typed.is_started() => Preflight::Open,
        Err(problem) => Preflight::Refused(problem),
        Ok(wish) => match operations.preflight(&visit.caller, wish, now).await {
            Ok(seen) => Preflight::Seen(Box::new(seen)),
            Err(problem) => Preflight::Refused(problem),
        },
    };
    PreflightPart { preflight, announced }
}

fn page(
    operations: &impl Operations,
    visit: &Visit,
    typed: Typed,
    problem: Option<Problem>,
    preflight: PreflightPart,
) -> Response {
    let status = problem.as_ref().map_or(StatusCode::OK, |problem| problem.status);
    // A refused key is not reused: the next submission is another request.
    let typed = Typed { key: fresh_key(), ..typed };
    let frame = visit.frame("Register an endpoint", Place::Register);
    let (operator, persistent_records) = (visit.caller.is_operator(), operations.offers_persistent_records());
    let pools = operations.pools();
    shown(status, &RegisterPage { frame, operator, persistent_records, pools, typed, problem, preflight })
}

fn fresh_key() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the system has randomness");
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(domain: &str, also: &str) -> Typed {
        Typed { domain: domain.into(), also: also.into(), reachability: "internal".into(), ..Typed::default() }
    }

    #[test]
    fn names_are_taken_from_lines_commas_and_blanks() {
        let wish = typed(" a.example ", "b.example\r\n\r\nc.example, d.example").wish().expect("fine");
        assert_eq!((wish.domain.as_str(), wish.also.len(), wish.tenant), ("a.example", 3, None));
    }

    #[test]
    fn the_form_takes_one_listener_or_none() {
        let listeners = |text: &str| {
            let typed = Typed { listener: text.into(), ..typed("a.example", "") };
            typed.wish().expect("fine").listeners
        };
        assert_eq!((listeners("  ").len(), listeners(" pool:eu ")), (0, vec!["pool:eu".to_owned()]));
    }

    #[test]
    fn a_form_without_a_challenge_means_dns_01() {
        let method = |text: &str| {
            let typed = Typed { challenge: text.into(), ..typed("a.example", "") };
            typed.wish().map(|wish| wish.challenge).map_err(|problem| problem.field)
        };
        assert_eq!([method(""), method("dns-01")], [Ok(DnsMethod::Dns01), Ok(DnsMethod::Dns01)]);
        assert_eq!(method("dns-persist-01"), Ok(DnsMethod::DnsPersist01));
        assert_eq!(method("tls-alpn-01"), Err(Some("challenge".into())));
    }

    #[test]
    fn a_form_without_reachability_names_that_field() {
        let problem =
            Typed { reachability: String::new(), ..typed("a.example", "") }.wish().expect_err("nothing chosen");
        assert_eq!(problem.field.as_deref(), Some("reachability"));
    }

    #[test]
    fn a_check_starts_once_the_name_has_two_labels() {
        for (text, started) in [("", false), ("shop", false), ("shop.", false), ("shop.e", true), (".e", false)] {
            assert_eq!(typed(text, "").is_started(), started, "{text}");
        }
    }
}
