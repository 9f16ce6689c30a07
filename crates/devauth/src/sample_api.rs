//! The APIs behind the gateways of the tutorials, plain HTTP/1.1 and HTTP/2.
//!
//! `/api` is the OpenResty tutorial's API: it shows the JWT it received. The rest answers the way
//! httpbin does, for the WSO2 tutorial and for tests of streams, delays and statuses. Nothing is
//! verified or stored.

mod echo;
mod streams;
mod tutorial;
mod upload;

use std::io;
use std::net::SocketAddr;

use axum::extract::DefaultBodyLimit;
use axum::routing::{any, get, post};
use axum::{Json, Router};
use http::StatusCode;
use phantom_serve::serve;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// For bodies that are echoed. `/upload` only counts and takes any length.
const MAX_ECHOED_BODY: usize = 1024 * 1024;

/// Sample APIs that listen but do not serve yet.
#[derive(Debug)]
pub struct SampleApi {
    listener: TcpListener,
    local_addr: SocketAddr,
}

impl SampleApi {
    /// # Errors
    /// If the address cannot be listened on.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let local_addr = listener.local_addr()?;
        Ok(Self { listener, local_addr })
    }

    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Serves until `shutdown` is done, then lets requests under way finish for a few seconds.
    ///
    /// # Errors
    /// If the listener keeps failing.
    pub async fn serve(self, shutdown: impl Future<Output = ()>) -> io::Result<()> {
        serve(self.listener, None, router(), usize::MAX, shutdown).await
    }
}

fn router() -> Router {
    Router::new()
        .route("/", get(index))
        .route("/api", any(tutorial::api))
        .route("/api/", any(tutorial::api))
        .route("/api/{*rest}", any(tutorial::api))
        .route("/get", get(echo::get))
        .route("/headers", get(echo::headers))
        .route("/anything", any(echo::anything))
        .route("/anything/", any(echo::anything))
        .route("/anything/{*rest}", any(echo::anything))
        .route("/status/{code}", any(echo::status))
        .route("/delay/{seconds}", any(echo::delay))
        .layer(DefaultBodyLimit::max(MAX_ECHOED_BODY))
        .route("/bytes/{count}", get(streams::bytes))
        .route("/stream/{count}", get(streams::lines))
        .route("/sse", get(streams::events))
        .route("/upload", post(upload::count))
        .fallback(not_found)
}

async fn index() -> Json<Value> {
    Json(json!({
        "message": "Sample APIs of Phantom Gateway, for development only",
        "paths": [
            "/api", "/get", "/headers", "/anything", "/status/{code}", "/delay/{seconds}",
            "/bytes/{count}", "/stream/{count}", "/sse?count=&interval_ms=", "/upload",
        ],
    }))
}

async fn not_found() -> (StatusCode, Json<Value>) {
    refuse(StatusCode::NOT_FOUND, "there is nothing at this path")
}

fn refuse(status: StatusCode, message: &'static str) -> (StatusCode, Json<Value>) {
    (status, Json(json!({ "message": message })))
}

#[cfg(test)]
mod tests;
