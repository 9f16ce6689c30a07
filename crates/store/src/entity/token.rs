//! Tokens of our own authorization server, by their digest. Too many and too short-lived for the
//! audit; who revokes what is in the log.

use phantom_core::UnixTime;
use uuid::Uuid;

use super::names;
use crate::columns::Columns;
use crate::columns::Record;
use crate::error::StoreError;
use crate::hex;
use crate::read::reads;
use crate::session::Session;
use crate::value::values;
use crate::write::Write;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRow {
    pub digest: [u8; 32],
    pub kind: TokenKind,
    /// All tokens that came of one grant.
    pub family: Uuid,
    pub client_id: String,
    /// `None` for client credentials.
    pub username: Option<String>,
    pub scope: String,
    pub issued_at: UnixTime,
    pub expires_at: UnixTime,
}

names! { TokenKind { Access = "ACCESS", Refresh = "REFRESH" } }

reads! {
    /// The token with that digest, expired or not.
    fn token(digest: &[u8; 32]) -> Option<TokenRow>;
}

async fn token(session: &mut Session, digest: &[u8; 32]) -> Result<Option<TokenRow>, StoreError> {
    let select = "SELECT digest, kind, family, client_id, username, scope, issued_at, expires_at \
         FROM tokens WHERE digest = $1";
    session.row(select, values![hex::encode(digest)]).await
}

impl Write {
    /// [`StoreError::Missing`] when the client is gone.
    pub async fn insert_token(&mut self, row: &TokenRow) -> Result<(), StoreError> {
        let insert = "INSERT INTO tokens \
             (digest, kind, family, client_id, username, scope, issued_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let values = values![
            hex::encode(&row.digest),
            row.kind.as_str(),
            row.family,
            &row.client_id,
            row.username.as_deref(),
            &row.scope,
            row.issued_at,
            row.expires_at,
        ];
        self.session.execute(insert, values).await.map(drop)
    }

    /// Whether it was there: a refresh token is spent once.
    pub async fn delete_token(&mut self, digest: &[u8; 32]) -> Result<bool, StoreError> {
        let delete = "DELETE FROM tokens WHERE digest = $1";
        Ok(self.session.execute(delete, values![hex::encode(digest)]).await? > 0)
    }

    /// How many there were.
    pub async fn delete_tokens_of_family(&mut self, family: Uuid) -> Result<u64, StoreError> {
        self.session.execute("DELETE FROM tokens WHERE family = $1", values![family]).await
    }

    /// How many there were.
    pub async fn delete_tokens_of_client(&mut self, client_id: &str) -> Result<u64, StoreError> {
        self.session.execute("DELETE FROM tokens WHERE client_id = $1", values![client_id]).await
    }

    /// How many had expired at `now`.
    pub async fn delete_expired_tokens(&mut self, now: UnixTime) -> Result<u64, StoreError> {
        self.session.execute("DELETE FROM tokens WHERE expires_at <= $1", values![now]).await
    }
}

impl Record for TokenRow {
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            digest: columns.bytes()?,
            kind: columns.one_of(TokenKind::from_name)?,
            family: columns.uuid()?,
            client_id: columns.text()?,
            username: columns.optional_text()?,
            scope: columns.text()?,
            issued_at: columns.time()?,
            expires_at: columns.time()?,
        })
    }
}
