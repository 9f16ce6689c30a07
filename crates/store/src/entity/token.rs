//! Tokens of our own authorization server, by their digest. Too many and too short-lived for the
//! audit, which names those alone that end before their time.

use aws_lc_rs::digest;
use phantom_core::UnixTime;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use uuid::Uuid;

use super::Action;
use super::Entity;
use super::change::ChangeRow;
use super::names;
use super::revocation::RevocationKind;
use crate::columns::table;
use crate::error::StoreError;
use crate::read::reads;
use crate::sql::Sql;
use crate::store::Store;
use crate::value::values;
use crate::write::Write;

/// A token that our own authorization server issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRow {
    /// SHA-256 of the token, which is kept nowhere.
    pub digest: [u8; 32],
    /// Access or refresh.
    pub kind: TokenKind,
    /// All tokens that came of one grant.
    pub family: Uuid,
    /// The client that got it.
    pub client_id: String,
    /// `None` for client credentials.
    pub username: Option<String>,
    /// As granted; tokens separated by spaces (RFC 6749 §3.3).
    pub scope: String,
    /// Given with the insert; never changes.
    pub issued_at: UnixTime,
    /// Not kept much longer.
    pub expires_at: UnixTime,
}

/// Tokens that belong together.
#[derive(Clone, Copy, Debug)]
pub enum TokensOf<'a> {
    /// Of one grant.
    Family(Uuid),
    /// The access tokens of one grant.
    AccessOf(Uuid),
    /// Of one client.
    Client(&'a str),
    /// All that act for the user of that name.
    User(&'a str),
}

names! {
    /// The use that a token is for.
    TokenKind {
        /// At APIs.
        Access = "ACCESS",
        /// Here, for further tokens, once.
        Refresh = "REFRESH",
        /// A refresh token that was used. Kept until its own end, to be known again.
        Spent = "SPENT",
    }
}

table! {
    TokenRow in "tokens" by digest: kind, family, client_id, username, scope, issued_at, expires_at
}

reads! {
    /// The token with that digest, expired or not.
    fn token(digest: &[u8; 32]) -> Option<TokenRow> = "WHERE digest = $1";
}

impl Write {
    /// Not in the audit.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`] when the client is gone, [`StoreError::Duplicate`] of `tokens.digest`.
    pub async fn insert_token(&mut self, row: &TokenRow) -> Result<(), StoreError> {
        self.session.insert(row).await
    }

    /// Uses a refresh token up. False: there is no such one, or it was used before.
    ///
    /// # Errors
    ///
    /// [`StoreError`], as every write may answer.
    pub async fn spend_token(&mut self, digest: &[u8; 32]) -> Result<bool, StoreError> {
        let update = "UPDATE tokens SET kind = 'SPENT' WHERE digest = $1 AND kind = 'REFRESH'";
        Ok(self.session.execute(update, values![digest]).await? > 0)
    }

    /// Ends tokens before their time. Gateways hold verdicts on some of them, so each that lives
    /// leaves a revocation by its id. Gives the number of tokens.
    ///
    /// # Errors
    ///
    /// [`StoreError`], as every write may answer.
    pub async fn end_tokens(&mut self, of: TokensOf<'_>) -> Result<u64, StoreError> {
        let (delete, value) = match of {
            TokensOf::Family(family) => ("DELETE FROM tokens WHERE family = $1", family.into()),
            TokensOf::AccessOf(family) => {
                ("DELETE FROM tokens WHERE family = $1 AND kind = 'ACCESS'", family.into())
            }
            TokensOf::Client(id) => ("DELETE FROM tokens WHERE client_id = $1", id.into()),
            TokensOf::User(name) => ("DELETE FROM tokens WHERE username = $1", name.into()),
        };
        let ended: Vec<TokenRow> =
            self.session.rows(Sql::returning::<TokenRow>(delete), &[value]).await?;
        let now = self.now;
        let lived = |row: &&TokenRow| row.kind == TokenKind::Access && now < row.expires_at;
        for row in ended.iter().filter(lived) {
            let kind = RevocationKind::TokenId;
            self.insert_revocation(kind, &row.id(), now, row.expires_at).await?;
        }
        Ok(ended.len() as u64)
    }

    /// Tells all gateways that a token of another server has ended, and has them refuse it until then,
    /// whatever its server says. The change carries the token, sealed, since each gateway's caches know
    /// it by a digest of their own; what is kept is a digest under a key that all of them have.
    ///
    /// # Errors
    ///
    /// [`StoreError`], as every write may answer.
    pub async fn announce_end(
        &mut self,
        token: &SecretString,
        at: UnixTime,
        until: UnixTime,
    ) -> Result<(), StoreError> {
        if at < until {
            let digest = self.session.sealing.token_digest(token.expose_secret());
            self.insert_revocation(RevocationKind::Token, &String::from(digest), at, until).await?;
        }
        let sealed = self.session.sealing.seal(CHANGES, TOKEN, token)?;
        let hash = digest::digest(&digest::SHA256, token.expose_secret().as_bytes());
        let id = hex::encode(hash.as_ref().get(..16).unwrap_or_default());
        self.record(Action::Delete, Entity::Token, id, None, None).await?;
        self.publish(Entity::Token, sealed).await
    }

    /// Forgets those that had expired at `now`; gives their number.
    ///
    /// # Errors
    ///
    /// [`StoreError`], as every write may answer.
    pub async fn delete_expired_tokens(&mut self, now: UnixTime) -> Result<u64, StoreError> {
        self.session.execute("DELETE FROM tokens WHERE expires_at <= $1", values![now]).await
    }
}

impl Store {
    /// The token of a change that [`Write::announce_end`] left.
    ///
    /// # Errors
    ///
    /// [`StoreError::Sealed`] for any other change.
    pub fn announced(&self, change: &ChangeRow) -> Result<SecretString, StoreError> {
        self.sealing().open(CHANGES, TOKEN, &change.id)
    }
}

impl TokenRow {
    /// Names the token where it must not be shown: half of its digest. The `jti` of what is said
    /// about it.
    #[must_use]
    pub fn id(&self) -> String {
        hex::encode(self.digest.get(..16).unwrap_or_default())
    }
}

/// What a sealed token in a change is bound to.
const CHANGES: &str = "changes";
const TOKEN: &str = "token";
