//! The set-up of the tutorial, over the REST APIs like any client: key manager, API, application,
//! key mapping, subscription. What is there already stays, also under another name.

mod api;
mod application;
mod environment;
mod key_manager;
mod rest;

use anyhow::Context;
use serde_json::Value;

pub use environment::Environment;
pub(crate) use rest::CredentialsRefused;
pub(crate) use rest::Refused;

use crate::outgoing::Trust;
use crate::setup::rest::Rest;

const ADMIN: &str = "/api/am/admin/v4";
const DEVPORTAL: &str = "/api/am/devportal/v3";
const PUBLISHER: &str = "/api/am/publisher/v4";

/// How far to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    Everything,
    /// Key manager, API and application; mapping and subscription are left to others.
    UpToApplication,
    /// Whoever tries the product makes it all.
    Nothing,
}

/// A server that is elsewhere since the last set-up.
#[derive(Clone, Debug)]
pub(crate) struct Moved {
    pub(crate) from: String,
    pub(crate) to: String,
}

/// The steps with what all of them need.
struct Steps<'a> {
    rest: Rest,
    environment: &'a Environment,
    moved: &'a [Moved],
    tell: &'a mut dyn FnMut(&str),
}

/// Makes what is missing, leads what has `moved` to where it is now, and tells each step.
pub(crate) async fn run(
    environment: &Environment,
    extent: Extent,
    trust: &Trust,
    moved: &[Moved],
    tell: &mut dyn FnMut(&str),
) -> anyhow::Result<()> {
    if extent == Extent::Nothing {
        return Ok(());
    }
    let rest = Rest::new(environment, trust)?;
    let mut steps = Steps { rest, environment, moved, tell };
    let key_manager = steps.key_manager().await?;
    let api = steps.api().await?;
    let application = steps.application().await?;
    if extent == Extent::Everything {
        steps.mapping(&application, &key_manager).await?;
        steps.subscription(&application, &api).await?;
    }
    Ok(())
}

impl Steps<'_> {
    fn tell(&mut self, line: &str) {
        (self.tell)(line);
    }

    /// The document with the new addresses, where it has old ones.
    fn led_on(&self, document: &Value) -> Option<Value> {
        let before = document.to_string();
        let mut text = before.clone();
        for Moved { from, to } in self.moved {
            // A port is not the beginning of a longer one.
            for end in ["/", "\""] {
                text = text.replace(&format!("{from}{end}"), &format!("{to}{end}"));
            }
        }
        (text != before).then(|| serde_json::from_str(&text).ok()).flatten()
    }
}

/// Said of what is there otherwise than it is asked for.
pub(crate) const STAYS: &str = "it stays as it is";

/// What is there with other values than are asked for, `(variable, place, value)`, in words.
fn differing(there: &Value, asked: &[(&str, &str, &str)]) -> String {
    let others = asked.iter().filter_map(|(variable, pointer, asked)| {
        let here = match there.pointer(pointer)? {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        (here != *asked).then(|| format!("{variable} ({here} there)"))
    });
    let others: Vec<String> = others.collect();
    if others.is_empty() { String::new() } else { format!(", with another {}", others.join(", ")) }
}

/// The entry of a list whose member is that text.
fn listed<'a>(answer: &'a Value, member: &str, wanted: &str) -> Option<&'a Value> {
    entries(answer).find(|entry| entry.get(member).is_some_and(|value| value == wanted))
}

/// Those of a list.
fn entries(answer: &Value) -> impl Iterator<Item = &Value> {
    answer.get("list").and_then(Value::as_array).into_iter().flatten()
}

fn id_of(entity: &Value) -> anyhow::Result<String> {
    text(entity, "id")
}

fn text(entity: &Value, member: &str) -> anyhow::Result<String> {
    let value = entity.get(member).and_then(Value::as_str).map(str::to_owned);
    value.with_context(|| format!("the control plane's answer has no {member}"))
}
