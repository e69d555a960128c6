//! The pages for somebody who could not be signed in.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use vocabulary::text::printable;

use crate::dashboard::page::{Frame, Next, Place, Refusal as RefusalPage, guarded, shown};
use crate::http::base::Base;
use crate::http::problem::Problem;
use crate::sign_in::identity::{Identity, Refusal};

/// What happened, what to do, and where to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    status: StatusCode,
    title: &'static str,
    detail: String,
    remedy: String,
    next: Next,
    base: Base,
}

impl Page {
    /// None of the texts is trusted: the template escapes them.
    fn sign_in_again(
        status: StatusCode,
        title: &'static str,
        detail: String,
        remedy: impl Into<String>,
        base: &Base,
    ) -> Self {
        let next = Next { label: "Sign in again", href: base.link("/sign-in") };
        Self { status, title, detail, remedy: remedy.into(), next, base: base.clone() }
    }

    pub(crate) fn refusal(refusal: Refusal, identity: &Identity, base: &Base) -> Self {
        match refusal {
            Refusal::NotSignedIn => Self::sign_in_again(
                StatusCode::UNAUTHORIZED,
                "Please sign in",
                "You are not signed in, or your session has ended.".into(),
                "Sign in to continue.",
                base,
            ),
            Refusal::NotEntitled { who } => {
                let names = identity.claims();
                Self::sign_in_again(
                    StatusCode::FORBIDDEN,
                    "Nothing here is yours yet",
                    format!(
                        "You have signed in as {}, but your token names neither a tenant nor the role of an operator.",
                        printable(&who, 120)
                    ),
                    format!(
                        "Ask whoever runs your identity provider to put your tenant into the claim “{}”, or the role “{}” into the claim “{}”.",
                        names.tenant, names.operator_role, names.roles
                    ),
                    base,
                )
            }
            Refusal::IssuerSilent(why) => {
                tracing::error!(
                    why,
                    issuer = identity.provider().issuer(),
                    "the token issuer does not answer as it should"
                );
                Self::issuer_silent(base)
            }
        }
    }

    pub(crate) fn issuer_silent(base: &Base) -> Self {
        Self::sign_in_again(
            StatusCode::SERVICE_UNAVAILABLE,
            "The identity provider does not answer",
            "Your sign-in could not be checked.".into(),
            "Try again in a minute. If it goes on, the operator finds the reason in the log of the api function.",
            base,
        )
    }

    /// The answer of the provider belongs to no sign-in of this browser.
    pub(crate) fn unknown_sign_in(base: &Base) -> Self {
        Self::sign_in_again(
            StatusCode::BAD_REQUEST,
            "This sign-in cannot be finished",
            "It was not begun in this browser, took longer than ten minutes, or is finished already.".into(),
            "Begin again.",
            base,
        )
    }

    pub(crate) fn provider_refused(why: &str, base: &Base) -> Self {
        let why = printable(why, 300);
        Self::sign_in_again(
            StatusCode::FORBIDDEN,
            "The identity provider did not sign you in",
            format!("It says: {}", if why.is_empty() { "nothing more" } else { &why }),
            "Begin again. If it goes on, the operator compares the client's registration with docs/how-to/sign-in.md.",
            base,
        )
    }

    pub(crate) fn token_too_long(length: usize, base: &Base) -> Self {
        Self::sign_in_again(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Your token is too long for a session",
            format!("It has {length} characters; browsers keep cookies of up to 4096."),
            "Ask whoever runs your identity provider to leave claims out of the ID token: lists of groups are the usual reason.",
            base,
        )
    }

    pub(crate) fn cross_site(base: &Base) -> Self {
        Self {
            status: StatusCode::FORBIDDEN,
            title: "Another site asked for this",
            detail: "A page of another site, or a very old browser, sent a request that would change something here."
                .into(),
            remedy: "Nothing was changed. Do it from the dashboard itself.".into(),
            next: Next { label: "To the dashboard", href: base.link("/dashboard") },
            base: base.clone(),
        }
    }

    pub(crate) fn signed_out(base: &Base) -> Self {
        Self::sign_in_again(
            StatusCode::OK,
            "You are signed out",
            "You may still be signed in at your identity provider.".into(),
            "On a shared machine, sign out there too.",
            base,
        )
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let Self { status, title, detail, remedy, next, base } = self;
        let problem = Problem::new(status, "sign-in", title, detail, &remedy);
        let frame = Frame::new(&base, title, Place::Elsewhere, None);
        guarded(shown(status, &RefusalPage { frame, problem, next: Some(next) }))
    }
}
