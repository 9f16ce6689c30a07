//! The people who can sign in.

use secrecy::{ExposeSecret, SecretString};

use crate::client_auth::secrets_equal;

/// One account. Its name becomes the `sub` of the tokens.
#[derive(Clone, Debug)]
pub struct User {
    pub name: String,
    pub password: SecretString,
}

impl User {
    #[must_use]
    pub fn new(name: &str, password: &str) -> Self {
        Self { name: name.to_owned(), password: SecretString::from(password) }
    }

    /// `demouser` and `alice`, both with the password `Password1`.
    #[must_use]
    pub fn defaults() -> Vec<Self> {
        vec![Self::new("demouser", "Password1"), Self::new("alice", "Password1")]
    }
}

/// The account with this name and password.
pub(crate) fn sign_in<'a>(users: &'a [User], name: &str, password: &str) -> Option<&'a User> {
    let user = users.iter().find(|user| user.name == name);
    // An unknown name costs the same comparison as a known one.
    let expected = user.map_or("", |user| user.password.expose_secret());
    let matches = secrets_equal(expected, password);
    user.filter(|_| matches)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_and_its_password_sign_in_and_nothing_else_does() {
        let users = User::defaults();
        assert_eq!(sign_in(&users, "alice", "Password1").unwrap().name, "alice");
        assert!(sign_in(&users, "alice", "password1").is_none());
        assert!(sign_in(&users, "nobody", "Password1").is_none());
        assert!(sign_in(&users, "nobody", "").is_none(), "the stand-in is no password");
    }

    #[test]
    fn a_password_does_not_show_in_debug_output() {
        assert!(!format!("{:?}", User::defaults()).contains("Password1"));
    }
}
