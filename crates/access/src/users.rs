//! Users of the control plane: which passwords they may have, and that somebody can always administer.

mod administered;

use phantom_core::UnixTime;
use phantom_store::StoreError;
use phantom_store::TokensOf;
use phantom_store::UserRow;
use phantom_store::Write;
use phantom_store::password;
use phantom_store::password::PasswordError;
use phantom_terms::refusal::Kind;
use phantom_terms::refusal::Refusal;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use thiserror::Error;

pub use self::administered::NewUser;
pub use self::administered::Owned;
pub use self::administered::User;
pub use self::administered::change_password;
pub use self::administered::change_roles;
pub use self::administered::create;
pub use self::administered::delete;
pub use self::administered::is_last_administrator;
pub use self::administered::list;
pub use self::administered::owned;
pub use self::administered::read;
use crate::roles::Role;

/// NIST SP 800-63B §3.1.1.2: no rules of composition, but a least length and a list of those that are
/// guessed first. In characters.
const LEAST: usize = 8;
const MOST: usize = 256;
/// Names stand in paths, lists and the audit.
const LONGEST_NAME: usize = 255;

/// In lower case, with digits and signs for letters as people put them.
const COMMON: &str = include_str!("users/common_passwords.txt");

/// A password that nobody should have.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum WeakPassword {
    #[error("a password has at least {LEAST} characters")]
    Short,
    #[error("a password has at most {MOST} characters")]
    Long,
    #[error("the password is the user's name")]
    Name,
    #[error("this password is among the first that are guessed")]
    Common,
}

/// Whether a user of that name may choose that password.
pub fn check_password(name: &str, password: &SecretString) -> Result<(), WeakPassword> {
    let password = password.expose_secret();
    let plain = password.trim().to_lowercase();
    let length = password.chars().count();
    // Names are compared before lengths, as they say more.
    if plain == name.to_lowercase() || is_repeated(&plain, &name.to_lowercase()) {
        return Err(WeakPassword::Name);
    }
    match length {
        length if length < LEAST => Err(WeakPassword::Short),
        length if length > MOST => Err(WeakPassword::Long),
        _ if COMMON.lines().any(|common| common == plain) || is_one_character(&plain) => {
            Err(WeakPassword::Common)
        }
        _ => Ok(()),
    }
}

/// `suesue`, `suesuesue`.
fn is_repeated(password: &str, name: &str) -> bool {
    !name.is_empty() && !password.is_empty() && password.replace(name, "").is_empty()
}

fn is_one_character(password: &str) -> bool {
    let mut characters = password.chars();
    let first = characters.next();
    characters.all(|character| Some(character) == first)
}

