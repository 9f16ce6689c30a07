//! Who is signed in to the pages: begun by a password, known by a secret that only the browser has.

use std::net::IpAddr;
use std::time::Duration;

use phantom_store::ConsoleSessionRow;
use phantom_terms::refusal::Outcome;
use secrecy::ExposeSecret;
use secrecy::SecretString;

use crate::caller::Caller;
use crate::plane::Control;
use crate::plane::Means;
use crate::random;
use crate::users;
use crate::users::UserError;

/// Without a request for so long, a session has ended.
pub const IDLE: Duration = Duration::from_secs(60 * 60);
/// It ends in any case.
pub const ABSOLUTE: Duration = Duration::from_secs(12 * 60 * 60);
/// Writers take turns, so that a session was used is not written for each request.
const NOTED_EVERY: Duration = Duration::from_secs(60);

/// Signs a user in: the password is checked under the rules of all sign-ins, and a session begins. Gives
/// what the browser shows from now on.
pub async fn begin(
    control: &Control,
    name: &str,
    password: &SecretString,
    address: Option<IpAddr>,
) -> Outcome<SecretString> {
    let caller = Caller::by_password(control, name, password, address).await?;
    let secret = random::secret()?;
    let now = control.now();
    let row = ConsoleSessionRow {
        digest: random::token_digest(secret.expose_secret()),
        username: caller.name.clone(),
        used_at: now,
        created_at: now,
        expires_at: now.plus(ABSOLUTE),
    };
    let mut write = control.write(&caller).await?;
    write.insert_console_session(&row).await?;
    write.commit().await?;
    Ok(secret)
}

/// Whose session it is, if it has not ended: that is a use of it. Roles are those of now.
pub async fn caller(
    control: &Control,
    secret: &str,
    address: Option<IpAddr>,
) -> Outcome<Option<Caller>> {
    let Some((row, caller)) = open(control, secret, address).await? else { return Ok(None) };
    let now = control.now();
    if row.used_at.plus(NOTED_EVERY) <= now {
        let mut write = control.store().write(&caller.actor(), now).await?;
        write.use_console_session(&row.digest, now).await?;
        write.commit().await?;
    }
    Ok(Some(caller))
}

/// The same, for what goes on by itself: it keeps nobody signed in.
pub async fn still(
    control: &Control,
    secret: &str,
    address: Option<IpAddr>,
) -> Outcome<Option<Caller>> {
    Ok(open(control, secret, address).await?.map(|(_, caller)| caller))
}

async fn open(
    control: &Control,
    secret: &str,
    address: Option<IpAddr>,
) -> Outcome<Option<(ConsoleSessionRow, Caller)>> {
    let (digest, now) = (random::token_digest(secret), control.now());
    let Some(row) = control.store().console_session(&digest).await? else { return Ok(None) };
    if row.expires_at <= now || row.used_at.plus(IDLE) <= now {
        return Ok(None);
    }
    let Some(user) = control.store().user(&row.username).await? else { return Ok(None) };
    let roles = user.held_roles();
    Ok(Some((row, Caller::signed_in(user.name, roles, address))))
}

/// Whether there was such a session, whatever became of it. Forgotten some time after its end.
pub async fn was_begun(control: &Control, secret: &str) -> Outcome<bool> {
    let digest = random::token_digest(secret);
    Ok(control.store().console_session(&digest).await?.is_some())
}

pub async fn end(control: &Control, caller: &Caller, secret: &str) -> Outcome<()> {
    let mut write = control.write(caller).await?;
    write.end_console_session(&random::token_digest(secret)).await?;
    Ok(write.commit().await?)
}

/// Signs the caller out of every browser.
pub async fn end_all(control: &Control, caller: &Caller) -> Outcome<()> {
    let mut write = control.write(caller).await?;
    write.end_console_sessions_of(&caller.name).await?;
    Ok(write.commit().await?)
}

/// Gives the caller another password, if the present one is shown. All of its sessions and tokens end.
pub async fn change_password(
    control: &Control,
    caller: &Caller,
    present: &SecretString,
    new: &SecretString,
) -> Result<(), UserError> {
    Caller::by_password(control, &caller.name, present, caller.address).await?;
    let hash = users::hashed(&caller.name, new).await?;
    let mut write = control.write(caller).await?;
    users::set_password(&mut write, &caller.name, hash).await?;
    Ok(write.commit().await?)
}
