//! Sessions of the console, by the digest of what their cookies hold. As with tokens, the audit does not
//! name them.

use phantom_core::UnixTime;

use crate::columns::table;
use crate::error::StoreError;
use crate::read::reads;
use crate::value::values;
use crate::write::Write;

/// A browser that is signed in to the console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsoleSessionRow {
    /// SHA-256 of the secret in the cookie, which is kept nowhere.
    pub digest: [u8; 32],
    /// The user who signed in.
    pub username: String,
    /// When it was last seen, to a minute or so.
    pub used_at: UnixTime,
    /// The time of signing in.
    pub created_at: UnixTime,
    /// The end, however much it is used.
    pub expires_at: UnixTime,
}

table! {
    ConsoleSessionRow in "console_sessions" by digest: username, used_at; fixed: created_at, expires_at
}

reads! {
    /// The session with that digest, ended or not.
    fn console_session(digest: &[u8; 32]) -> Option<ConsoleSessionRow> = "WHERE digest = $1";
}

impl Write {
    /// Begins a session.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`] when the user is gone.
    pub async fn insert_console_session(
        &mut self,
        row: &ConsoleSessionRow,
    ) -> Result<(), StoreError> {
        self.session.insert(row).await
    }

    /// Notes that it was seen at `now`. Does nothing where there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError`], as every write may answer.
    pub async fn use_console_session(
        &mut self,
        digest: &[u8; 32],
        now: UnixTime,
    ) -> Result<(), StoreError> {
        let update = "UPDATE console_sessions SET used_at = $1 WHERE digest = $2";
        self.session.execute(update, values![now, digest]).await.map(drop)
    }

    /// Does nothing where there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError`], as every write may answer.
    pub async fn end_console_session(&mut self, digest: &[u8; 32]) -> Result<(), StoreError> {
        let delete = "DELETE FROM console_sessions WHERE digest = $1";
        self.session.execute(delete, values![digest]).await.map(drop)
    }

    /// Ends all sessions of the user; gives their number.
    ///
    /// # Errors
    ///
    /// [`StoreError`], as every write may answer.
    pub async fn end_console_sessions_of(&mut self, username: &str) -> Result<u64, StoreError> {
        let delete = "DELETE FROM console_sessions WHERE username = $1";
        self.session.execute(delete, values![username]).await
    }

    /// Forgets those that had ended at `now`; gives their number.
    ///
    /// # Errors
    ///
    /// [`StoreError`], as every write may answer.
    pub async fn delete_expired_console_sessions(
        &mut self,
        now: UnixTime,
    ) -> Result<u64, StoreError> {
        let delete = "DELETE FROM console_sessions WHERE expires_at <= $1";
        self.session.execute(delete, values![now]).await
    }
}
