//! The pages behind a server on this machine, under a path prefix as they stand behind the emulator.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::{Context, Result};
use api::Base;
use api::dashboard::{self, Console, Desk};
use api::sign_in::session::SignInOffered;
use axum::Router;
use axum::extract::{Path, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{COOKIE, LOCATION, SET_COOKIE};
use http::{HeaderMap, StatusCode};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tower::ServiceExt;
use vocabulary::names::{Caller, Origin, Scope};

use crate::fixture::{Fixture, installation};

const BASE: &str = "/_aws/execute-api/pages";

/// A server over one fixture. It ends with the test's runtime.
pub(crate) struct Site {
    pub(crate) fixture: Fixture,
    origin: String,
}

impl Site {
    pub(crate) async fn open(fixture: Fixture) -> Result<Self> {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.context("a port")?;
        let origin = format!("http://{}", listener.local_addr()?);
        tokio::spawn(serve(listener, routes(&fixture, &origin)));
        Ok(Self { fixture, origin })
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{BASE}{path}", self.origin)
    }

    /// A page that signs in as `who` (`operator`, or a tenant), and leads to the overview.
    pub(crate) fn entrance(&self, who: &str) -> String {
        self.url(&format!("/as/{who}"))
    }
}

fn routes(fixture: &Fixture, origin: &str) -> Router {
    let console = Console::of("arn:aws:states:eu-central-1:111122223333:stateMachine:issue-certificate");
    let brand = installation().brand;
    let desk = Arc::new(Desk { operations: fixture.clone(), console, brand });
    let base: Base = format!("{origin}{BASE}").parse().expect("a base");
    let pages = dashboard::router(desk.clone())
        .merge(dashboard::owner_router(desk))
        .merge(dashboard::assets_router())
        .layer(from_fn_with_state(base, admit))
        .route("/as/{who}", get(enter));
    Router::new().nest(BASE, pages)
}

/// What the session's layer does in front of the real pages.
async fn admit(State(base): State<Base>, mut request: Request, next: Next) -> Response {
    let caller = session(request.headers());
    let extensions = request.extensions_mut();
    extensions.insert(base);
    extensions.insert(SignInOffered);
    if let Some(caller) = caller {
        extensions.insert(caller);
    }
    next.run(request).await
}

fn session(headers: &HeaderMap) -> Option<Caller> {
    let who = headers.get(COOKIE)?.to_str().ok()?.split("; ").find_map(|pair| pair.strip_prefix("as="))?;
    let scope = if who == "operator" { Scope::Everything } else { Scope::Tenant(who.parse().ok()?) };
    let (who, operator) = (format!("{who}@platform.example"), scope == Scope::Everything);
    let origin = Origin { who, address: Some("192.0.2.10".into()), operator };
    Some(Caller { scope, origin })
}

async fn enter(Path(who): Path<String>) -> Response {
    let cookie = format!("as={who}; Path=/; HttpOnly; SameSite=Lax");
    (StatusCode::SEE_OTHER, [(SET_COOKIE, cookie), (LOCATION, format!("{BASE}/dashboard"))]).into_response()
}

async fn serve(listener: TcpListener, routes: Router) {
    while let Ok((stream, _)) = listener.accept().await {
        let routes = routes.clone();
        tokio::spawn(async move {
            let service = service_fn(|request: hyper::Request<hyper::body::Incoming>| {
                let routes = routes.clone();
                async move {
                    Ok::<_, Infallible>(routes.oneshot(request.map(axum::body::Body::new)).await.expect("infallible"))
                }
            });
            // A browser closes connections as it likes.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}
