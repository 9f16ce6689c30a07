//! Who may sign in, which clients there are, and what was revoked.

use phantom_store::ClientPurpose;
use phantom_store::ClientRow;
use phantom_store::RevocationKind;
use phantom_store::RevocationRow;
use phantom_store::UserRow;
use secrecy::ExposeSecret;

use super::Entry;
use super::Names;
use crate::backup::kind::Kind;
use crate::backup::members::Members;
use crate::backup::record::Field;
use crate::backup::record::Record;
use crate::backup::record::time_text;
use phantom_manage::roles::Role;

impl Entry for UserRow {
    const KIND: Kind = Kind::User;

    fn id(&self) -> String {
        self.name.clone()
    }

    fn order(&self) -> String {
        self.name.clone()
    }

    fn label(&self, _: &Names<'_>) -> String {
        self.name.clone()
    }

    fn record(&self) -> Record<'_> {
        vec![
            ("name", Field::Text(&self.name)),
            ("password_hash", Field::Secret(&self.password_hash)),
            ("roles", Field::Texts(&self.roles)),
            ("created_at", Field::History(self.created_at)),
        ]
    }

    fn read(members: &mut Members<'_>) -> Option<Self> {
        let name = members.name("name");
        let password_hash = members.secret("password_hash", name.as_deref());
        let roles = members.texts("roles");
        let unknown = |role: &String| Role::named(role).is_none();
        if roles.as_ref().is_some_and(|roles| roles.iter().any(unknown)) {
            members.wrong("roles", "holds a role that there is not");
        }
        let created_at = members.time("created_at");
        Some(Self {
            name: name?,
            password_hash: password_hash?.expose_secret().to_owned(),
            roles: roles?,
            created_at: created_at?,
        })
    }
}

impl Entry for ClientRow {
    const KIND: Kind = Kind::Client;

    fn id(&self) -> String {
        self.client_id.clone()
    }

    fn order(&self) -> String {
        self.name.clone()
    }

    fn label(&self, _: &Names<'_>) -> String {
        format!("{} {}", self.name, self.client_id)
    }

    fn record(&self) -> Record<'_> {
        let mut record = vec![
            ("client_id", Field::Text(&self.client_id)),
            ("name", Field::Text(&self.name)),
            ("owner", Field::Text(&self.owner)),
            ("purpose", Field::Text(self.purpose.as_str())),
            ("secret", Field::secret(&self.secret)),
            ("grants", Field::Texts(&self.grants)),
        ];
        record.extend(self.callback_url.iter().map(|url| ("callback_url", Field::Text(url))));
        record.extend([
            ("token_type", Field::Text(&self.token_type)),
            ("document", Field::Document(&self.document)),
            ("created_at", Field::History(self.created_at)),
        ]);
        record
    }

    fn read(members: &mut Members<'_>) -> Option<Self> {
        let client_id = members.name("client_id");
        let name = members.text("name");
        let owner = members.text("owner");
        let purpose = members.one_of("purpose", ClientPurpose::from_name);
        let secret = members.secret("secret", client_id.as_deref());
        let grants = members.texts("grants");
        let callback_url = members.optional_text("callback_url");
        let token_type = members.text("token_type");
        let document = members.document("document");
        let created_at = members.time("created_at");
        Some(Self {
            client_id: client_id?,
            name: name?,
            owner: owner?,
            secret: secret?,
            grants: grants?,
            callback_url,
            token_type: token_type?,
            purpose: purpose?,
            document: document?,
            created_at: created_at?,
        })
    }
}

/// The store numbers them; here they are what they say.
impl Entry for RevocationRow {
    const KIND: Kind = Kind::Revocation;

    fn id(&self) -> String {
        let Self { kind, value, at, expires_at, .. } = self;
        [kind.as_str(), value, &time_text(*at), &time_text(*expires_at)].join("\0")
    }

    fn order(&self) -> String {
        format!("{:020}", self.at.as_millis())
    }

    fn label(&self, _: &Names<'_>) -> String {
        format!("of {} {}", self.kind.as_str(), self.value)
    }

    fn record(&self) -> Record<'_> {
        vec![
            ("kind", Field::Text(self.kind.as_str())),
            ("value", Field::Text(&self.value)),
            ("at", Field::Time(self.at)),
            ("expires_at", Field::Time(self.expires_at)),
        ]
    }

    fn read(members: &mut Members<'_>) -> Option<Self> {
        let kind = members.one_of("kind", RevocationKind::from_name);
        let value = members.text("value");
        let at = members.time("at");
        let expires_at = members.time("expires_at");
        Some(Self { sequence: 0, kind: kind?, value: value?, at: at?, expires_at: expires_at? })
    }
}
