//! The files that pages load: a style sheet, two scripts and an icon, each under a name with a hash of its content.

use std::sync::LazyLock;

use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderName, HeaderValue, StatusCode};
use ring::digest::{SHA384, digest};

/// One file and its path.
#[derive(Debug)]
pub(crate) struct Asset {
    /// Below the base path: `/assets/style.0a1b2c3d4e5f6071.css`.
    pub(crate) path: String,
    /// Subresource Integrity (W3C), over SHA-384.
    pub(crate) integrity: String,
    content_type: &'static str,
    bytes: &'static [u8],
}

/// All files that pages name.
#[derive(Debug)]
pub(crate) struct Assets {
    pub(crate) style: Asset,
    pub(crate) htmx: Asset,
    pub(crate) script: Asset,
    pub(crate) mark: Asset,
}

pub(crate) static ASSETS: LazyLock<Assets> = LazyLock::new(|| Assets {
    style: Asset::new("style", "css", "text/css; charset=utf-8", include_bytes!("../../assets/style.css")),
    htmx: Asset::new(
        "htmx",
        "js",
        "text/javascript; charset=utf-8",
        include_bytes!(concat!(env!("OUT_DIR"), "/htmx.js")),
    ),
    script: Asset::new("script", "js", "text/javascript; charset=utf-8", include_bytes!("../../assets/script.js")),
    mark: Asset::new("mark", "svg", "image/svg+xml", include_bytes!("../../assets/mark.svg")),
});

impl Asset {
    fn new(name: &str, extension: &str, content_type: &'static str, bytes: &'static [u8]) -> Self {
        let hash = digest(&SHA384, bytes);
        let short: String = hash.as_ref()[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        Self {
            path: format!("/assets/{name}.{short}.{extension}"),
            integrity: format!("sha384-{}", STANDARD.encode(hash)),
            content_type,
            bytes,
        }
    }
}

/// `GET /assets/NAME.HASH.EXTENSION`. Public; browsers cache it for good.
pub fn router() -> Router {
    Router::new().route("/assets/{file}", get(serve))
}

async fn serve(Path(file): Path<String>) -> Response {
    let Assets { style, htmx, script, mark } = &*ASSETS;
    let wanted = |asset: &&&Asset| asset.path.strip_prefix("/assets/") == Some(file.as_str());
    match [style, htmx, script, mark].iter().find(wanted) {
        Some(asset) => {
            (headers("public, max-age=31536000, immutable", asset.content_type), asset.bytes).into_response()
        }
        // A page from before the last deployment may request a name that is gone.
        None => (StatusCode::NOT_FOUND, headers("no-store", "text/plain"), "There is no such file.").into_response(),
    }
}

fn headers(cache: &'static str, content_type: &'static str) -> [(HeaderName, HeaderValue); 3] {
    [
        (CACHE_CONTROL, HeaderValue::from_static(cache)),
        (CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_asset_is_kept_for_good_and_another_hash_is_not_found() {
        let path = &ASSETS.style.path;
        let file = path.strip_prefix("/assets/").expect("a prefix").to_owned();
        let found = serve(Path(file.clone())).await;
        assert_eq!(found.status(), StatusCode::OK);
        assert_eq!(found.headers()[CACHE_CONTROL], "public, max-age=31536000, immutable");
        let gone = serve(Path(format!("x{file}"))).await;
        assert_eq!(
            (gone.status(), &gone.headers()[CACHE_CONTROL]),
            (StatusCode::NOT_FOUND, &"no-store".parse().expect("text"))
        );
    }
}
