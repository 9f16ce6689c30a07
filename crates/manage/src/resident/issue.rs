//! New tokens. What is kept of one is a digest.

use std::time::Duration;

use phantom_store::ClientRow;
use phantom_store::TokenKind;
use phantom_store::TokenRow;
use phantom_store::Write;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use uuid::Uuid;

use crate::plane::Control;
use crate::random;
use crate::refusal::Outcome;

const REFRESH_LIFE: Duration = Duration::from_secs(86_400);

/// What is to be issued.
pub(crate) struct Order<'a> {
    pub(crate) client: &'a ClientRow,
    pub(crate) username: Option<String>,
    /// Granted already.
    pub(crate) scope: String,
    /// Of the access token.
    pub(crate) life: Duration,
    /// Tokens of one grant, which end together.
    pub(crate) family: Uuid,
    pub(crate) refreshable: bool,
}

#[derive(Debug)]
pub struct Tokens {
    pub access: SecretString,
    pub refresh: Option<SecretString>,
    /// The scopes granted, separated by one space.
    pub scope: String,
    /// Of the access token.
    pub life: Duration,
}

/// In force with the commit.
pub(crate) async fn issue(
    control: &Control,
    write: &mut Write,
    order: Order<'_>,
) -> Outcome<Tokens> {
    let Order { client, username, scope, life, family, refreshable } = order;
    let access = random::access_token()?;
    let refresh = refreshable.then(random::secret).transpose()?;
    let kept = [
        (Some(&access), TokenKind::Access, life),
        (refresh.as_ref(), TokenKind::Refresh, REFRESH_LIFE),
    ];
    for (token, kind, life) in kept {
        let Some(token) = token else { continue };
        let row = TokenRow {
            digest: random::token_digest(token.expose_secret()),
            kind,
            family,
            client_id: client.client_id.clone(),
            username: username.clone(),
            scope: scope.clone(),
            issued_at: control.now(),
            expires_at: control.now().plus(life),
        };
        write.insert_token(&row).await?;
    }
    Ok(Tokens { access, refresh, scope, life })
}
