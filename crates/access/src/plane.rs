//! What every operation of the control plane works with.

use std::sync::Arc;

use phantom_core::Clock;
use phantom_core::UnixTime;
use phantom_core::places::Places;
use phantom_oauth::egress::Egress;
use phantom_store::Store;
use phantom_store::Write;
use phantom_terms::refusal::Outcome;
use url::Url;

use crate::caller::Caller;
use crate::explain::Explain;
use crate::sign_in::SignIn;

/// How this control plane presents itself.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where it is reached, without a slash at the end: `https://localhost:9443`.
    pub public_url: String,
    /// Where gateways serve APIs, without a slash at the end.
    pub gateway_https_url: String,
    pub gateway_http_url: Option<String>,
    /// The keys that the resident key manager's tokens are signed with, as a key set.
    pub published_keys: String,
    /// Endpoints of APIs may be on the machines of gateways, or on their links.
    pub allow_local_endpoints: bool,
}

/// The control plane of one node. Shared by all of its requests.
#[derive(Debug)]
pub struct Control {
    store: Store,
    clock: Arc<dyn Clock>,
    pub settings: Settings,
    egress: Egress,
    own: Egress,
    sign_in: SignIn,
    explainer: Option<Arc<dyn Explain>>,
    explaining: Places<String>,
}

impl Control {
    pub fn new(
        store: Store,
        egress: Egress,
        settings: Settings,
        clock: Arc<dyn Clock>,
    ) -> Outcome<Self> {
        let sign_in = SignIn::new(Arc::clone(&clock))?;
        let own = egress.clone();
        Ok(Self {
            store,
            clock,
            settings,
            egress,
            own,
            sign_in,
            explainer: None,
            explaining: Places::default(),
        })
    }

    /// Who is believed to be a gateway, or ourselves, where that is somebody else than servers that
    /// callers name.
    #[must_use]
    pub fn with_own(self, own: Egress) -> Self {
        Self { own, ..self }
    }

    /// Who says what gateways would decide.
    #[must_use]
    pub fn with_explainer(self, explainer: Arc<dyn Explain>) -> Self {
        Self { explainer: Some(explainer), ..self }
    }

    /// Whether anybody can say what gateways would decide.
    #[must_use]
    pub const fn explains(&self) -> bool {
        self.explainer.is_some()
    }

    #[must_use]
    pub fn now(&self) -> UnixTime {
        self.clock.now().wall
    }

    /// Whether whoever follows addresses that callers name may go there.
    #[must_use]
    pub fn may_call(&self, url: &Url) -> bool {
        self.egress.may_call(url)
    }
}

/// What use cases work with. Whoever answers for them over HTTP asks use cases, and names it nowhere.
pub trait Means {
    /// What is stored now.
    fn store(&self) -> &Store;

    /// Begins a change in that caller's name.
    fn write(&self, caller: &Caller) -> impl Future<Output = Outcome<Write>> + Send;

    /// Who checks passwords and secrets.
    fn sign_in(&self) -> &SignIn;
}

/// Whom this control plane asks: nobody is, but by what names this.
pub trait Outgoing {
    /// For metadata, key sets and definitions that callers name by URL: guarded.
    fn egress(&self) -> &Egress;

    /// For the addresses that the operator gave to gateways and to ourselves.
    fn own(&self) -> &Egress;

    fn clock(&self) -> Arc<dyn Clock>;

    /// `None` where nothing is known of gateways.
    fn explainer(&self) -> Option<&dyn Explain>;

    /// Who has asked for a decision and is not answered yet, by name.
    fn explaining(&self) -> &Places<String>;
}

impl Means for Control {
    fn store(&self) -> &Store {
        &self.store
    }

    async fn write(&self, caller: &Caller) -> Outcome<Write> {
        Ok(self.store.write(&caller.actor(), self.now()).await?)
    }

    fn sign_in(&self) -> &SignIn {
        &self.sign_in
    }
}

impl Outgoing for Control {
    fn egress(&self) -> &Egress {
        &self.egress
    }

    fn own(&self) -> &Egress {
        &self.own
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    fn explainer(&self) -> Option<&dyn Explain> {
        self.explainer.as_deref()
    }

    fn explaining(&self) -> &Places<String> {
        &self.explaining
    }
}
