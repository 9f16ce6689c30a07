//! Users as an administrator makes, changes and removes them, over REST and by the pages. Who may is for
//! those to ask; the rules are those of the command.

use phantom_store::ApiFilter;
use phantom_store::ApplicationFilter;
use phantom_store::UserRow;
use phantom_terms::refusal::Kind;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use secrecy::SecretString;
use serde::Serialize;
use utoipa::ToSchema;

use crate::caller::Caller;
use crate::plane::Control;
use crate::plane::Means;

/// The bound keeps lists, which are read whole, within reason.
const MAX_USERS: usize = 10_000;

/// A user, without anything that could be guessed against.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct User {
    pub name: String,
    pub roles: Vec<String>,
    /// Epoch milliseconds.
    pub created_at: u64,
}

/// A user to be made.
#[derive(Debug)]
pub struct NewUser {
    pub name: String,
    pub password: SecretString,
    pub roles: Vec<String>,
}

/// What a user owns, which stays when the user goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Owned {
    pub applications: u64,
    pub apis: u64,
}

/// All of them, by name.
pub async fn list(control: &Control) -> Outcome<Vec<User>> {
    Ok(control.store().users().await?.iter().map(User::of).collect())
}

pub async fn read(control: &Control, name: &str) -> Outcome<User> {
    // No stored text holds it, and databases differ in what they say to that.
    let not_found = || Refusal::not_found(Kind::User, name);
    if name.contains('\0') {
        return Err(not_found());
    }
    control.store().user(name).await?.as_ref().map(User::of).ok_or_else(not_found)
}

/// Whether nobody else can administer: then the user stays.
pub async fn is_last_administrator(control: &Control, name: &str) -> Outcome<bool> {
    Ok(super::leaves_nobody(&control.store().users().await?, name, None))
}

pub async fn owned(control: &Control, name: &str) -> Outcome<Owned> {
    let owner = Some(name.to_owned());
    let applications = ApplicationFilter { owner: owner.clone(), ..ApplicationFilter::default() };
    let apis = ApiFilter { provider: owner, ..ApiFilter::default() };
    Ok(Owned {
        applications: control.store().applications(&applications).await?.total,
        apis: control.store().apis(&apis).await?.total,
    })
}

pub async fn create(control: &Control, caller: &Caller, user: NewUser) -> Outcome<User> {
    let row = super::new(&user.name, &user.password, &user.roles, control.now()).await?;
    let mut write = control.write(caller).await?;
    if write.users().await?.len() >= MAX_USERS {
        return Err(Refusal::conflict(format!("There are {MAX_USERS} users already.")));
    }
    super::add(&mut write, &row).await?;
    write.commit().await?;
    Ok(User::of(&row))
}

/// In force from the user's next request on. The last administrator stays one.
pub async fn change_roles(
    control: &Control,
    caller: &Caller,
    name: &str,
    roles: &[String],
) -> Outcome<User> {
    read(control, name).await?;
    let mut write = control.write(caller).await?;
    super::set_roles(&mut write, name, roles).await?;
    let row = write.user(name).await?;
    write.commit().await?;
    row.as_ref().map(User::of).ok_or_else(|| Refusal::not_found(Kind::User, name))
}

/// The user's sessions and tokens end.
pub async fn change_password(
    control: &Control,
    caller: &Caller,
    name: &str,
    password: &SecretString,
) -> Outcome<()> {
    read(control, name).await?;
    let hash = super::hashed(name, password).await?;
    let mut write = control.write(caller).await?;
    super::set_password(&mut write, name, hash).await?;
    Ok(write.commit().await?)
}

/// With its sessions, tokens and applications. The last administrator stays as well.
pub async fn delete(control: &Control, caller: &Caller, name: &str) -> Outcome<()> {
    read(control, name).await?;
    let mut write = control.write(caller).await?;
    super::remove(&mut write, name).await?;
    Ok(write.commit().await?)
}

impl User {
    fn of(row: &UserRow) -> Self {
        Self {
            name: row.name.clone(),
            roles: row.roles.iter().map(|role| role.as_str().to_owned()).collect(),
            created_at: row.created_at.as_millis(),
        }
    }
}
