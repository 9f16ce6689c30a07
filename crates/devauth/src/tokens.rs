//! Grants and what was issued for them: codes, access tokens, refresh tokens.
//!
//! All under one lock, so that redeeming and issuing, or reusing and revoking, are one step.
//! Secrets are kept as SHA-256 digests only.

mod code;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(crate) use self::code::{Code, CodeRequest};
use crate::bounded::{BoundedMap, digest_of};
use crate::error::DevAuthError;
use crate::mint::Mint;
use crate::oauth_error::OauthError;
use crate::options::{DevAuthOptions, seconds};
use crate::scope::Scope;

/// What a client was granted, and by whom.
#[derive(Debug)]
pub(crate) struct Grant {
    serial: u64,
    pub(crate) client_id: String,
    /// The user's name, or the client id when no user takes part.
    pub(crate) subject: String,
    pub(crate) scope: Scope,
    /// Whether a person signed in.
    pub(crate) by_user: bool,
    /// When that was.
    pub(crate) auth_time: i64,
}

#[derive(Clone, Debug)]
pub(crate) struct AccessToken {
    pub(crate) grant: Arc<Grant>,
    /// Within the grant's scope.
    pub(crate) scope: Scope,
    pub(crate) jti: String,
    pub(crate) issued_at: i64,
    pub(crate) expires_at: i64,
}

#[derive(Debug)]
struct RefreshToken {
    grant: Arc<Grant>,
    /// Exchanged already. Remembered, so that a second use shows the theft.
    spent: bool,
}

/// Fresh tokens on their way to the client. No `Debug`: they are secrets.
pub(crate) struct Issued {
    pub(crate) access_token: String,
    pub(crate) refresh_token: Option<String>,
    pub(crate) expires_in: i64,
    pub(crate) scope: Scope,
    pub(crate) grant: Arc<Grant>,
}

#[derive(Debug)]
pub(crate) struct Tokens {
    mint: Mint,
    pub(crate) access_lifetime: i64,
    refresh_lifetime: i64,
    code_lifetime: i64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    codes: BoundedMap<Code>,
    access: BoundedMap<AccessToken>,
    refresh: BoundedMap<RefreshToken>,
    issued: u64,
}

impl Tokens {
    pub(crate) fn new(options: &DevAuthOptions) -> Result<Self, DevAuthError> {
        Ok(Self {
            mint: Mint::seeded()?,
            access_lifetime: seconds(options.access_token_lifetime),
            refresh_lifetime: seconds(options.refresh_token_lifetime),
            code_lifetime: seconds(options.code_lifetime),
            state: Mutex::new(State {
                codes: BoundedMap::new(options.max_codes),
                access: BoundedMap::new(options.max_tokens),
                refresh: BoundedMap::new(options.max_tokens),
                issued: 0,
            }),
        })
    }

    /// A grant to the client itself.
    pub(crate) fn grant_to_client(&self, client_id: &str, scope: Scope) -> Arc<Grant> {
        Arc::new(Grant {
            serial: self.mint.serial(),
            client_id: client_id.to_owned(),
            subject: client_id.to_owned(),
            scope,
            by_user: false,
            auth_time: 0,
        })
    }

    /// A grant by a person who has just signed in.
    pub(crate) fn grant_by_user(
        &self,
        client_id: &str,
        user: &str,
        scope: Scope,
        now: i64,
    ) -> Arc<Grant> {
        Arc::new(Grant {
            serial: self.mint.serial(),
            client_id: client_id.to_owned(),
            subject: user.to_owned(),
            scope,
            by_user: true,
            auth_time: now,
        })
    }

    /// An access token for the whole grant.
    pub(crate) fn issue(&self, grant: Arc<Grant>, now: i64) -> Issued {
        let scope = grant.scope.clone();
        self.issue_locked(&mut self.lock(), grant, scope, false, now)
    }

    /// An authorization code, to be shown once to the client.
    pub(crate) fn issue_code(&self, code: Code, now: i64) -> String {
        let text = self.mint.code();
        // Kept longer than it is good for: a replay ends the tokens as long as they can live.
        let life = self.access_lifetime.max(self.refresh_lifetime);
        let forget_at = self.code_expiry(now).saturating_add(life);
        self.lock().codes.insert(digest_of(&text), code, forget_at, now);
        text
    }

    pub(crate) fn code_expiry(&self, now: i64) -> i64 {
        now.saturating_add(self.code_lifetime)
    }

