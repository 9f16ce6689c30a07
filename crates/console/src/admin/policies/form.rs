//! The form of a policy: what of its document is shown, and how it is put back. The rest stays as it is.

use phantom_access::roles::Role;
use phantom_manage::plans::UNLIMITED;
use phantom_pages::answer::Failure;
use phantom_pages::components::Field;
use phantom_pages::components::Notice;
use phantom_pages::components::Tone;
use phantom_pages::form::Draft;
use phantom_pages::form::Errors;
use phantom_pages::form::Form;
use phantom_pages::visit::Visit;
use phantom_terms::refusal::Refusal;
use serde_json::Value;
use serde_json::json;

use super::Level;
use super::text;
use crate::admin::editor::Sheet;

/// What refusals call a field, and where it stands.
const FIELDS: &[(&str, &str)] = &[
    ("policyName", "name"),
    ("displayName", "display_name"),
    ("description", "description"),
    ("defaultLimit", "count"),
    ("defaultLimit.unitTime", "unit_time"),
    ("rateLimitCount", "burst_count"),
    ("rateLimitTimeUnit", "burst_unit"),
    ("permissions.roles", "roles"),
];
/// Of a stored policy, what it counts.
const COUNTED: &str = "counted";
/// As REST has it: the largest integer that every JSON parser keeps. `UNLIMITED` among them is no number.
const MOST: i64 = 9_007_199_254_740_991;
const UNITS: [(&str, &str); 4] =
    [("sec", "seconds"), ("min", "minutes"), ("hour", "hours"), ("days", "days")];
const PERMISSIONS: [(&str, &str); 3] =
    [("PUBLIC", "Everybody"), ("ALLOW", "These roles"), ("DENY", "All but these roles")];
/// Members that the form does not show, and what they are.
const BESIDE: [(&str, &str); 6] = [
    ("customAttributes", "custom attributes"),
    ("monetization", "prices"),
    ("graphQLMaxComplexity", "a bound on the complexity of GraphQL queries"),
    ("graphQLMaxDepth", "a bound on the depth of GraphQL queries"),
    ("subscriberCount", "a number of subscribers"),
    ("conditionalGroups", "conditions"),
];

pub(super) fn sheet(
    visit: &Visit,
    level: Level,
    draft: &Draft,
    action: String,
    version: Option<i64>,
) -> Sheet {
    let what = match draft.form.get(COUNTED) {
        "eventCount" => "Events",
        "bandwidth" => "Amount of data",
        _ => "Requests",
    };
    let name = draft.text("name", "Name").required().such_as("Gold");
    let name = if version.is_none() { name } else { name.fixed() };
    let verb = if version.is_none() { "Add policy" } else { "Save" };
    let mut sheet = Sheet::new(visit, action, verb)
        .versioned(version)
        .group(
            "General",
            vec![
                name,
                draft.text("display_name", "Display name"),
                draft.text("description", "Description"),
            ],
        )
        .sentence(
            "Limit",
            vec![
                draft.number("count", what).between(1, MOST as u64),
                draft.number("unit_time", "In a time of").required().between(1, 1_000_000),
                draft.select("time_unit", "Unit of time", &UNITS),
            ],
            vec![
                draft.tick("unlimited", "Unlimited").helped("Then no number is needed."),
                Field::hidden(COUNTED, draft.form.get(COUNTED)),
            ],
        );
    if level != Level::Advanced {
        let help = "Empty: there is no second, shorter limit.";
        let most = draft.number("burst_count", "Requests at most");
        sheet = sheet.sentence(
            "Burst",
            vec![
                most.between(1, UNLIMITED as u64).helped(help),
                draft.select("burst_unit", "In a", &BURSTS),
            ],
            Vec::new(),
        );
    }
    if level == Level::Subscription {
        let roles = Role::ALL.iter().map(|role| role.as_str().to_owned()).collect();
        sheet = sheet.group(
            "Who may choose it",
            vec![
                draft.radios("permission", "Open to", &PERMISSIONS),
                draft
                    .text("roles", "Roles")
                    .suggesting(roles)
                    .such_as("Internal/subscriber")
                    .helped("With commas between."),
                draft
                    .tick("stop", "Stop when the quota is reached")
                    .helped("Requests beyond it are refused with 429."),
            ],
        );
    }
    sheet
}

