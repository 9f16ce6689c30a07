//! How a key manager does, and who depends on it.

use std::collections::BTreeMap;

use phantom_core::UnixTime;
use phantom_manage::key_managers::Uses;
use phantom_observe::key_managers::Health;
use phantom_observe::key_managers::Overview;
use phantom_observe::key_managers::State;
use phantom_pages::components::Badge;
use phantom_pages::components::Cell;
use phantom_pages::components::Facts;
use phantom_pages::components::Notice;
use phantom_pages::components::Tone;
use phantom_pages::words;

pub(super) fn badge(health: &Health) -> Badge {
    match health.state() {
        State::Healthy => Badge::good("Healthy"),
        State::Degraded => Badge::warn("Degraded"),
        State::Down => Badge::bad("Down"),
        State::Unknown => Badge::neutral("Unknown"),
    }
}

/// APIs first, then keys.
pub(super) fn used_by(apis: Uses, keys: u64) -> String {
    if apis.total() == 0 && keys == 0 {
        return "Nobody yet".to_owned();
    }
    let apis = (apis.total() > 0).then(|| words::several(apis.total(), "API", "APIs"));
    let keys = (keys > 0).then(|| words::several(keys, "application key", "application keys"));
    apis.into_iter().chain(keys).collect::<Vec<_>>().join(", ")
}

pub(super) fn facts(one: &Overview, now: UnixTime) -> Facts {
    let Health { calls, asked_at, keys_from } = &one.health;
    let calls_text = match (calls.total(), calls.failed()) {
        (0, _) => "None".to_owned(),
        (total, failed) => format!(
            "{}, {} without a verdict",
            words::several(total, "introspection", "introspections"),
            words::count(failed)
        ),
    };
    let apis = match one.apis {
        Uses { named: 0, all } => {
            format!("{}, which take all key managers", words::several(all, "API", "APIs"))
        }
        Uses { named, all } => format!(
            "{} by name, and {} that take all key managers",
            words::several(named, "API", "APIs"),
            words::count(all)
        ),
    };
    let facts = [
        ("Health", Cell::from(badge(&one.health))),
        ("In the last five minutes", Cell::text(calls_text)),
        (
            "Last asked",
            match asked_at {
                Some(at) => Cell::time(now, *at),
                None => Cell::text("Not in the last five minutes"),
            },
        ),
        (
            "Keys fetched",
            match keys_from {
                Some(from) => Cell::time(now, *from),
                None => Cell::text("By no gateway that reports"),
            },
        ),
        ("Used by APIs", Cell::text(apis)),
        ("Used by applications", Cell::text(words::several(one.keys, "key", "keys"))),
    ];
    Facts(facts.map(|(name, cell)| (name.to_owned(), cell)).into())
}

/// Keys that were mapped before the expected audience was what it is now.
pub(super) fn unmet(keys: u64) -> Notice {
    let words = "It takes tokens of the expected audience alone, and that is their consumer key. Map the keys \
                 anew at the applications, or expect the audience that they name.";
    let title = match keys {
        1 => "A key of an application is never met".to_owned(),
        // Where there are many it is not told how many.
        1001.. => "More than 1,000 keys of applications are never met".to_owned(),
        keys => format!("{} keys of applications are never met", words::count(keys)),
    };
    Notice::new(Tone::Warn, title, words)
}

/// The name of the first of several of one issuer, and what comes of it; of the enabled ones, name and issuer.
pub(super) fn shared_issuer<'k>(
    enabled: impl Iterator<Item = (&'k str, Option<&'k str>)>,
) -> Option<(&'k str, String)> {
    let mut of_issuer: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, issuer) in enabled {
        if let Some(issuer) = issuer.filter(|issuer| !issuer.is_empty()) {
            of_issuer.entry(issuer).or_default().push(name);
        }
    }
    let (issuer, sharing) = of_issuer.into_iter().find(|(_, sharing)| sharing.len() > 1)?;
    let words = format!(
        "{}: JWTs of {issuer} go to the first of them by name. Choose key managers per API where that is another.",
        sharing.join(", ")
    );
    Some((sharing.first()?, words))
}

/// What a deletion meets, counted.
pub(super) fn effects(apis: Uses) -> Vec<String> {
    let mut effects =
        vec!["Its tokens are refused at all gateways, from the next request on.".to_owned()];
    if apis.all > 0 {
        let apis = words::several(apis.all, "API takes", "APIs take");
        effects.push(format!("{apis} tokens of all key managers, and so of this one."));
    }
    effects
}

/// What keeps it from being deleted.
pub(super) fn obstacle(apis: Uses, keys: u64) -> Option<String> {
    let named =
        (apis.named > 0).then(|| words::several(apis.named, "API names it", "APIs name it"));
    let keyed = (keys > 0).then(|| {
        words::several(keys, "application has a key of it", "keys of applications are of it")
    });
    let obstacles: Vec<_> = named.into_iter().chain(keyed).collect();
    let obstacles = (!obstacles.is_empty()).then(|| obstacles.join(", and "))?;
    Some(format!("It cannot be deleted now: {obstacles}. It can be disabled on its page."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_depends_on_it_is_counted() {
        assert_eq!(used_by(Uses::default(), 0), "Nobody yet");
        assert_eq!(used_by(Uses { named: 1, all: 0 }, 2), "1 API, 2 application keys");
        assert_eq!(used_by(Uses { named: 0, all: 2 }, 0), "2 APIs");
        let effects = effects(Uses { named: 2, all: 3 });
        assert_eq!(effects[1], "3 APIs take tokens of all key managers, and so of this one.");
        let obstacle = |named, keys| obstacle(Uses { named, all: 3 }, keys);
        assert_eq!(obstacle(0, 0), None);
        let words = "It cannot be deleted now: 2 APIs name it, and 1 application has a key of it. It can be \
                     disabled on its page.";
        assert_eq!(obstacle(2, 1).as_deref(), Some(words));
    }
}
