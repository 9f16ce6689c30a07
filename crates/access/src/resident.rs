//! The resident authorization server: its clients, and tokens from their issue to their end.

mod client;
mod grant;
mod introspect;
mod issue;
mod refusal;
mod registration;
mod revoke;
mod scope;
mod signing_key;

pub use client::authenticate;
pub use client::new_client;
pub use grant::GrantType;
pub use grant::client_credentials;
pub use grant::password;
pub use grant::refresh;
pub use introspect::introspect;
pub use introspect::require_introspector;
pub use introspect::require_introspector_named;
pub use issue::Order;
pub use issue::Tokens;
pub use issue::issue;
pub use phantom_store::ClientRow as Client;
pub use phantom_store::TokenRow as Token;
pub use refusal::OAuthRefusal;
pub use registration::Registration;
pub use registration::register;
pub use registration::require_registrar;
pub use revoke::end;
pub use revoke::revoke;
pub use scope::granted;
pub use signing_key::signing_key;

/// The client by which gateways ask about tokens.
pub const GATEWAY_CLIENT: &str = "phantom gateway";
