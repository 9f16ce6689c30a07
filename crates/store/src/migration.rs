//! Brings the schema up to date, in one transaction, and checks the sealing key.

use secrecy::ExposeSecret;
use secrecy::SecretString;

use crate::entity::secret::Sealed;
use crate::error::StoreError;
use crate::session::Session;
use crate::value::values;

/// In their order; their numbers count from 1. Never edited once released.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_entities.sql"),
    include_str!("../migrations/0002_api_scopes.sql"),
    include_str!("../migrations/0003_console_sessions.sql"),
    include_str!("../migrations/0004_gateways.sql"),
    include_str!("../migrations/0005_api_words.sql"),
    include_str!("../migrations/0006_api_listing.sql"),
    include_str!("../migrations/0007_listings.sql"),
];

/// To be called with the writers' turn taken, so that two programs starting at once do not meet.
pub(crate) async fn bring_up_to_date(session: &mut Session) -> Result<(), StoreError> {
    session
        .execute("CREATE TABLE IF NOT EXISTS migrations (number BIGINT PRIMARY KEY)", &[])
        .await?;
    let done: u64 = session.ask("migrations", &[]).await?;
    let known = MIGRATIONS.len() as u64;
    if done > known {
        return Err(StoreError::TooNew { found: done as i64, known: known as i64 });
    }
    for (number, sql) in (1_u64..).zip(MIGRATIONS).skip(done as usize) {
        session.script(adapted(sql, session.is_postgres())).await?;
        session.execute("INSERT INTO migrations (number) VALUES ($1)", values![number]).await?;
    }
    check_sealing_key(session).await
}

/// SQLite compares text byte by byte; PostgreSQL does with this collation, so that both sort alike
/// and whatever the database's locale is. What unfolds a list of JSON has two names.
fn adapted(sql: &str, postgres: bool) -> String {
    if !postgres {
        return sql.to_owned();
    }
    let lists = [("scopes", ""), ("keyManagers", "_text"), ("tags", "_text")];
    let sql = sql.replace(" TEXT", " TEXT COLLATE \"C\"");
    lists.iter().fold(sql, |sql, (member, as_text)| {
        sql.replace(
            &format!("json_each(apis.document, '$.{member}') AS each"),
            &format!(
                "json_array_elements{as_text}(apis.document::json -> '{member}') AS each (value)"
            ),
        )
    })
}

const WITNESS: &str = "phantom";

/// A value sealed at the first start tells whether this is still the same key.
async fn check_sealing_key(session: &mut Session) -> Result<(), StoreError> {
    let Some(Sealed(sealed)) = session.ask("WHERE name = 'witness'", &[]).await? else {
        let sealed = session.sealing.seal("sealing", "witness", &SecretString::from(WITNESS))?;
        let insert = "INSERT INTO sealing (name, sealed) VALUES ('witness', $1)";
        return session.execute(insert, values![sealed]).await.map(drop);
    };
    match session.sealing.open("sealing", "witness", &sealed) {
        Ok(opened) if opened.expose_secret() == WITNESS => Ok(()),
        _ => Err(StoreError::WrongSealingKey),
    }
}
