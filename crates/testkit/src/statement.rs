//! Statements, as a server would have made them.

use phantom_core::Audience;
use phantom_core::PhantomToken;
use phantom_core::Scope;
use phantom_core::Statement;

/// A statement of nothing but a JWT. A test names the members that it is about:
/// `Statement { subject: Some("alice".into()), ..statement() }`.
#[must_use]
pub fn statement() -> Statement {
    statement_of("e30.e30.c2ln")
}

/// The same of another JWT.
///
/// # Panics
///
/// Where the text is no JWT.
#[must_use]
pub fn statement_of(jwt: &str) -> Statement {
    Statement {
        phantom_token: PhantomToken::parse(jwt, usize::MAX).expect("a JWT"),
        issuer: None,
        subject: None,
        client_id: None,
        authorized_party: None,
        token_id: None,
        audience: Audience::default(),
        scope: Scope::default(),
        expires_at: None,
        not_before: None,
        issued_at: None,
        confirmed: false,
    }
}