const BURSTS: [(&str, &str); 4] =
    [("sec", "second"), ("min", "minute"), ("hour", "hour"), ("days", "day")];

/// What a new one begins with.
pub(super) fn first() -> Form {
    Form::default()
        .with("unit_time", "1")
        .with("time_unit", "min")
        .with("burst_unit", "sec")
        .with("permission", "PUBLIC")
        .ticked("stop", true)
}

/// The document that a new one is read into.
pub(super) fn empty() -> Value {
    json!({"defaultLimit": {"type": "REQUESTCOUNTLIMIT", "requestCount": {}}})
}

/// The member of the limit that counts, and the member with the count.
fn counted(policy: &Value) -> (&'static str, &'static str) {
    let is_there =
        |kind: &str| policy.pointer(&format!("/defaultLimit/{kind}")).is_some_and(Value::is_object);
    match () {
        () if is_there("eventCount") => ("eventCount", "eventCount"),
        () if is_there("bandwidth") => ("bandwidth", "dataAmount"),
        () if is_there("aiApiQuota") => ("aiApiQuota", "requestCount"),
        () => ("requestCount", "requestCount"),
    }
}

/// What is stored.
pub(super) fn filled(level: Level, policy: &Value) -> Form {
    let (kind, amount) = counted(policy);
    let limit = policy.pointer(&format!("/defaultLimit/{kind}")).unwrap_or(&Value::Null);
    let number = |of: &Value, member: &str| of.get(member).and_then(Value::as_i64);
    let count = number(limit, amount).unwrap_or_default();
    let is_unlimited = count == UNLIMITED;
    let burst = if level == Level::Application {
        policy.get("burstLimit").unwrap_or(&Value::Null)
    } else {
        policy
    };
    let burst_count = number(burst, "rateLimitCount").filter(|count| *count > 0);
    let permissions = policy.get("permissions").unwrap_or(&Value::Null);
    let permission = match text(permissions, "permissionType") {
        "" => "PUBLIC",
        kind => kind,
    };
    let roles = permissions.get("roles").and_then(Value::as_array);
    let roles: Vec<&str> = roles.into_iter().flatten().filter_map(Value::as_str).collect();
    let said = |number: Option<i64>| number.map(|number| number.to_string()).unwrap_or_default();
    Form::default()
        .with(COUNTED, kind)
        .with("name", text(policy, "policyName"))
        .with("display_name", text(policy, "displayName"))
        .with("description", text(policy, "description"))
        .with("count", if is_unlimited { String::new() } else { count.to_string() })
        .ticked("unlimited", is_unlimited)
        .with("unit_time", said(number(limit, "unitTime")))
        .with("time_unit", unit(text(limit, "timeUnit")))
        .with("burst_count", said(burst_count))
        .with("burst_unit", unit(text(burst, "rateLimitTimeUnit")))
        .with("permission", permission)
        .with("roles", roles.join(", "))
        .ticked("stop", policy.get("stopOnQuotaReach") == Some(&Value::Bool(true)))
}

/// WSO2 has two names for some.
fn unit(name: &str) -> &str {
    match name {
        "hours" => "hour",
        "day" => "days",
        "" | "NA" => "sec",
        name => name,
    }
}

