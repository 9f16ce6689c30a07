//! What a page of the console costs the server that draws it, and how large it is, with ten thousand APIs
//! and a hundred thousand applications in the store.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use axum::Router;
use axum::body::{Body, to_bytes};
use http::{Request, Response, header};
use tower::ServiceExt as _;

use super::fill;

/// Each page is drawn so often; the median counts.
const TIMES: usize = 15;
/// `{api}` and `{application}` stand for ids of the store's.
const PAGES: &[&str] = &[
    "/",
    "/account",
    "/admin/key-managers",
    "/admin/key-managers/new",
    "/admin/policies/application",
    "/admin/policies/subscription",
    "/admin/policies/advanced",
    "/admin/policies/subscription/new",
    "/admin/deny-policies",
    "/admin/deny-policies/new",
    "/admin/users",
    "/admin/users/new",
    "/admin/gateways",
    "/admin/audit",
    "/publisher/apis",
    "/publisher/apis?page=400",
    "/publisher/apis?query=Managed",
    "/publisher/apis?query=tag:none",
    "/publisher/apis/new",
    "/publisher/apis/import",
    "/publisher/scopes",
    "/publisher/apis/{api}",
    "/publisher/apis/{api}/endpoints",
    "/publisher/apis/{api}/resources",
    "/publisher/apis/{api}/runtime",
    "/publisher/apis/{api}/scopes",
    "/publisher/apis/{api}/subscriptions",
    "/publisher/apis/{api}/definition",
    "/publisher/apis/{api}/revisions",
    "/publisher/apis/{api}/delete",
    "/devportal/apis",
    "/devportal/apis?page=400",
    "/devportal/apis?query=Managed",
    "/devportal/apis?query=tag:none",
    "/devportal/apis/{api}",
    "/devportal/apis/{api}/samples",
    "/devportal/apis/{api}/try",
    "/devportal/applications",
    "/devportal/applications?page=4000",
    "/devportal/applications?query=measured",
    "/devportal/applications/new",
    "/devportal/applications/{application}",
    "/devportal/applications/{application}/keys",
    "/devportal/applications/{application}/subscriptions",
    "/devportal/applications/{application}/delete",
    "/workbench",
    "/traffic",
    "/traffic/decisions",
    "/search?q=crowd",
    "/search?q=nothing-of-that-name",
    "/design",
];

/// Of one page: its path, the median time to draw it, its bytes.
pub(crate) struct Page {
    pub(crate) path: &'static str,
    pub(crate) took: Duration,
    pub(crate) bytes: usize,
}

/// Draws all pages over the store in that directory.
pub(crate) fn draw(filled: &fill::Filled) -> Result<Vec<Page>> {
    fill::runtime()?.block_on(async {
        let store = fill::open(fill::sqlite(&filled.directory)).await?;
        let router = fill::console(&store)?;
        let session = sign_in(&router).await?;
        let mut pages = Vec::new();
        for path in PAGES {
            let place = path.replace("{api}", &filled.api.to_string());
            let place = place.replace("{application}", &filled.application.to_string());
            let mut times = Vec::new();
            let mut bytes = 0;
            for _ in 0..TIMES {
                let request = Request::get(&place).header(header::COOKIE, &session);
                let begun = Instant::now();
                let answer = router.clone().oneshot(request.body(Body::empty())?).await?;
                let status = answer.status();
                bytes = to_bytes(answer.into_body(), 1 << 22).await?.len();
                times.push(begun.elapsed());
                ensure!(status == 200, "{place}: {status}");
            }
            times.sort_unstable();
            let took = times.get(TIMES / 2).copied().unwrap_or_default();
            pages.push(Page { path, took, bytes });
        }
        store.close().await;
        Ok(pages)
    })
}

async fn sign_in(router: &Router) -> Result<String> {
    let answer = router.clone().oneshot(Request::get("/login").body(Body::empty())?).await?;
    let visitor = cookie(&answer)?;
    let body = to_bytes(answer.into_body(), 1 << 20).await?;
    let text = String::from_utf8_lossy(&body);
    let proof = text.split("name=\"_csrf\" value=\"").nth(1).context("no proof")?;
    let proof = proof.split('"').next().unwrap_or_default();
    let form = format!("_csrf={proof}&user=admin&secret.password=admin&to=%2F");
    let request = Request::post("/login")
        .header(header::COOKIE, visitor)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(form))?;
    let answer = router.clone().oneshot(request).await?;
    ensure!(answer.status() == 303, "nobody is signed in: {}", answer.status());
    cookie(&answer)
}

fn cookie(answer: &Response<Body>) -> Result<String> {
    let set = answer.headers().get(header::SET_COOKIE).context("no cookie")?;
    Ok(set.to_str()?.split(';').next().unwrap_or_default().to_owned())
}
