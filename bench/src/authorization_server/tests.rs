//! What the gateway gets to hear.

use anyhow::{Context as _, Result};

use super::{AuthorizationServer, COUNT_PATH, JWKS_PATH};
use crate::http1::Message;
use crate::jwt::JWT_BYTES;

fn server() -> Result<AuthorizationServer> {
    AuthorizationServer::new()
}

fn ask(server: &AuthorizationServer, request: &str) -> Result<(u16, Option<String>, Vec<u8>)> {
    let mut output = Vec::new();
    server.answer(&Message::parse(request.as_bytes())?.context("whole")?, &mut output)?;
    let answer = Message::parse(&output)?.context("whole")?;
    let kind = answer.head.field("content-type").map(str::to_owned);
    Ok((answer.head.status()?, kind, answer.body.to_vec()))
}

fn introspect(server: &AuthorizationServer, form: &str) -> Result<(u16, Option<String>, Vec<u8>)> {
    let length = form.len();
    ask(server, &format!("POST /introspect HTTP/1.1\r\nContent-Length: {length}\r\n\r\n{form}"))
}

#[test]
fn an_active_token_gets_a_jwt_and_leave_to_keep_it() -> Result<()> {
    let (status, kind, body) = introspect(&server()?, "token_type_hint=access_token&token=abc")?;
    assert_eq!((status, kind.as_deref()), (200, Some("application/jwt")));
    assert_eq!(body.len(), JWT_BYTES);
    Ok(())
}

#[test]
fn a_bad_token_is_not_active_and_no_token_is_a_bad_request() -> Result<()> {
    let (status, _, body) = introspect(&server()?, "token=bad-one")?;
    assert_eq!((status, body.as_slice()), (200, &br#"{"active":false}"#[..]));
    assert_eq!(introspect(&server()?, "hint=abc")?.0, 400);
    Ok(())
}

#[test]
fn every_introspection_is_counted_and_nothing_else_is() -> Result<()> {
    let server = server()?;
    for form in ["token=abc", "token=abc", "token=bad"] {
        introspect(&server, form)?;
    }
    ask(&server, &format!("GET {JWKS_PATH} HTTP/1.1\r\n\r\n"))?;
    let (_, _, body) = ask(&server, &format!("GET {COUNT_PATH} HTTP/1.1\r\n\r\n"))?;
    assert_eq!(body, b"3");
    Ok(())
}

#[test]
fn the_same_token_asked_twice_gets_two_jwts() -> Result<()> {
    let server = server()?;
    assert_ne!(introspect(&server, "token=abc")?.2, introspect(&server, "token=abc")?.2);
    Ok(())
}
