//! What a gateway decided on a call that was made here, once it has reported it. Whoever made the call sees it,
//! whatever else of the traffic they may see: its id is made here, and goes with a proof of the session.

use askama::Template;
use aws_lc_rs::hmac;
use axum::extract::Query;
use base64::Engine;
use http::HeaderName;
use http::HeaderValue;
use phantom_core::jwt::BASE64URL;
use phantom_observe::traffic;
use phantom_observe::traffic::DecisionsWanted;
use phantom_pages::answer::Answer;
use phantom_pages::answer::Failure;
use phantom_pages::components::Head;
use phantom_pages::visit::Visit;
use serde::Deserialize;

use super::PLACE;
use crate::address::address;
use crate::decisions;

pub(super) const HERE: &str = "/workbench/decision";
/// Turns in which a decision is waited for, two seconds each. A report comes every five.
const TURNS: u8 = 8;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Named {
    request: String,
    proof: String,
    turn: u8,
}

#[derive(Template)]
#[template(path = "workbench/decision.html")]
struct Page {
    head: Head,
    again: String,
    decisions: Vec<decisions::Page>,
}

fn key(visit: &Visit) -> hmac::Key {
    let session = hmac::Key::new(hmac::HMAC_SHA256, visit.secret.as_bytes());
    let derived = hmac::sign(&session, b"a call of the workbench");
    hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref())
}

/// The address of the decision on a call of this session.
pub(super) fn address_of(visit: &Visit, request: &str) -> String {
    let proof = BASE64URL.encode(hmac::sign(&key(visit), request.as_bytes()));
    address(HERE, &[("request", request), ("proof", &proof)])
}

pub(super) async fn page(visit: Visit, Query(named): Query<Named>) -> Answer {
    let Named { request, proof, turn } = named;
    let proof = BASE64URL.decode(&proof).unwrap_or_default();
    if hmac::verify(&key(&visit), request.as_bytes(), &proof).is_err() {
        return Err(Failure::NoSuchPage);
    }
    let wanted = DecisionsWanted { request_id: request.clone(), ..DecisionsWanted::default() };
    let found = traffic::decisions(&visit.control, &wanted).await?;
    let now = visit.control.now();
    let decisions: Vec<_> = found.iter().take(10).map(|one| decisions::page(one, now)).collect();
    let waits = decisions.is_empty() && turn < TURNS;
    let head = Head::new("What the gateway decided").under("Workbench", super::HERE).state(
        match (decisions.is_empty(), waits) {
            (false, _) => "On the call that was made from the workbench.",
            (true, true) => {
                "It is not reported yet. Gateways report every five seconds; this page looks again by itself."
            }
            (true, false) => {
                "No gateway has reported it: the call has not come to one, it goes by another name there, or it \
                 was one of too many."
            }
        },
    );
    let again = address_of(&visit, &request);
    let next = format!("2;url={again}&turn={}", turn.saturating_add(1));
    let page = Page { head, again, decisions };
    let mut response = visit.show(PLACE, "What the gateway decided", &page);
    if waits && let Ok(next) = HeaderValue::from_str(&next) {
        response.headers_mut().insert(HeaderName::from_static("refresh"), next);
    }
    Ok(response)
}
