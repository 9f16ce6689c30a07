//! Limits as people say them.

use phantom_manage::plans::MOST_COUNTED;
use phantom_manage::plans::UNLIMITED;
use phantom_pages::words;
use serde_json::Value;

use super::Level;

/// `5,000 requests a minute, and at most 10 a second`.
pub(super) fn limits(policy: &Value) -> String {
    words::with_burst(limit(policy), burst(policy))
}

fn limit(policy: &Value) -> String {
    let of =
        |kind: &str| policy.pointer(&format!("/defaultLimit/{kind}")).filter(|l| l.is_object());
    let number =
        |limit: &Value, member: &str| limit.get(member).and_then(Value::as_i64).unwrap_or(0);
    for (kind, member, one, many) in [
        ("requestCount", "requestCount", "request", "requests"),
        ("eventCount", "eventCount", "event", "events"),
        ("aiApiQuota", "requestCount", "request", "requests"),
    ] {
        let Some(limit) = of(kind) else { continue };
        let count = number(limit, member);
        if count == UNLIMITED {
            return "Unlimited".to_owned();
        }
        let count = words::several(u64::try_from(count).unwrap_or(0), one, many);
        return format!("{count} {}", words::each(number(limit, "unitTime"), unit_of(limit)));
    }
    let Some(limit) = of("bandwidth") else { return "No limit that is known".to_owned() };
    let amount = words::count(u64::try_from(number(limit, "dataAmount")).unwrap_or(0));
    let unit = limit.get("dataUnit").and_then(Value::as_str).unwrap_or_default();
    format!("{amount} {unit} {}", words::each(number(limit, "unitTime"), unit_of(limit)))
}

fn unit_of(limit: &Value) -> &str {
    limit.get("timeUnit").and_then(Value::as_str).unwrap_or_default()
}

/// The second, shorter limit, wherever its level has it.
fn burst(policy: &Value) -> Option<(u64, &str)> {
    let at = policy.get("burstLimit").filter(|burst| burst.is_object()).unwrap_or(policy);
    let count = at.get("rateLimitCount")?.as_u64().filter(|count| *count > 0)?;
    let unit = at.get("rateLimitTimeUnit")?.as_str().filter(|unit| !unit.is_empty())?;
    Some((count, unit))
}

pub(super) fn uses(level: Level, uses: u64) -> String {
    let (one, many) = match level {
        Level::Application => ("application", "applications"),
        Level::Subscription => ("subscription", "subscriptions"),
        // Where it is named is not counted.
        Level::Advanced => return "APIs and resources".to_owned(),
    };
    match uses {
        0 => "Nobody yet".to_owned(),
        uses if uses >= MOST_COUNTED => format!("{} {many} or more", words::count(uses)),
        uses => words::several(uses, one, many),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn limits_are_said_in_words() {
        let requests = |count: i64, units: i64, unit: &str| {
            json!({"defaultLimit": {"requestCount":
                {"requestCount": count, "unitTime": units, "timeUnit": unit}}})
        };
        assert_eq!(limits(&requests(5000, 1, "min")), "5,000 requests a minute");
        assert_eq!(limits(&requests(1, 5, "hours")), "1 request every 5 hours");
        assert_eq!(limits(&requests(2_147_483_647, 1, "min")), "Unlimited");
        let mut burst = requests(10, 1, "days");
        burst["burstLimit"] = json!({"rateLimitCount": 2, "rateLimitTimeUnit": "sec"});
        assert_eq!(limits(&burst), "10 requests a day, and at most 2 a second");
        let data = json!({"defaultLimit": {"bandwidth":
            {"dataAmount": 10, "dataUnit": "MB", "unitTime": 1, "timeUnit": "hour"}}});
        assert_eq!(limits(&data), "10 MB an hour");
    }
}
