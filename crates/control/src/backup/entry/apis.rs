//! APIs with their revisions and deployments, and the scopes they share.

use phantom_store::ApiRow;
use phantom_store::DeploymentRow;
use phantom_store::RevisionRow;
use phantom_store::ScopeRow;

use super::Entry;
use super::Names;
use crate::backup::kind::Kind;
use crate::backup::members::Members;
use crate::backup::record::Field;
use crate::backup::record::Record;
use phantom_manage::lifecycle::LifecycleState;

impl Entry for ScopeRow {
    const KIND: Kind = Kind::Scope;

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
            ("document", Field::Document(&self.document)),
        ]
    }

    fn read(members: &mut Members<'_>) -> Option<Self> {
        let id = members.id("id");
        let name = members.name("name");
        let document = members.document("document");
        Some(Self { id: id?, name: name?, document: document?, version: 1 })
    }
}

impl Entry for ApiRow {
    const KIND: Kind = Kind::Api;

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn order(&self) -> String {
        [self.name.as_str(), &self.version_name].join("\0")
    }

    fn label(&self, _: &Names<'_>) -> String {
        format!("{}:{}", self.name, self.version_name)
    }

    fn record(&self) -> Record<'_> {
        vec![
            ("id", Field::Id(self.id)),
            ("name", Field::Text(&self.name)),
            ("version", Field::Text(&self.version_name)),
            ("context", Field::Text(&self.context)),
            ("provider", Field::Text(&self.provider)),
            ("state", Field::Text(&self.state)),
            ("document", Field::Document(&self.document)),
            ("created_at", Field::History(self.created_at)),
            ("updated_at", Field::History(self.updated_at)),
        ]
    }

    fn read(members: &mut Members<'_>) -> Option<Self> {
        let id = members.id("id");
        let name = members.name("name");
        let version_name = members.name("version");
        let context = members.name("context");
        let provider = members.text("provider");
        let state = members.one_of("state", |name| {
            LifecycleState::ALL.into_iter().find(|state| state.as_str() == name)
        });
        let document = members.document("document");
        let created_at = members.time("created_at");
        let updated_at = members.time("updated_at");
        Some(Self {
            id: id?,
            name: name?,
            version_name: version_name?,
            context: context?,
            provider: provider?,
            state: state?.as_str().to_owned(),
            document: document?,
            version: 1,
            created_at: created_at?,
            updated_at: updated_at?,
        })
    }
}

impl Entry for RevisionRow {
    const KIND: Kind = Kind::Revision;

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn order(&self) -> String {
        format!("{} {:020}", self.api, self.number)
    }

    fn label(&self, names: &Names<'_>) -> String {
        format!("{} of {}", self.number, names.api(self.api))
    }

    fn record(&self) -> Record<'_> {
        vec![
            ("id", Field::Id(self.id)),
            ("api", Field::Id(self.api)),
            ("number", Field::Number(self.number)),
            ("description", Field::Text(&self.description)),
            ("document", Field::Document(&self.document)),
            ("created_at", Field::History(self.created_at)),
        ]
    }

    fn read(members: &mut Members<'_>) -> Option<Self> {
        let id = members.id("id");
        let api = members.id("api");
        let number = members.number("number");
        let description = members.text("description");
        let document = members.document("document");
        let created_at = members.time("created_at");
        Some(Self {
            id: id?,
            api: api?,
            number: number?,
            description: description?,
            document: document?,
            created_at: created_at?,
        })
    }
}

impl Entry for DeploymentRow {
    const KIND: Kind = Kind::Deployment;

    fn id(&self) -> String {
        format!("{} {}", self.api, self.environment)
    }

    fn order(&self) -> String {
        String::new()
    }

    fn label(&self, names: &Names<'_>) -> String {
        let (api, revision) = (names.api(self.api), names.revision(self.revision));
        format!("of {api} revision {revision} in {}", self.environment)
    }

    fn record(&self) -> Record<'_> {
        vec![
            ("api", Field::Id(self.api)),
            ("environment", Field::Text(&self.environment)),
            ("revision", Field::Id(self.revision)),
            ("vhost", Field::Text(&self.vhost)),
            ("display_on_devportal", Field::Flag(self.display_on_devportal)),
            ("deployed_at", Field::Time(self.deployed_at)),
        ]
    }

    fn read(members: &mut Members<'_>) -> Option<Self> {
        let api = members.id("api");
        let environment = members.name("environment");
        let revision = members.id("revision");
        let vhost = members.text("vhost");
        let display_on_devportal = members.flag("display_on_devportal");
        let deployed_at = members.time("deployed_at");
        Some(Self {
            api: api?,
            revision: revision?,
            environment: environment?,
            vhost: vhost?,
            display_on_devportal: display_on_devportal?,
            deployed_at: deployed_at?,
        })
    }
}
