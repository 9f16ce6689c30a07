use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::Audience;
use crate::catalog::EntityId;
use crate::catalog::SubscriptionStatus;
use crate::claims::ClaimPath;
use crate::claims::ClaimRule;
use crate::claims::ClaimTest;
use crate::jwt::BASE64URL;
use crate::token::PhantomToken;
use base64::Engine;

const NOON: u64 = 1_800_000_000;

fn at(seconds: u64) -> UnixTime {
    UnixTime::from_secs(seconds)
}

fn statement() -> Statement {
    let payload = BASE64URL.encode(json!({"tenant": "acme", "scope": "read write"}).to_string());
    Statement {
        phantom_token: PhantomToken::parse(&format!("e30.{payload}.c2ln"), 1024).unwrap(),
        issuer: Some("https://as.example".into()),
        subject: Some("alice".into()),
        client_id: Some("client-one".into()),
        authorized_party: None,
        token_id: None,
        audience: Audience::from_claim(&json!(["client-one"])).unwrap(),
        scope: Scope::parse("read write").unwrap(),
        expires_at: Some(at(NOON + 300)),
        not_before: Some(at(NOON - 10)),
        issued_at: None,
        confirmed: false,
    }
}

fn trust() -> Trust {
    Trust {
        issuer: Some("https://as.example".into()),
        audience: Some("client-one".into()),
        clock_skew: Duration::ZERO,
    }
}

fn protected(scope: RequiredScope, claims: Vec<ClaimRule>) -> Access {
    Access::Protected(Protection { scope, claims })
}

fn decide(
    access: &Access,
    statement: &Statement,
    trust: &Trust,
    now: u64,
) -> Result<Permit, DenyReason> {
    authorize(access, Some(Evidence { statement, trust }), at(now))
}

#[test]
fn a_protected_route_without_a_statement_has_no_permit() {
    let access = protected(RequiredScope::Nothing, Vec::new());
    assert_eq!(authorize(&access, None, at(NOON)), Err(DenyReason::CredentialMissing));
    assert!(authorize(&Access::Public, None, at(NOON)).is_ok());
}

/// Rows: CAC-4
#[test]
fn time_issuer_audience_scope_claims_and_cnf_are_checked_on_the_statement() {
    let open = protected(RequiredScope::Nothing, Vec::new());
    assert!(decide(&open, &statement(), &trust(), NOON).is_ok());
    assert_eq!(decide(&open, &statement(), &trust(), NOON + 300), Err(DenyReason::TokenExpired));
    assert_eq!(decide(&open, &statement(), &trust(), NOON - 11), Err(DenyReason::TokenNotYetValid));

    let other_issuer = Trust { issuer: Some("https://as.example/".into()), ..trust() };
    assert_eq!(decide(&open, &statement(), &other_issuer, NOON), Err(DenyReason::IssuerMismatch));
    let other_audience = Trust { audience: Some("client".into()), ..trust() };
    assert_eq!(
        decide(&open, &statement(), &other_audience, NOON),
        Err(DenyReason::AudienceMismatch)
    );

    let admin = protected(RequiredScope::All(Scope::parse("read admin").unwrap()), Vec::new());
    assert_eq!(decide(&admin, &statement(), &trust(), NOON), Err(DenyReason::InsufficientScope));
    let tenant = |name: &str| ClaimRule {
        claim: ClaimPath::name("tenant"),
        test: ClaimTest::Equals(json!(name)),
    };
    let acme = protected(RequiredScope::Nothing, vec![tenant("acme")]);
    assert!(decide(&acme, &statement(), &trust(), NOON).is_ok());
    let globex = protected(RequiredScope::Nothing, vec![tenant("acme"), tenant("globex")]);
    assert_eq!(decide(&globex, &statement(), &trust(), NOON), Err(DenyReason::ClaimRuleUnmet));

    let bound = Statement { confirmed: true, ..statement() };
    assert_eq!(decide(&open, &bound, &trust(), NOON), Err(DenyReason::ConfirmationUnenforced));
}

/// Rows: INT-8
#[test]
fn a_missing_issuer_or_audience_denies_where_one_is_expected() {
    let open = protected(RequiredScope::Nothing, Vec::new());
    let anonymous = Statement { issuer: None, ..statement() };
    assert_eq!(decide(&open, &anonymous, &trust(), NOON), Err(DenyReason::IssuerMismatch));
    let unaddressed = Statement { audience: Audience::default(), ..statement() };
    assert_eq!(decide(&open, &unaddressed, &trust(), NOON), Err(DenyReason::AudienceMismatch));
    let timeless = Statement { expires_at: None, not_before: None, ..statement() };
    assert!(decide(&open, &timeless, &trust(), NOON).is_ok());
}

/// Rows: JWT-9
#[test]
fn skew_is_applied_once_at_each_end() {
    let open = protected(RequiredScope::Nothing, Vec::new());
    let tolerant = Trust { clock_skew: Duration::from_secs(60), ..trust() };
    let permit = decide(&open, &statement(), &tolerant, NOON + 359).unwrap();
    assert_eq!(permit.until(), Some(at(NOON + 360)));
    assert_eq!(decide(&open, &statement(), &tolerant, NOON + 360), Err(DenyReason::TokenExpired));
    assert!(decide(&open, &statement(), &tolerant, NOON - 70).is_ok());
    assert_eq!(
        decide(&open, &statement(), &tolerant, NOON - 71),
        Err(DenyReason::TokenNotYetValid)
    );
}