/// The document that the form stands for; what it does not show stays as it is in `policy`.
pub(super) fn read(level: Level, form: &Form, mut policy: Value) -> Result<Value, Errors> {
    let mut errors = Errors::default();
    if form.get("name").is_empty() && text(&policy, "policyName").is_empty() {
        errors.add("name", "A policy has a name, by which it is chosen.");
    }
    let mut number = |field: &str, most: i64| -> Option<i64> {
        let typed = form.get(field);
        if typed.is_empty() {
            return None;
        }
        let number = typed.parse().ok().filter(|number| (1..=most).contains(number));
        if number.is_none() {
            let most = phantom_pages::words::count(most.unsigned_abs());
            errors.add(field, format!("It has to be a whole number from 1 to {most}."));
        }
        number
    };
    let count = match form.has("unlimited") {
        true => Some(UNLIMITED),
        false => number("count", MOST),
    };
    let unit_time = number("unit_time", 1_000_000);
    let burst = match level {
        Level::Advanced => None,
        Level::Application | Level::Subscription => number("burst_count", UNLIMITED),
    };
    if count.is_none() && form.get("count").is_empty() {
        errors.add("count", "Enter how many requests are let through, or tick Unlimited.");
    }
    if unit_time.is_none() && form.get("unit_time").is_empty() {
        errors.add("unit_time", "Enter in how much time they are counted.");
    }
    let one_of = |field: &str| UNITS.iter().any(|(unit, _)| *unit == form.get(field));
    for field in ["time_unit", "burst_unit"] {
        if !one_of(field) && (field == "time_unit" || burst.is_some()) {
            errors.add(field, "Choose one of the units.");
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let (kind, amount) = counted(&policy);
    if policy.get("policyName").is_none() {
        set(&mut policy, "policyName", form.get("name"));
    }
    set(&mut policy, "displayName", form.given("display_name"));
    set(&mut policy, "description", form.given("description"));
    if let Some(limit) = policy.pointer_mut(&format!("/defaultLimit/{kind}")) {
        set(limit, amount, count);
        set(limit, "unitTime", unit_time);
        set(limit, "timeUnit", form.get("time_unit"));
    }
    let burst_unit = burst.map(|_| form.get("burst_unit"));
    match level {
        Level::Advanced => {}
        Level::Application => {
            let burst = burst
                .map(|burst| json!({"rateLimitCount": burst, "rateLimitTimeUnit": burst_unit}));
            set(&mut policy, "burstLimit", burst);
        }
        Level::Subscription => {
            set(&mut policy, "rateLimitCount", burst.unwrap_or(0));
            set(&mut policy, "rateLimitTimeUnit", burst_unit);
            set(&mut policy, "stopOnQuotaReach", form.has("stop"));
            set(&mut policy, "permissions", permissions(form)?);
        }
    }
    Ok(policy)
}

fn set(object: &mut Value, member: &str, value: impl Into<Value>) {
    if let Some(members) = object.as_object_mut() {
        members.insert(member.to_owned(), value.into());
    }
}

fn permissions(form: &Form) -> Result<Value, Errors> {
    let kind = form.get("permission");
    let roles = form.get("roles").split(',').map(str::trim).filter(|role| !role.is_empty());
    let roles: Vec<&str> = roles.collect();
    if !matches!(kind, "ALLOW" | "DENY") {
        return match roles.is_empty() {
            true => Ok(Value::Null),
            false => Err(Errors::default()
                .at("roles", "For Everybody no role counts: empty it, or choose otherwise.")),
        };
    }
    if roles.is_empty() {
        return Err(Errors::default().at("roles", "Name at least one role, or choose Everybody."));
    }
    Ok(json!({"permissionType": kind, "roles": roles}))
}

pub(super) fn errors(refusal: Refusal) -> Result<Errors, Failure> {
    match refusal {
        refusal @ Refusal::Exists(_) => Ok(Errors::default().at("name", refusal.to_string())),
        refusal => Errors::from_refusal(refusal, FIELDS),
    }
}

/// Says what else there is.
pub(super) fn beside(policy: &Value) -> Option<Notice> {
    let says = |value: &Value| match value {
        Value::Null => false,
        Value::Number(number) => number.as_i64() != Some(0),
        Value::Array(list) => !list.is_empty(),
        _ => true,
    };
    let there = BESIDE.iter().filter(|(member, _)| policy.get(*member).is_some_and(says));
    let there: Vec<&str> = there.map(|(_, words)| *words).collect();
    let words = format!(
        "It has {}, which this form does not show. They stay as they are.",
        there.join(", ")
    );
    (!there.is_empty()).then(|| Notice::new(Tone::Neutral, "There is more to this policy", words))
}
