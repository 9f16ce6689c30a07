//! Style and script, in the binary. Their address has their digest in it, so that they are kept for ever.

use std::sync::LazyLock;

use axum::Router;
use axum::extract::Path;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use http::header;
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "assets"]
struct Assets;

/// The digest of all of them together: they refer to each other.
static DIGEST: LazyLock<String> = LazyLock::new(|| {
    let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    for name in Assets::iter() {
        context.update(name.as_bytes());
        if let Some(file) = Assets::get(&name) {
            context.update(&file.data);
        }
    }
    hex::encode(context.finish().as_ref().get(..8).unwrap_or_default())
});

/// Where the asset of that name is.
pub fn address(name: &str) -> String {
    format!("/assets/{}/{name}", *DIGEST)
}

pub(crate) fn router() -> Router {
    Router::new().route("/assets/{digest}/{*name}", get(asset))
}

async fn asset(Path((digest, name)): Path<(String, String)>) -> Response {
    let Some(file) = Assets::get(&name).filter(|_| digest == *DIGEST) else {
        return (StatusCode::NOT_FOUND, "There is no such file.\n").into_response();
    };
    let media_type = match name.rsplit_once('.') {
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "js")) => "text/javascript; charset=utf-8",
        Some((_, "svg")) => "image/svg+xml",
        _ => "application/octet-stream",
    };
    let headers = [
        (header::CONTENT_TYPE, media_type),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    (headers, file.data.into_owned()).into_response()
}
