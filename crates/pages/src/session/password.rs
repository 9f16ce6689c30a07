//! One's own account: another password, and an end to all sessions.

use askama::Template;
use phantom_access::sessions;
use phantom_access::users::UserError;
use phantom_terms::refusal::Refusal;
use secrecy::SecretString;

use super::sign_in;
use crate::answer::Answer;
use crate::components::Csrf;
use crate::components::Field;
use crate::form::Errors;
use crate::form::Form;
use crate::shell::Place;
use crate::visit::Visit;
use crate::words;

#[derive(Template)]
#[template(path = "session/account.html")]
struct Account<'a> {
    csrf: Csrf,
    user: &'a str,
    roles: String,
    present: Field,
    new: Field,
    again: Field,
    error: Option<String>,
}

const PRESENT: &str = "secret.present";
const NEW: &str = "secret.new";
const AGAIN: &str = "secret.again";

pub(super) async fn page(visit: Visit) -> Answer {
    Ok(visit.show(Place::Account, "Your account", &account(&visit, &Errors::default())))
}

pub(super) async fn change(visit: Visit, form: Form) -> Answer {
    let [present, new] = [PRESENT, NEW].map(|name| SecretString::from(form.raw(name)));
    if form.raw(NEW) != form.raw(AGAIN) {
        let errors = Errors::default().at(AGAIN, "It is not the same as the new password above.");
        return refused(&visit, &errors);
    }
    if form.raw(NEW) == form.raw(PRESENT) {
        let errors = Errors::default().at(NEW, "It is the same as the present password above.");
        return refused(&visit, &errors);
    }
    let changed = sessions::change_password(&visit.control, &visit.caller, &present, &new).await;
    let errors = match changed {
        Ok(()) => return Ok(sign_in::out("password")),
        Err(UserError::Weak(weak)) => {
            Errors::default().at(NEW, format!("{}.", words::sentence(&weak.to_string())))
        }
        Err(UserError::Refused(Refusal::Unauthenticated)) => {
            Errors::default().at(PRESENT, "It is not your present password.")
        }
        Err(UserError::Refused(Refusal::TooManyGuesses { wait })) => {
            let wait = words::duration(wait);
            let words = format!("There were too many wrong passwords. Try again in {wait}.");
            Errors::default().at(PRESENT, words)
        }
        Err(UserError::Refused(refusal)) => return Err(refusal.into()),
        Err(UserError::Store(error)) => return Err(Refusal::from(error).into()),
        Err(error) => Errors::of_all(error.to_string()),
    };
    refused(&visit, &errors)
}

fn refused(visit: &Visit, errors: &Errors) -> Answer {
    Ok(visit.show_refused(Place::Account, "Your account", &account(visit, errors)))
}

fn account<'a>(visit: &'a Visit, errors: &Errors) -> Account<'a> {
    let roles: Vec<_> = visit.caller.roles.iter().map(|role| role.as_str()).collect();
    let field = |name, label| Field::password(name, label).required().failing(errors.of(name));
    Account {
        csrf: visit.csrf.clone(),
        user: &visit.caller.name,
        roles: roles.join(", "),
        present: field(PRESENT, "Present password"),
        new: field(NEW, "New password")
            .completed("new-password")
            .helped("At least 8 characters, and none of those that are guessed first."),
        again: field(AGAIN, "New password again").completed("new-password"),
        error: errors.whole.clone(),
    }
}
