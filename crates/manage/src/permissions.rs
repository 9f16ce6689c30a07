//! Who among subscribers sees a key manager or may have a plan.

use phantom_access::caller::Caller;
use phantom_terms::refusal::Outcome;
use phantom_terms::stored;
use serde::Deserialize;
use serde_json::Value;

use crate::key_managers::PermissionType;

/// The member `permissions` of a stored plan or key manager.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Permissions {
    permission_type: Option<PermissionType>,
    roles: Vec<String>,
}

impl Permissions {
    /// Whether the document's permissions let the caller in; without any, everybody is.
    pub fn admit(document: &Value, caller: &Caller) -> Outcome<bool> {
        let permissions = document.get("permissions").unwrap_or(&Value::Null);
        let permissions = stored::read::<Option<Self>>(permissions)?;
        Ok(permissions.is_none_or(|permissions| permissions.hold_for(caller)))
    }

    fn hold_for(&self, caller: &Caller) -> bool {
        let is_named =
            caller.roles.iter().any(|role| self.roles.iter().any(|r| r == role.as_str()));
        match self.permission_type.unwrap_or_default() {
            PermissionType::Public => true,
            PermissionType::Allow => is_named,
            PermissionType::Deny => !is_named,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use phantom_access::roles::Role;

    #[test]
    fn public_lets_all_in_allow_the_named_and_deny_the_others() {
        let subscriber = Caller { roles: vec![Role::Subscriber], ..Caller::default() };
        let named = json!(["admin", "Internal/subscriber"]);
        for (permissions, admitted) in [
            (json!(null), true),
            (json!({"permissionType": "PUBLIC", "roles": []}), true),
            (json!({"permissionType": "ALLOW", "roles": named}), true),
            (json!({"permissionType": "ALLOW", "roles": ["admin"]}), false),
            (json!({"permissionType": "ALLOW", "roles": []}), false),
            (json!({"permissionType": "DENY", "roles": named}), false),
            (json!({"permissionType": "DENY", "roles": ["admin"]}), true),
        ] {
            let document = json!({"permissions": permissions});
            assert_eq!(Permissions::admit(&document, &subscriber).unwrap(), admitted, "{document}");
        }
        assert!(Permissions::admit(&json!({}), &subscriber).unwrap());
    }

    #[test]
    fn permissions_that_cannot_be_read_let_nobody_in() {
        for permissions in
            [json!("PUBLIC"), json!({"permissionType": "public"}), json!({"roles": "admin"})]
        {
            let document = json!({"permissions": permissions});
            assert!(Permissions::admit(&document, &Caller::default()).is_err(), "{document}");
        }
    }
}