#[derive(Debug, Error)]
pub enum UserError {
    #[error(
        "a name has 1 to {LONGEST_NAME} characters, none of them `:`, `@` or a control character"
    )]
    Name,
    #[error("{0:?} is no role; roles are {known}", known = role_names())]
    Role(String),
    #[error(transparent)]
    Weak(#[from] WeakPassword),
    #[error(transparent)]
    Password(#[from] PasswordError),
    #[error("there is a user {0:?} already")]
    Exists(String),
    #[error("no user {0:?}")]
    Unknown(String),
    #[error("{0:?} is the last administrator: add another with the role admin first")]
    LastAdministrator(String),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Refused(#[from] Refusal),
}

fn role_names() -> String {
    Role::ALL.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", ")
}

/// A new user, ready to be written. Hashes, so before others have to wait for their turn to write.
pub async fn new(
    name: &str,
    password: &SecretString,
    roles: &[String],
    now: UnixTime,
) -> Result<UserRow, UserError> {
    if !is_name(name) {
        return Err(UserError::Name);
    }
    let roles = known(roles)?;
    let password_hash = hashed(name, password).await?;
    Ok(UserRow { name: name.to_owned(), password_hash, roles, created_at: now })
}

/// Two of dots alone would be lost in the path of an address.
fn is_name(name: &str) -> bool {
    let length = (1..=LONGEST_NAME).contains(&name.chars().count());
    let is_bad = |c: char| c.is_control() || c == ':' || c == '@';
    length && !name.chars().any(is_bad) && !matches!(name, "." | "..")
}

fn known(roles: &[String]) -> Result<Vec<Role>, UserError> {
    let role = |name: &String| Role::from_name(name).ok_or_else(|| UserError::Role(name.clone()));
    roles.iter().map(role).collect()
}

/// The hash of a password that a user of that name may have.
pub async fn hashed(name: &str, password: &SecretString) -> Result<String, UserError> {
    check_password(name, password)?;
    Ok(password::hash(password).await?)
}

pub async fn add(write: &mut Write, user: &UserRow) -> Result<(), UserError> {
    // Names that differ in case alone are two for the store, and one for whoever reads them.
    let name = user.name.to_lowercase();
    let alike = write.users().await?.into_iter().find(|each| each.name.to_lowercase() == name);
    if let Some(alike) = alike {
        return Err(UserError::Exists(alike.name));
    }
    write.insert_user(user).await.map_err(|error| match error {
        StoreError::Duplicate { .. } => UserError::Exists(user.name.clone()),
        error => UserError::Store(error),
    })
}

/// Whoever knew the old one may hold tokens and be signed in: both end.
pub async fn set_password(
    write: &mut Write,
    name: &str,
    password_hash: String,
) -> Result<(), UserError> {
    let row = write.user(name).await?.ok_or_else(|| UserError::Unknown(name.to_owned()))?;
    write.update_user(&UserRow { password_hash, ..row }).await?;
    write.end_tokens(TokensOf::User(name)).await?;
    write.end_console_sessions_of(name).await?;
    Ok(())
}

/// Puts roles in the place of those that a user had, in force from its next request on.
pub async fn set_roles(write: &mut Write, name: &str, roles: &[String]) -> Result<(), UserError> {
    let roles = known(roles)?;
    let row = write.user(name).await?.ok_or_else(|| UserError::Unknown(name.to_owned()))?;
    let row = UserRow { roles, ..row };
    require_administrator(write, name, Some(&row)).await?;
    Ok(write.update_user(&row).await?)
}

/// Takes a user away with its tokens and applications: nobody else may see or end those, and whoever gets the
/// name next is another. APIs stay: they are everybody's who makes APIs.
pub async fn remove(write: &mut Write, name: &str) -> Result<(), UserError> {
    write.user(name).await?.ok_or_else(|| UserError::Unknown(name.to_owned()))?;
    require_administrator(write, name, None).await?;
    for application in write.applications_of(name).await? {
        write.delete_application(application.id).await?;
    }
    write.delete_user(name).await?;
    write.end_tokens(TokensOf::User(name)).await?;
    Ok(())
}

/// Refuses what would leave nobody who can administer. `after` is what the user becomes.
async fn require_administrator(
    write: &mut Write,
    name: &str,
    after: Option<&UserRow>,
) -> Result<(), UserError> {
    match leaves_nobody(&write.users().await?, name, after) {
        true => Err(UserError::LastAdministrator(name.to_owned())),
        false => Ok(()),
    }
}

/// Whether somebody of them can administer, and nobody could once that user is what comes `after`.
fn leaves_nobody(users: &[UserRow], name: &str, after: Option<&UserRow>) -> bool {
    let others = users.iter().filter(|user| user.name != name);
    has_administrator(users) && !has_administrator(others.chain(after))
}

/// Whether anybody of them can administer.
pub fn has_administrator<'u>(users: impl IntoIterator<Item = &'u UserRow>) -> bool {
    users.into_iter().any(UserRow::is_administrator)
}

impl From<UserError> for Refusal {
    fn from(error: UserError) -> Self {
        let of = |member: &str| Self::invalid(format!("{member}: {error}"));
        match error {
            UserError::Name => of("name"),
            UserError::Role(_) => of("roles"),
            UserError::Weak(_) => of("password"),
            UserError::Exists(_) => Self::exists(error.to_string()),
            UserError::Unknown(name) => Self::not_found(Kind::User, &name),
            UserError::LastAdministrator(_) => Self::conflict(error.to_string()),
            UserError::Password(error) => error.into(),
            UserError::Store(error) => error.into(),
            UserError::Refused(refusal) => refusal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_neither_short_nor_the_name_nor_among_the_first_guessed() {
        let check = |name: &str, password: &str| check_password(name, &password.into());
        for good in ["correct horse", "first-password", "sue-2024!", "pässwörter", " 8 blanks "] {
            assert_eq!(check("sue", good), Ok(()), "{good}");
        }
        assert_eq!(check("sue", &"ab".repeat(128)), Ok(()));
        for (name, password, weak) in [
            ("sue", "", WeakPassword::Short),
            ("sue", "1234567", WeakPassword::Short),
            ("sue", "äöüäöüä", WeakPassword::Short),
            ("sue", &"ab".repeat(129)[..], WeakPassword::Long),
            ("admin", "admin", WeakPassword::Name),
            ("Susannah-P", "susannah-p", WeakPassword::Name),
            ("sue", "suesuesue", WeakPassword::Name),
            ("sue", "password", WeakPassword::Common),
            ("sue", "PassWord1", WeakPassword::Common),
            ("sue", "12345678", WeakPassword::Common),
            ("sue", "zzzzzzzzzzz", WeakPassword::Common),
        ] {
            assert_eq!(check(name, password), Err(weak), "{password}");
        }
    }
}
