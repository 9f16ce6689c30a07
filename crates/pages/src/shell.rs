//! What stands around every page: the bar with the areas that this user may see, the list beside an area.

use askama::Template;
use axum::response::Response;
use http::HeaderMap;
use http::StatusCode;
use phantom_access::rights;

use crate::answer;
use crate::assets;
use crate::components::Csrf;
use crate::guard::Needs;
use crate::guard::SIGNED_IN;
use crate::session::cookie::Theme;
use crate::visit::Visit;

/// Where a page lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Nowhere,
    Home,
    Account,
    Design,
    Search,
    Admin(&'static str),
    Publisher(&'static str),
    Devportal(&'static str),
    Workbench(&'static str),
    Traffic(&'static str),
}

/// An area of the console. `needs`: what opens its first page; who may open another one is led there.
struct Area {
    words: &'static str,
    href: &'static str,
    needs: Needs,
    side: &'static [Side],
}

/// An entry beside an area.
struct Side {
    words: &'static str,
    href: &'static str,
    needs: Needs,
}

const AREAS: [Area; 5] = [
    Area {
        words: "Admin",
        href: "/admin",
        needs: rights::admin::KEY_MANAGERS,
        side: &[
            Side {
                words: "Key Managers",
                href: "/admin/key-managers",
                needs: rights::admin::KEY_MANAGERS,
            },
            Side {
                words: "Throttling Policies",
                href: "/admin/policies",
                needs: rights::admin::TIERS_READ,
            },
            Side {
                words: "Deny Policies",
                href: "/admin/deny-policies",
                needs: rights::admin::DENY_READ,
            },
            Side { words: "Users and roles", href: "/admin/users", needs: rights::admin::USERS },
            Side { words: "Gateways", href: "/admin/gateways", needs: rights::admin::TRAFFIC },
            Side { words: "Audit", href: "/admin/audit", needs: rights::admin::AUDIT },
        ],
    },
    Area {
        words: "Publisher",
        href: "/publisher",
        needs: rights::publisher::READERS,
        side: &[
            Side { words: "APIs", href: "/publisher/apis", needs: rights::publisher::READERS },
            Side {
                words: "Scopes",
                href: "/publisher/scopes",
                needs: rights::publisher::SCOPE_READERS,
            },
        ],
    },
    Area {
        words: "Devportal",
        href: "/devportal",
        needs: rights::devportal::EXPORTERS_TOO,
        side: &[
            Side {
                words: "Applications",
                href: "/devportal/applications",
                needs: rights::devportal::EXPORTERS_TOO,
            },
            Side { words: "APIs", href: "/devportal/apis", needs: SIGNED_IN },
        ],
    },
    Area { words: "Workbench", href: "/workbench", needs: SIGNED_IN, side: &[] },
    Area {
        words: "Traffic",
        href: "/traffic",
        needs: rights::admin::TRAFFIC,
        side: &[
            Side { words: "Overview", href: "/traffic", needs: rights::admin::TRAFFIC },
            Side {
                words: "Why was I refused?",
                href: "/traffic/decisions",
                needs: rights::admin::TRAFFIC,
            },
        ],
    },
];

impl Place {
    /// The area's address, and that of the entry beside it.
    const fn addresses(self) -> (&'static str, &'static str) {
        match self {
            Self::Nowhere | Self::Home | Self::Account | Self::Design | Self::Search => ("", ""),
            Self::Admin(side) => ("/admin", side),
            Self::Publisher(side) => ("/publisher", side),
            Self::Devportal(side) => ("/devportal", side),
            Self::Workbench(side) => ("/workbench", side),
            Self::Traffic(side) => ("/traffic", side),
        }
    }
}

/// Pages that lead on, which this user may open: the words of the area, of the page, and its address.
pub fn open_to(visit: &Visit) -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    AREAS.iter().flat_map(|area| {
        let beside = area.side.iter().filter(|entry| visit.may(entry.needs));
        let beside = beside.map(|entry| (area.words, entry.words, entry.href));
        let is_one_page = area.side.is_empty() && visit.may(area.needs);
        beside.chain(is_one_page.then_some((area.words, area.words, area.href)))
    })
}

/// The first page of the area at that address which this user may open.
pub fn first_of(visit: &Visit, area: &str) -> Option<&'static str> {
    let mut beside = AREAS.iter().filter(|known| known.href == area).flat_map(|known| known.side);
    beside.find(|entry| visit.may(entry.needs)).map(|entry| entry.href)
}

struct Entry {
    words: &'static str,
    href: &'static str,
    is_here: bool,
}

/// A whole document, for somebody who is signed in.
#[derive(Template)]
#[template(path = "shell.html")]
pub(crate) struct Shell<'a> {
    title: &'a str,
    theme: Theme,
    style: String,
    script: String,
    icon: String,
    user: &'a str,
    csrf: &'a Csrf,
    here: &'a str,
    areas: Vec<Entry>,
    side: Vec<Entry>,
    content: String,
}

impl<'a> Shell<'a> {
    pub(crate) fn around(visit: &'a Visit, place: Place, title: &'a str, content: String) -> Self {
        let (area, beside) = place.addresses();
        let is_open = |area: &&Area| {
            visit.may(area.needs) || area.side.iter().any(|entry| visit.may(entry.needs))
        };
        let open = AREAS.iter().filter(is_open);
        let areas = open.map(|known| Entry {
            words: known.words,
            href: known.href,
            is_here: known.href == area,
        });
        let side = AREAS.iter().filter(|known| known.href == area).flat_map(|known| known.side);
        let side = side.filter(|entry| visit.may(entry.needs)).map(|entry| Entry {
            words: entry.words,
            href: entry.href,
            is_here: entry.href == beside,
        });
        Self {
            title,
            theme: visit.theme,
            style: assets::address("console.css"),
            script: assets::address("console.js"),
            icon: assets::address("mark.svg"),
            user: &visit.caller.name,
            csrf: &visit.csrf,
            here: &visit.here,
            areas: areas.collect(),
            side: side.collect(),
            content,
        }
    }
}

/// A whole document, for whoever comes.
#[derive(Template)]
#[template(path = "outside.html")]
pub(crate) struct Outside<'a> {
    title: &'a str,
    theme: Theme,
    style: String,
    script: String,
    icon: String,
    content: String,
}

impl Outside<'_> {
    pub(crate) fn show(
        headers: &HeaderMap,
        status: StatusCode,
        title: &str,
        page: &impl Template,
    ) -> Response {
        let Ok(content) = page.render() else { return answer::broken() };
        let (style, script) = (assets::address("console.css"), assets::address("console.js"));
        let (icon, theme) = (assets::address("mark.svg"), Theme::of(headers));
        answer::html(status, &Outside { title, theme, style, script, icon, content })
    }
}