    /// Exchanges a code for tokens (RFC 6749 §4.1.3). It is gone after the first try by its
    /// client, whatever came of it.
    ///
    /// # Errors
    /// `invalid_grant`; a second use also revokes what the first one gave (RFC 6749 §4.1.2).
    pub(crate) fn redeem(
        &self,
        request: &CodeRequest<'_>,
        with_refresh: bool,
        now: i64,
    ) -> Result<(Issued, Option<String>), OauthError> {
        let mut state = self.lock();
        let code = state
            .codes
            .live_mut(&digest_of(request.code), now)
            .filter(|code| code.grant.client_id == request.client_id)
            .ok_or(OauthError::InvalidGrant("the code is unknown or expired"))?;
        let grant = Arc::clone(&code.grant);
        if code.redeemed {
            state.revoke(&grant);
            return Err(OauthError::InvalidGrant("the code was used before"));
        }
        code.redeemed = true;
        code.accepts(request, now)?;
        let nonce = code.nonce.clone();
        let scope = grant.scope.clone();
        Ok((self.issue_locked(&mut state, grant, scope, with_refresh, now), nonce))
    }

    /// Exchanges a refresh token for new tokens (RFC 6749 §6) and retires it.
    ///
    /// # Errors
    /// `invalid_grant`; a retired one that comes again ends the grant (RFC 9700 §4.14.2).
    /// `invalid_scope` for more than was granted; the token stays good then.
    pub(crate) fn refresh(
        &self,
        refresh_token: &str,
        client_id: &str,
        scope: Option<Scope>,
        now: i64,
    ) -> Result<Issued, OauthError> {
        let mut state = self.lock();
        let token = state
            .refresh
            .live_mut(&digest_of(refresh_token), now)
            .filter(|token| token.grant.client_id == client_id)
            .ok_or(OauthError::InvalidGrant("the refresh token is unknown or expired"))?;
        let grant = Arc::clone(&token.grant);
        if token.spent {
            state.revoke(&grant);
            return Err(OauthError::InvalidGrant("the refresh token was used before"));
        }
        let scope = scope.unwrap_or_else(|| grant.scope.clone());
        if !scope.is_within(&grant.scope) {
            return Err(OauthError::InvalidScope("the scope is more than was granted"));
        }
        token.spent = true;
        Ok(self.issue_locked(&mut state, grant, scope, true, now))
    }

    /// The access token, if it is one and still good.
    pub(crate) fn active(&self, token: &str, now: i64) -> Option<AccessToken> {
        self.lock().access.live(&digest_of(token), now).cloned()
    }

    /// Ends an access token, or a refresh token with all that came of its grant (RFC 7009 §2.1).
    /// `may` is asked whether the holder of this client id may do so.
    pub(crate) fn revoke(&self, token: &str, now: i64, may: impl Fn(&str) -> bool) -> Revocation {
        let key = digest_of(token);
        let mut state = self.lock();
        let access = state.access.live(&key, now).map(|token| Arc::clone(&token.grant));
        let refresh = state.refresh.live(&key, now).map(|token| Arc::clone(&token.grant));
        match (access, refresh) {
            (Some(grant), _) | (None, Some(grant)) if !may(&grant.client_id) => Revocation::Refused,
            (Some(_), _) => {
                state.access.remove(&key);
                Revocation::Revoked
            }
            (None, Some(grant)) => {
                state.revoke(&grant);
                Revocation::Revoked
            }
            (None, None) => Revocation::Unknown,
        }
    }

    /// Access tokens issued since the start, and those still good.
    pub(crate) fn counts(&self, now: i64) -> (u64, usize) {
        let state = self.lock();
        (state.issued, state.access.live_count(now))
    }

    fn issue_locked(
        &self,
        state: &mut State,
        grant: Arc<Grant>,
        scope: Scope,
        with_refresh: bool,
        now: i64,
    ) -> Issued {
        let access_token = self.mint.access_token();
        let expires_at = now.saturating_add(self.access_lifetime);
        let token = AccessToken {
            grant: Arc::clone(&grant),
            scope: scope.clone(),
            jti: self.mint.identifier(),
            issued_at: now,
            expires_at,
        };
        state.access.insert(digest_of(&access_token), token, expires_at, now);
        state.issued += 1;
        let refresh_token = with_refresh.then(|| {
            let text = self.mint.refresh_token();
            let token = RefreshToken { grant: Arc::clone(&grant), spent: false };
            let expires_at = now.saturating_add(self.refresh_lifetime);
            state.refresh.insert(digest_of(&text), token, expires_at, now);
            text
        });
        Issued { access_token, refresh_token, expires_in: self.access_lifetime, scope, grant }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Revocation {
    Revoked,
    /// Never issued, expired, or revoked before.
    Unknown,
    /// Issued to another client.
    Refused,
}

impl State {
    /// Ends every token of a grant.
    fn revoke(&mut self, grant: &Grant) {
        self.access.remove_where(|token| token.grant.serial == grant.serial);
        self.refresh.remove_where(|token| token.grant.serial == grant.serial);
    }
}
