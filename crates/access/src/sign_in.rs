//! Who signs in, user or client: checked slowly once, remembered briefly, and guessed at in vain.

mod attempt;
mod flights;
mod guesses;
mod prefix;

use std::net::IpAddr;
use std::sync::Arc;

use aws_lc_rs::hmac;
use phantom_core::Clock;
use phantom_store::ClientRow;
use phantom_store::Store;
use phantom_store::password;
use phantom_store::password::Place;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use subtle::ConstantTimeEq;

use crate::roles::Role;

use attempt::Attempt;
use flights::Flights;
use flights::Turn;
use guesses::Begun;
use guesses::Guess;
use guesses::Guesses;
use prefix::Prefix;

/// A domain that users of WSO2 write behind their names.
const SUPER_TENANT: &str = "@carbon.super";

/// A user that is who it says.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub name: String,
    pub roles: Vec<Role>,
}

/// Checks passwords of users and secrets of clients, which count apart. One per process.
pub struct SignIn {
    clock: Arc<dyn Clock>,
    /// Of this process alone.
    key: hmac::Key,
    users: Guesses,
    clients: Guesses,
    flights: Flights,
}

impl std::fmt::Debug for SignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignIn").finish_non_exhaustive()
    }
}

impl SignIn {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Outcome<Self> {
        let mut key = [0; 32];
        aws_lc_rs::rand::fill(&mut key)
            .map_err(|_| Refusal::internal("the system gives no random numbers"))?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        let (users, clients, flights) = Default::default();
        Ok(Self { clock, key, users, clients, flights })
    }

    /// The user, or 401; 429 while guesses have to wait, 503 while there is no room to hash.
    pub(crate) async fn user(
        &self,
        store: &Store,
        name: &str,
        password: &SecretString,
        address: Option<IpAddr>,
    ) -> Outcome<User> {
        let name = name.strip_suffix(SUPER_TENANT).unwrap_or(name);
        let row = store.user(name).await?;
        let kept = row.as_ref().map(|row| row.password_hash.as_str());
        let attempt = Attempt::new(&self.key, name, kept, password, address);
        if !self.fits(&attempt, kept, password).await? {
            return Err(Refusal::Unauthenticated);
        }
        let row = row.ok_or(Refusal::Unauthenticated)?;
        Ok(User { roles: row.held_roles(), name: row.name })
    }

    /// The client with that id, if the secret is its own; 429 while guesses have to wait. Secrets of
    /// clients are kept as they are, so nothing is hashed here.
    pub fn client(
        &self,
        id: &str,
        row: Option<ClientRow>,
        secret: &SecretString,
        address: Option<IpAddr>,
    ) -> Outcome<Option<ClientRow>> {
        let kept = row.as_ref().map(|row| row.secret.expose_secret());
        let attempt = Attempt::new(&self.key, id, kept, secret, address);
        let guess = match self.begin(&self.clients, &attempt)? {
            Begun::Known => return Ok(row),
            Begun::Guess(guess) => guess,
        };
        let fits: bool = kept
            // As long as a secret of ours is.
            .unwrap_or("0000000000000000000000000000000000000000000")
            .as_bytes()
            .ct_eq(secret.expose_secret().as_bytes())
            .into();
        if fits && row.is_some() {
            guess.right(self.clock.now().tick);
            return Ok(row);
        }
        wrong(guess, "client", &attempt);
        Ok(None)
    }

    /// Takes as long as the password of a user does that is wrong.
    pub(crate) async fn spend(
        &self,
        password: &SecretString,
        address: Option<IpAddr>,
    ) -> Outcome<()> {
        let place = Place::Stranger { source: Prefix::of(address).number() };
        password::verify(password, None, place).await?;
        Ok(())
    }

    async fn fits(
        &self,
        attempt: &Attempt<'_>,
        kept: Option<&str>,
        password: &SecretString,
    ) -> Outcome<bool> {
        loop {
            // Many requests at once with one password are one guess: the first hashes, the others
            // look again when it has. Scripts begin that way.
            let _landing = match self.flights.turn(attempt.digest) {
                Turn::Mine(landing) => landing,
                Turn::After(mut landed) => {
                    // Nothing is ever sent: it ends when the other one does.
                    let _ = landed.changed().await;
                    continue;
                }
            };
            let guess = match self.begin(&self.users, attempt)? {
                Begun::Known => return Ok(true),
                Begun::Guess(guess) => guess,
            };
            let place = match guess.is_of_somebody_known() {
                true => Place::Trusted,
                false => Place::Stranger { source: attempt.prefix.number() },
            };
            return match password::verify(password, kept, place).await {
                Ok(true) => {
                    guess.right(self.clock.now().tick);
                    Ok(true)
                }
                Ok(false) => {
                    wrong(guess, "user", attempt);
                    Ok(false)
                }
                Err(error) => {
                    guess.give_back();
                    Err(error.into())
                }
            };
        }
    }

    fn begin<'a>(&self, guesses: &'a Guesses, attempt: &Attempt<'_>) -> Outcome<Begun<'a>> {
        let begun = guesses.begin(attempt, self.clock.now().tick);
        begun.map_err(|wait| Refusal::TooManyGuesses { wait })
    }
}

/// Says so where somebody has to wait now. Made-up names are not told: they are anybody's text, and
/// sometimes a password.
fn wrong(guess: Guess<'_>, kind: &'static str, attempt: &Attempt<'_>) {
    let wait = guess.wrong();
    if let (Some(wait), true) = (wait, attempt.is_real) {
        let (name, address) = (attempt.name, attempt.address.map(tracing::field::display));
        let seconds = wait.as_secs();
        tracing::warn!(kind, name, address, seconds, "wrong passwords: guesses have to wait");
    }
}
