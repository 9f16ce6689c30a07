//! Plans and deny policies.

use phantom_store::ConditionType;
use phantom_store::DenyPolicyRow;
use phantom_store::PlanLevel;
use phantom_store::PlanRow;

use super::Entry;
use super::Names;
use crate::kind::Kind;
use crate::members::Members;
use crate::record::Field;
use crate::record::Record;

impl Entry for PlanRow {
    const KIND: Kind = Kind::Plan;

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn order(&self) -> String {
        [self.level.as_str(), &self.name].join("\0")
    }

    fn label(&self, _: &Names<'_>) -> String {
        format!("{} of level {}", self.name, self.level.as_str())
    }

    fn record(&self) -> Record<'_> {
        vec![
            ("id", Field::Id(self.id)),
            ("level", Field::Text(self.level.as_str())),
            ("name", Field::Text(&self.name)),
            ("document", Field::Document(&self.document)),
            ("created_at", Field::History(self.created_at)),
        ]
    }

    fn read(members: &mut Members<'_>) -> Option<Self> {
        let id = members.id("id");
        let level = members.one_of("level", PlanLevel::from_name);
        let name = members.name("name");
        let document = members.document("document");
        let created_at = members.time("created_at");
        Some(Self {
            id: id?,
            level: level?,
            name: name?,
            document: document?,
            version: 1,
            created_at: created_at?,
        })
    }
}

impl Entry for DenyPolicyRow {
    const KIND: Kind = Kind::DenyPolicy;

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn order(&self) -> String {
        self.kind.as_str().to_owned()
    }

    fn label(&self, _: &Names<'_>) -> String {
        format!("{} {}", self.kind.as_str(), self.id)
    }

    fn record(&self) -> Record<'_> {
        vec![
            ("id", Field::Id(self.id)),
            ("kind", Field::Text(self.kind.as_str())),
            ("enabled", Field::Flag(self.enabled)),
            ("document", Field::Document(&self.document)),
        ]
    }

    fn read(members: &mut Members<'_>) -> Option<Self> {
        let id = members.id("id");
        let kind = members.one_of("kind", ConditionType::from_name);
        let enabled = members.flag("enabled");
        let document = members.document("document");
        Some(Self { id: id?, kind: kind?, enabled: enabled?, document: document?, version: 1 })
    }
}
