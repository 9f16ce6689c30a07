//! `/users`.

use phantom_access::users;
use phantom_access::users::NewUser;
use phantom_access::users::User;
use phantom_rest::prelude::*;
use phantom_rest::secret::WireSecret;
use serde::Deserialize;
use utoipa::ToSchema;

/// A user to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewUser)]
pub struct UserOrder {
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    #[schema(value_type = String, min_length = 8, max_length = 256, write_only)]
    password: WireSecret,
    #[schema(max_items = 16)]
    roles: Vec<String>,
}

/// Roles in the place of those that a user had.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserRoles {
    #[schema(max_items = 16)]
    roles: Vec<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserPassword {
    #[schema(value_type = String, min_length = 8, max_length = 256, write_only)]
    password: WireSecret,
}

/// List users
#[utoipa::path(
    get,
    path = "/users",
    operation_id = "listUsers",
    tag = "Phantom Gateway",
    responses((status = 200, description = "All", body = WholeList<User>), ListErrors)
)]
pub async fn list(State(control): State<Arc<Control>>) -> Answer<Json<WholeList<User>>> {
    Ok(Json(WholeList::new(users::list(&control).await?)))
}

/// Add a user
#[utoipa::path(
    post,
    path = "/users",
    operation_id = "createUser",
    tag = "Phantom Gateway",
    request_body = UserOrder,
    responses((status = 201, description = "Made", body = User), AdminCreateErrors)
)]
pub async fn create(
    State(control): State<Arc<Control>>,
    Extension(caller): Extension<Caller>,
    Body(order): Body<UserOrder>,
) -> Answer<(StatusCode, Json<User>)> {
    let UserOrder { name, password: WireSecret(password), roles } = order;
    let user = NewUser { name, password, roles };
    Ok((StatusCode::CREATED, Json(users::create(&control, &caller, user).await?)))
}

/// Read a user
#[utoipa::path(
    get,
    path = "/users/{userName}",
    operation_id = "readUser",
    tag = "Phantom Gateway",
    params(("userName" = String, Path)),
    responses((status = 200, description = "As it is", body = User), ReadErrors)
)]
pub async fn read(
    State(control): State<Arc<Control>>,
    PathOf(name): PathOf<String>,
) -> Answer<Json<User>> {
    Ok(Json(users::read(&control, &name).await?))
}

/// Remove a user with its tokens and applications; APIs stay
#[utoipa::path(
    delete,
    path = "/users/{userName}",
    operation_id = "deleteUser",
    tag = "Phantom Gateway",
    params(("userName" = String, Path)),
    responses((status = 200, description = "Removed"), AdminDeleteErrors)
)]
pub async fn delete(
    State(control): State<Arc<Control>>,
    Extension(caller): Extension<Caller>,
    PathOf(name): PathOf<String>,
) -> Answer<StatusCode> {
    users::delete(&control, &caller, &name).await?;
    Ok(StatusCode::OK)
}

/// Set a user's roles, in place of those it had
#[utoipa::path(
    put,
    path = "/users/{userName}/roles",
    operation_id = "changeUserRoles",
    tag = "Phantom Gateway",
    params(("userName" = String, Path)),
    request_body = UserRoles,
    responses((status = 200, description = "In force", body = User), AdminUpdateErrors)
)]
pub async fn change_roles(
    State(control): State<Arc<Control>>,
    Extension(caller): Extension<Caller>,
    PathOf(name): PathOf<String>,
    Body(order): Body<UserRoles>,
) -> Answer<Json<User>> {
    Ok(Json(users::change_roles(&control, &caller, &name, &order.roles).await?))
}

/// Set a user's password; its sessions and tokens end
#[utoipa::path(
    put,
    path = "/users/{userName}/password",
    operation_id = "changeUserPassword",
    tag = "Phantom Gateway",
    params(("userName" = String, Path)),
    request_body = UserPassword,
    responses((status = 200, description = "In force"), AdminUpdateErrors)
)]
pub async fn change_password(
    State(control): State<Arc<Control>>,
    Extension(caller): Extension<Caller>,
    PathOf(name): PathOf<String>,
    Body(order): Body<UserPassword>,
) -> Answer<StatusCode> {
    users::change_password(&control, &caller, &name, &order.password.0).await?;
    Ok(StatusCode::OK)
}
