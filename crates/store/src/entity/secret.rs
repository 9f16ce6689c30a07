//! Secrets of the installation as a whole, which all of its nodes share.

use std::borrow::Cow;

use secrecy::SecretString;

use super::names;
use crate::columns::Columns;
use crate::columns::Record;
use crate::error::StoreError;
use crate::read::reads;
use crate::session::Session;
use crate::value::values;
use crate::write::Write;

names! {
    /// What it is for.
    SecretName {
        /// PKCS#8, in base64: signs the JWTs of tokens of our own.
        SigningKey = "signing_key",
    }
}

reads! {
    /// The secret of that name.
    fn secret(name: SecretName) -> Option<SecretString>;
}

async fn secret(
    session: &mut Session,
    name: SecretName,
) -> Result<Option<SecretString>, StoreError> {
    let sealed: Option<Sealed> = session.ask("WHERE name = $1", values![name]).await?;
    sealed.map(|Sealed(sealed)| session.sealing.open(TABLE, name.as_str(), &sealed)).transpose()
}

impl Write {
    /// Keeps it, sealed.
    ///
    /// # Errors
    ///
    /// [`StoreError::Internal`] where there is one already: it stays.
    pub async fn insert_secret(
        &mut self,
        name: SecretName,
        secret: &SecretString,
    ) -> Result<(), StoreError> {
        let sealed = self.session.sealing.seal(TABLE, name.as_str(), secret)?;
        let insert = "INSERT INTO sealing (name, sealed) VALUES ($1, $2)";
        self.session.execute(insert, values![name, sealed]).await.map(drop)
    }
}

const TABLE: &str = "sealing";

/// As it is kept.
pub(crate) struct Sealed(pub(crate) String);

impl Record for Sealed {
    const FROM: &'static str = TABLE;

    fn columns() -> Cow<'static, str> {
        "sealed".into()
    }

    fn read(row: &Columns<'_>) -> Result<Self, StoreError> {
        row.get("sealed").map(Self)
    }
}
