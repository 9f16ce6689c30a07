//! Who calls: the statement behind the token, and the application and subscription behind that.

use std::borrow::Cow;

use phantom_core::BearerToken;
use phantom_core::Deny;
use phantom_core::DenyReason;
use phantom_core::Now;
use phantom_core::Peer;
use phantom_core::Permit;
use phantom_core::Statement;
use phantom_core::UnixTime;
use phantom_core::authorize::Call;
use phantom_core::authorize::Entitlement;
use phantom_core::authorize::Evidence;
use phantom_core::authorize_call;
use phantom_core::catalog::Application;
use phantom_core::catalog::KeyType;
use phantom_core::catalog::Subscription;
use phantom_core::traffic::Consulted;

use crate::decide::Deciding;
use crate::exchange;
use crate::exchange::Exchanged;
use crate::exchange::Kind;
use crate::facts::Field;
use crate::facts::RequestFacts;
use crate::managed::Api;
use crate::managed::Elected;
use crate::managed::TokenClaims;
use crate::managed::elect;
use crate::managed::others_of;
use crate::managed::sole_verifier;
use crate::trace::Trace;

/// A caller whose token, subscription, scope and audience are right.
pub(super) struct Admitted<'a> {
    pub(super) permit: Permit,
    pub(super) key_type: KeyType,
    pub(super) application: &'a Application,
    pub(super) subscription: &'a Subscription,
}

pub(super) fn credential_field<'a>(api: &Api, facts: &RequestFacts<'a>) -> Field<'a> {
    match &api.credential_field {
        Some(name) => facts.named.named(name),
        None => facts.fields.authorization,
    }
}

impl<'d, T: Trace> Deciding<'d, T> {
    /// The token's statement, of the one key manager that is elected for it.
    pub(super) async fn exchanged(
        &mut self,
        api: &'d Api,
        token: BearerToken<'_>,
        now: Now,
    ) -> Result<Exchanged, Deny> {
        if let Some(verifier) = sole_verifier(api, token)
            && let Some(exchanged) = exchange::verified_before(verifier, token, now)
        {
            self.trace
                .step("election", || format!("`{}`, which has verified this JWT", verifier.name));
            (self.key_manager, self.consulted) = (Some(verifier), Some(Consulted::Cache));
            return Ok(exchanged);
        }
        let Some(elected) = elect(api, &self.snapshot.managed.key_managers, token) else {
            self.trace.step("election", || "no key manager of the API takes the token".to_owned());
            return Err(DenyReason::KeyManagerNotAllowed.into());
        };
        let Elected { key_manager, kind } = elected;
        self.trace.step("election", || match kind {
            Kind::Jwt => format!("`{}`, by the JWT's issuer", key_manager.name),
            Kind::Opaque => match others_of(api, key_manager, token) {
                others if others.is_empty() => format!("`{}`, to introspect", key_manager.name),
                others => format!(
                    "`{}`, to introspect: the first by name of those that take the token by their rules \
                     (also {others})",
                    key_manager.name
                ),
            },
        });
        self.key_manager = Some(key_manager);
        let peer = Peer::of(self.facts.peer);
        let (trace, consulted) = (&mut *self.trace, &mut self.consulted);
        exchange::exchange_at(key_manager, kind, token, peer, now, trace, consulted).await
    }

    /// Token, subscription, scope and audience, in this order.
    pub(super) fn admitted(
        &mut self,
        api: &Api,
        needs: Call<'_>,
        exchanged: &Exchanged,
        now: UnixTime,
    ) -> Result<Admitted<'d>, Deny> {
        let managed = &self.snapshot.managed;
        let (statement, key_manager): (&Statement, _) =
            (&exchanged.statement, &exchanged.key_manager);
        // Only those with terms are ever elected.
        let terms = key_manager.managed.as_ref().ok_or(DenyReason::ApiMisconfigured)?;
        let claims = TokenClaims::new(statement, &key_manager.trust);
        let consumer_key = claims.consumer_key(&terms.consumer_key);
        let client = consumer_key
            .as_deref()
            .and_then(|consumer_key| managed.directory.client(terms.id, consumer_key));
        self.application = client.map(|client| client.application.id);
        self.trace.step("application", || match (client, &consumer_key) {
            (Some(client), _) => format!("`{}`", client.application.name),
            (None, Some(consumer_key)) => format!(
                "none has the consumer key `{consumer_key}`, the token's claim {}: this key manager's \
                 consumerKeyClaim",
                terms.consumer_key
            ),
            (None, None) => format!(
                "the token has no claim {}, where this key manager looks for the consumer key \
                 (consumerKeyClaim)",
                terms.consumer_key
            ),
        });
        let subscription =
            client.and_then(|client| client.application.subscription(api.published.id));
        self.trace.step("subscription", || match subscription {
            Some(subscription) => {
                format!("{:?}, plan `{}`", subscription.status, subscription.plan)
            }
            None => "none to this API".to_owned(),
        });
        let granted = match needs.scope.needed() {
            Some(_) => claims.scope(&terms.scopes),
            None => Cow::Borrowed(&statement.scope),
        };
        let caller = Entitlement {
            subscription,
            key_type: client.map_or(KeyType::Production, |client| client.key_type),
            granted: &granted,
            revoked: managed.revocations.kill(statement, consumer_key.as_deref()),
        };
        let evidence = Evidence { statement, trust: &key_manager.trust };
        let outcome = authorize_call(needs, caller, evidence, now);
        self.trace_audience(&outcome, Some(statement));
        let permit = self.traced("authorize", outcome)?;
        match (client, subscription) {
            (Some(client), Some(subscription)) => Ok(Admitted {
                permit,
                key_type: client.key_type,
                application: &client.application,
                subscription,
            }),
            _ => Err(DenyReason::NoSubscription.into()),
        }
    }
}