/// Rows: PITFALL-25
#[test]
fn a_dead_token_is_told_nothing_of_rights() {
    let admin = protected(RequiredScope::All(Scope::parse("admin").unwrap()), Vec::new());
    assert_eq!(decide(&admin, &statement(), &trust(), NOON + 300), Err(DenyReason::TokenExpired));
}

/// A call with everything right, changed where the test says so.
fn call(
    change: impl FnOnce(&mut Statement, &mut Entitlement<'_>, &mut Call<'_>),
) -> Option<DenyReason> {
    let subscription = subscription(SubscriptionStatus::Active);
    let (mut statement, scope) = (statement(), RequiredScope::Any(Scope::parse("a read").unwrap()));
    let granted = statement.scope.clone();
    let mut entitlement = Entitlement {
        subscription: Some(&subscription),
        key_type: KeyType::Production,
        granted: &granted,
        revoked: false,
    };
    let mut call = Call { scope: &scope, audiences: &[] };
    change(&mut statement, &mut entitlement, &mut call);
    let trust = trust();
    let evidence = Evidence { statement: &statement, trust: &trust };
    authorize_call(call, entitlement, evidence, at(NOON)).err()
}

fn subscription(status: SubscriptionStatus) -> Subscription {
    Subscription { api: EntityId::new(7), plan: "Gold".into(), status }
}

fn needs(scope: &str) -> &'static RequiredScope {
    Box::leak(Box::new(RequiredScope::Any(Scope::parse(scope).unwrap())))
}

fn listed(audiences: &[&str]) -> &'static [Box<str>] {
    audiences.iter().map(|text| (*text).into()).collect::<Vec<_>>().leak()
}

/// Rows: WSO2-8.6
#[test]
fn token_subscription_scope_and_audience_are_tested_in_this_order() {
    let inactive: &'static _ = Box::leak(Box::new(subscription(SubscriptionStatus::Inactive)));
    assert_eq!(call(|_, _, _| ()), None);
    let accepted = listed(&["other"]);
    assert_eq!(call(|_, _, call| call.audiences = accepted), Some(DenyReason::AudienceNotAccepted));
    let worse = call(|_, _, call| (call.audiences, call.scope) = (accepted, needs("admin")));
    assert_eq!(worse, Some(DenyReason::InsufficientScope));
    let worse = call(|_, entitlement, call| {
        (call.scope, entitlement.subscription) = (needs("admin"), Some(inactive));
    });
    assert_eq!(worse, Some(DenyReason::SubscriptionInactive));
    let worse = call(|_, entitlement, call| {
        (call.scope, entitlement.subscription) = (needs("admin"), None);
    });
    assert_eq!(worse, Some(DenyReason::NoSubscription));
    let worse =
        call(|_, entitlement, _| (entitlement.revoked, entitlement.subscription) = (true, None));
    assert_eq!(worse, Some(DenyReason::TokenRevoked));
    let worse = call(|statement, entitlement, _| {
        (statement.expires_at, entitlement.revoked) = (Some(at(NOON)), true);
    });
    assert_eq!(worse, Some(DenyReason::TokenExpired));
}

/// Rows: WSO2-8.6.3
#[test]
fn any_one_scope_suffices_and_case_counts() {
    for (needed, outcome) in [
        ("admin read", None),
        ("", None),
        ("Read", Some(DenyReason::InsufficientScope)),
        ("rea admin", Some(DenyReason::InsufficientScope)),
    ] {
        assert_eq!(call(|_, _, call| call.scope = needs(needed)), outcome, "{needed}");
    }
}

/// Rows: WSO2-8.6.4
#[test]
fn one_audience_of_the_api_has_to_be_in_the_token_unless_all_are_taken() {
    let accepts = |audiences: &[&str]| {
        let audiences = listed(audiences);
        call(|_, _, call| call.audiences = audiences)
    };
    assert_eq!(accepts(&["x", "client-one"]), None);
    assert_eq!(accepts(&["all"]), None);
    assert_eq!(accepts(&["client", "Client-One"]), Some(DenyReason::AudienceNotAccepted));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100_000))]

    #[test]
    fn no_permit_outside_of_life_plus_skew(
        exp in proptest::option::of(NOON - 1000..NOON + 1000),
        nbf in proptest::option::of(NOON - 1000..NOON + 1000),
        skew in 0u64..=60,
        now in NOON - 1100..NOON + 1100,
    ) {
        let statement = Statement { expires_at: exp.map(at), not_before: nbf.map(at), ..statement() };
        let trust = Trust { clock_skew: Duration::from_secs(skew), ..trust() };
        let access = protected(RequiredScope::Nothing, Vec::new());
        let live = exp.is_none_or(|exp| now < exp + skew) && nbf.is_none_or(|nbf| nbf - skew <= now);
        prop_assert_eq!(decide(&access, &statement, &trust, now).is_ok(), live);
    }
}
