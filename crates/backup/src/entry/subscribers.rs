//! Applications with their keys and subscriptions.

use phantom_store::ApplicationRow;
use phantom_store::KeyMappingRow;
use phantom_store::MappedKeyType;
use phantom_store::MappingMode;
use phantom_store::SubscriptionRow;
use phantom_store::SubscriptionState;

use super::Entry;
use super::Names;
use crate::kind::Kind;
use crate::members::Members;
use crate::record::Field;
use crate::record::Record;

impl Entry for ApplicationRow {
    const KIND: Kind = Kind::Application;

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn order(&self) -> String {
        [self.name.as_str(), &self.owner].join("\0")
    }

    fn label(&self, _: &Names<'_>) -> String {
        self.name.clone()
    }

    fn record(&self) -> Record<'_> {
        vec![
            ("id", Field::Id(self.id)),
            ("name", Field::Text(&self.name)),
            ("owner", Field::Text(&self.owner)),
            ("plan", Field::Text(&self.plan)),
            ("document", Field::Document(&self.document)),
            ("created_at", Field::History(self.created_at)),
            ("updated_at", Field::History(self.updated_at)),
        ]
    }

    fn read(members: &mut Members<'_>) -> Option<Self> {
        let id = members.id("id");
        let name = members.name("name");
        let owner = members.name("owner");
        let plan = members.name("plan");
        let document = members.document("document");
        let created_at = members.time("created_at");
        let updated_at = members.time("updated_at");
        Some(Self {
            id: id?,
            name: name?,
            owner: owner?,
            plan: plan?,
            document: document?,
            version: 1,
            created_at: created_at?,
            updated_at: updated_at?,
        })
    }
}

impl Entry for KeyMappingRow {
    const KIND: Kind = Kind::KeyMapping;

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn order(&self) -> String {
        self.application.to_string()
    }

    fn label(&self, names: &Names<'_>) -> String {
        let application = names.application(self.application);
        let key_manager = names.key_manager(self.key_manager);
        format!("{} of {application} at {key_manager}", self.key_type.as_str())
    }

    fn record(&self) -> Record<'_> {
        let mut record = vec![
            ("id", Field::Id(self.id)),
            ("application", Field::Id(self.application)),
            ("key_manager", Field::Id(self.key_manager)),
            ("key_type", Field::Text(self.key_type.as_str())),
            ("consumer_key", Field::Text(&self.consumer_key)),
        ];
        record.extend(self.secret.iter().map(|secret| ("secret", Field::secret(secret))));
        record.extend([
            ("mode", Field::Text(self.mode.as_str())),
            ("document", Field::Document(&self.document)),
            ("created_at", Field::History(self.created_at)),
        ]);
        record
    }

    fn read(members: &mut Members<'_>) -> Option<Self> {
        let id = members.id("id");
        let application = members.id("application");
        let key_manager = members.id("key_manager");
        let key_type = members.one_of("key_type", MappedKeyType::from_name);
        let consumer_key = members.name("consumer_key");
        let slot = id.map(|id| id.to_string());
        let secret = members.optional_secret("secret", slot.as_deref());
        let mode = members.one_of("mode", MappingMode::from_name);
        let document = members.document("document");
        let created_at = members.time("created_at");
        Some(Self {
            id: id?,
            application: application?,
            key_manager: key_manager?,
            key_type: key_type?,
            consumer_key: consumer_key?,
            secret,
            mode: mode?,
            document: document?,
            created_at: created_at?,
        })
    }
}

impl Entry for SubscriptionRow {
    const KIND: Kind = Kind::Subscription;

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn order(&self) -> String {
        self.application.to_string()
    }

    fn label(&self, names: &Names<'_>) -> String {
        format!("of {} to {}", names.application(self.application), names.api(self.api))
    }

    fn record(&self) -> Record<'_> {
        vec![
            ("id", Field::Id(self.id)),
            ("application", Field::Id(self.application)),
            ("api", Field::Id(self.api)),
            ("plan", Field::Text(&self.plan)),
            ("requested_plan", Field::Text(&self.requested_plan)),
            ("status", Field::Text(self.status.as_str())),
            ("created_at", Field::History(self.created_at)),
            ("updated_at", Field::History(self.updated_at)),
        ]
    }

    fn read(members: &mut Members<'_>) -> Option<Self> {
        let id = members.id("id");
        let application = members.id("application");
        let api = members.id("api");
        let plan = members.name("plan");
        let requested_plan = members.name("requested_plan");
        let status = members.one_of("status", SubscriptionState::from_name);
        let created_at = members.time("created_at");
        let updated_at = members.time("updated_at");
        Some(Self {
            id: id?,
            application: application?,
            api: api?,
            plan: plan?,
            requested_plan: requested_plan?,
            status: status?,
            version: 1,
            created_at: created_at?,
            updated_at: updated_at?,
        })
    }
}
