//! Key managers, with the secrets they are asked with.

use phantom_store::KeyManagerRow;

use super::Entry;
use super::Names;
use crate::kind::Kind;
use crate::members::Members;
use crate::record::Field;
use crate::record::Record;

impl Entry for KeyManagerRow {
    const KIND: Kind = Kind::KeyManager;

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn order(&self) -> String {
        self.name.clone()
    }

    fn label(&self, _: &Names<'_>) -> String {
        self.name.clone()
    }

    fn record(&self) -> Record<'_> {
        vec![
            ("id", Field::Id(self.id)),
            ("name", Field::Text(&self.name)),
            ("kind", Field::Text(&self.kind)),
            ("enabled", Field::Flag(self.enabled)),
            ("document", Field::Document(&self.document)),
            ("secrets", Field::secrets(&self.secrets)),
            ("created_at", Field::History(self.created_at)),
            ("updated_at", Field::History(self.updated_at)),
        ]
    }

    fn read(members: &mut Members<'_>) -> Option<Self> {
        let id = members.id("id");
        let name = members.name("name");
        let kind = members.name("kind");
        let enabled = members.flag("enabled");
        let document = members.document("document");
        let secrets = members.secrets("secrets", id);
        let created_at = members.time("created_at");
        let updated_at = members.time("updated_at");
        Some(Self {
            id: id?,
            name: name?,
            kind: kind?,
            enabled: enabled?,
            document: document?,
            secrets: secrets?,
            version: 1,
            created_at: created_at?,
            updated_at: updated_at?,
        })
    }
}
