//! What a gateway of this configuration would decide on a request: for `phantom explain`, and behind the console
//! and REST, which ask the same here. A gateway that nobody can reach, with the routes of the file and the catalog
//! of the store. Its caches, quotas and limits are empty each time: what is asked about changes nothing.

mod asked;
mod catalog;
mod entrance;
mod laid;
mod told;

use std::pin::Pin;
use std::sync::Arc;

use phantom_access::explain::Explain;
use phantom_access::explain::Explained;
use phantom_access::explain::Question;
use phantom_cache::CacheSecret;
use phantom_core::Clock;
use phantom_pipeline::Answer;
use phantom_pipeline::Decision;
use phantom_pipeline::Fault;
use phantom_pipeline::Known;
use phantom_pipeline::Pipeline;
use phantom_pipeline::Snapshot;
use phantom_pipeline::Target;
use phantom_pipeline::route_table::Ambiguous;
use phantom_pipeline::trace::Step;
use phantom_pipeline::trace::Steps;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use secrecy::ExposeSecret;
use tokio::sync::Mutex;
use tokio::sync::Semaphore;

use crate::compose::explain::catalog::Catalog;
use crate::compose::explain::entrance::Found;

pub(crate) use asked::AskedRequest;
pub(crate) use catalog::Origin;
pub(crate) use laid::Laid;

/// Questions at once, of which one is answered and the others wait.
const AT_ONCE: usize = 4;

#[derive(Debug)]
pub(crate) struct Explainer {
    laid: Laid,
    clock: Arc<dyn Clock>,
    /// Held for a whole decision: its caches are nobody else's meanwhile.
    catalog: Arc<Mutex<Catalog>>,
    places: Semaphore,
}

impl Explainer {
    pub(crate) fn new(laid: Laid, origin: Origin, clock: Arc<dyn Clock>) -> Self {
        let catalog = Arc::new(Mutex::new(Catalog::of(origin)));
        Self { laid, clock, catalog, places: Semaphore::new(AT_ONCE) }
    }

    /// Decides as the gateway would.
    pub(crate) async fn explain(&self, asked: &AskedRequest) -> Result<Explained, Ambiguous> {
        let mut steps = Steps::default();
        let found = match entrance::find(asked, &self.laid) {
            Ok(found) => found,
            Err(why) => {
                steps.0.push(Step { hop: "listener", outcome: why });
                return Ok(told::unheard(asked, steps));
            }
        };
        steps.0.push(Step { hop: "listener", outcome: found.said.clone() });
        let secret = CacheSecret::random();
        let of_the_file = self.laid.snapshot(&secret, &self.clock)?;
        let mut catalog = self.catalog.lock().await;
        let snapshot = match &self.laid.control {
            Some(control) => {
                let place = (control, &*self.laid.data_dir);
                let (outcome, snapshot) =
                    catalog.over(of_the_file, place, secret, &self.clock).await;
                steps.0.push(Step { hop: "catalog", outcome });
                if catalog.is_fresh() {
                    tokio::spawn(catalog::forget(Arc::downgrade(&self.catalog)));
                }
                snapshot
            }
            _ => of_the_file,
        };
        Ok(self.decide(&snapshot, asked, &found, steps).await)
    }

    async fn decide(
        &self,
        snapshot: &Snapshot,
        asked: &AskedRequest,
        found: &Found,
        mut steps: Steps,
    ) -> Explained {
        if let Err(fault) = asked.arrives(&self.laid.limits) {
            let outcome = format!("refused before any decision: {}", fault.words());
            steps.0.push(Step { hop: "normalize", outcome });
            let answer = Answer::fault(fault, snapshot.error_format, false);
            let known = Known::default();
            let decision = Decision::Answer { answer, matched: None, reason: None, known };
            return told::told(asked, steps, &decision);
        }
        steps.0.push(Step { hop: "normalize", outcome: "passed".to_owned() });
        if asked.peer.is_none() && found.entry.serves_apis() && snapshot.denies_by_address() {
            let outcome = "some are on addresses, and none was given: answered as for 0.0.0.0";
            steps.0.push(Step { hop: "deny policies", outcome: outcome.to_owned() });
        }
        let facts = asked.facts(found.entry, found.tls);
        let pipeline = Pipeline::for_one(Arc::clone(&self.clock));
        let mut decision = pipeline.decide(snapshot, &facts, &mut steps).await;
        if let Decision::Forward(forward) = &decision
            && matches!(forward.target, Target::Directory(_))
            && !matches!(&*asked.method, "GET" | "HEAD")
        {
            steps.0.push(Step { hop: "files", outcome: "are had by GET and HEAD".to_owned() });
            let format = forward.matched.error_format();
            let answer = Answer::fault(Fault::MethodNotAllowed, format, false);
            let known = Known::default();
            decision = Decision::Answer { answer, matched: None, reason: None, known };
        }
        told::told(asked, steps, &decision)
    }

    /// Leaves the store that it has opened itself.
    pub(crate) async fn end(self) {
        self.catalog.lock().await.close().await;
    }
}

impl Explain for Explainer {
    fn explain<'a>(
        &'a self,
        question: &'a Question,
    ) -> Pin<Box<dyn Future<Output = Outcome<Explained>> + Send + 'a>> {
        Box::pin(async move {
            let Ok(_place) = self.places.try_acquire() else {
                let words = "Several decisions are being explained already. Ask again in a moment.";
                return Err(Refusal::Crowded(words));
            };
            let Question { method, url, token, headers, peer } = question;
            let fields = headers.iter().map(|(name, value)| (&**name, value.expose_secret()));
            let token = token.as_ref().map(ExposeSecret::expose_secret);
            let asked =
                AskedRequest::new(method, url, None, fields, token.filter(|t| !t.is_empty()))
                    .map_err(|error| Refusal::invalid(format!("url: {error}")))?
                    .sent_from(*peer);
            let explained = Self::explain(self, &asked).await;
            explained.map_err(Refusal::because("the routes of the file are ambiguous"))
        })
    }
}
