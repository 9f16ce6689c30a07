//! APIs as subscribers see them: published or prototyped, and open to their roles.

mod addresses;
pub mod definition;

use std::collections::BTreeMap;
use std::collections::HashSet;

use phantom_access::caller::Caller;
use phantom_access::plane::Control;
use phantom_access::plane::Means;
use phantom_manage::apis::Api;
use phantom_manage::apis::document::ApiDocument;
use phantom_manage::apis::document::Visibility;
use phantom_manage::apis::scan;
use phantom_manage::lookup;
use phantom_manage::lookup::Source;
use phantom_store::ApiFilter;
use phantom_store::ApiRow;
use phantom_store::LifecycleState;
use phantom_store::NamePart;
use phantom_store::NamePlace;
use phantom_terms::page::Few;
use phantom_terms::page::Page;
use phantom_terms::refusal::Kind;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use phantom_terms::search::ApiQuery;
use phantom_terms::search::Key;
use serde_json::Value;

pub use addresses::Addresses;

const OFFERED: Kind = Kind::Other("API");

/// States in which an API is offered.
pub const STATES: [LifecycleState; 2] = [LifecycleState::Published, LifecycleState::Prototyped];

/// All that match: exact names first, then by name, provider and version. Of several versions of an
/// API the latest of those that match.
pub async fn list(control: &Control, caller: &Caller, query: &ApiQuery) -> Outcome<Vec<Api>> {
    let mut found = all(control, caller, query).await?;
    found.sort_by_key(|api| std::cmp::Reverse((api.row.created_at, api.row.id)));
    let mut seen = HashSet::new();
    found.retain(|api| seen.insert((api.row.name.to_lowercase(), api.row.provider.clone())));
    found.sort_by_cached_key(|api| {
        let ApiRow { name, provider, version_name, .. } = &api.row;
        (!query.names(name), name.to_lowercase(), provider.clone(), version_name.clone())
    });
    Ok(found)
}

/// One page of what is found. Where nothing but a part of the name or a tag is asked for: of all versions, by
/// name; those that the caller may not see are left out of it, so that it may be short, and how many there
/// are in all counts them. Else of [`list`], for which each API is looked at.
pub async fn page(
    control: &Control,
    caller: &Caller,
    query: &ApiQuery,
    page: Page,
) -> Outcome<(Vec<Api>, u64)> {
    let Some((name, tag)) = query.only_name_part_and_tag() else {
        return Ok(page.of(list(control, caller, query).await?));
    };
    let Page { limit, offset } = page;
    let (name_contains, states) = (name.map(str::to_owned), STATES.to_vec());
    let filter = ApiFilter { name_contains, states, tag, limit, offset, ..ApiFilter::default() };
    let found = control.store().apis(&filter).await?;
    let apis = found.rows.into_iter().map(Api::of).collect::<Outcome<Vec<_>>>()?;
    Ok((apis.into_iter().filter(|api| is_open(&api.document, caller)).collect(), found.total))
}

/// How often the store is asked at most to find the first few that the caller may see.
const MOST_TURNS: u64 = 12;

/// The first so many whose name has that text: those that begin with it, then others. Where very many in a
/// row may not be seen, those after them are not looked at.
pub async fn first(control: &Control, caller: &Caller, text: &str, most: u64) -> Outcome<Few<Api>> {
    let limit = most + 1;
    let mut seen = Vec::new();
    for place in NamePlace::ALL {
        for turn in 0..MOST_TURNS {
            let part = NamePart { text, place, limit, offset: turn * limit };
            let rows = control.store().apis_of_name(&part, &STATES).await?;
            let is_last = (rows.len() as u64) < limit;
            let apis = rows.into_iter().map(Api::of).collect::<Outcome<Vec<_>>>()?;
            seen.extend(apis.into_iter().filter(|api| is_open(&api.document, caller)));
            if seen.len() as u64 > most {
                return Ok(Few::of(seen.into_iter(), most));
            }
            if is_last {
                break;
            }
        }
    }
    Ok(Few::of(seen.into_iter(), most))
}

/// The tags of what is on offer, and how many APIs have each.
pub async fn tags(control: &Control, caller: &Caller) -> Outcome<BTreeMap<String, u64>> {
    let mut counts = BTreeMap::new();
    for api in list(control, caller, &ApiQuery::default()).await? {
        for tag in api.document.tags {
            *counts.entry(tag).or_default() += 1;
        }
    }
    Ok(counts)
}

/// The offered API of that id. One that the caller may not see is not there.
pub async fn find(control: &Control, caller: &Caller, id: &str) -> Outcome<Api> {
    let api = open(&mut control.store(), caller, id).await?;
    match STATES.contains(&api.row.state) {
        true => Ok(api),
        false => Err(Refusal::not_found(OFFERED, id)),
    }
}

/// The API of that id, whatever its state and whoever may see it.
pub(crate) async fn existing(source: &mut impl Source, id: &str) -> Outcome<ApiRow> {
    lookup::find_as(source, OFFERED, id).await
}

/// The API of that id, whatever its state, if the caller's roles let it be seen.
pub(crate) async fn open(source: &mut impl Source, caller: &Caller, id: &str) -> Outcome<Api> {
    let api = Api::of(existing(source, id).await?)?;
    match is_open(&api.document, caller) {
        true => Ok(api),
        false => Err(Refusal::not_found(OFFERED, id)),
    }
}

async fn all(control: &Control, caller: &Caller, query: &ApiQuery) -> Outcome<Vec<Api>> {
    let filter = ApiFilter {
        name_contains: query.name_part().map(str::to_owned),
        states: STATES.to_vec(),
        tag: query.tag(),
        ..ApiFilter::default()
    };
    let mut found = Vec::new();
    scan::each(&mut control.store(), filter, |row| {
        let mut api = Api::of(row)?;
        // Large, and no list shows it.
        api.row.document = Value::Null;
        api.document.definition = None;
        let Api { row, document } = &api;
        if is_open(document, caller) && query.matches(|key| values(row, document, key)) {
            found.push(api);
        }
        Ok(())
    })
    .await?;
    Ok(found)
}

fn is_open(document: &ApiDocument, caller: &Caller) -> bool {
    match document.visibility {
        Visibility::Public => true,
        Visibility::Private => !caller.is_anonymous(),
        Visibility::Restricted => {
            let names = |role: &str| document.visible_roles.iter().any(|visible| visible == role);
            caller.is_admin() || caller.roles.iter().any(|role| names(role.as_str()))
        }
    }
}

/// What the API has of that key of a query.
fn values<'a>(row: &'a ApiRow, document: &'a ApiDocument, key: &Key) -> Vec<&'a str> {
    match key {
        Key::Name => vec![&row.name],
        Key::Version => vec![&row.version_name],
        Key::Context => vec![&row.context],
        Key::Status => vec![row.state.as_str()],
        Key::Provider => vec![&row.provider],
        Key::Description => document.description.as_deref().into_iter().collect(),
        Key::DisplayName => document.display_name.as_deref().into_iter().collect(),
        Key::Tag => document.tags.iter().map(String::as_str).collect(),
        Key::Category => {
            let categories = document.others.get("categories").and_then(Value::as_array);
            categories.into_iter().flatten().filter_map(Value::as_str).collect()
        }
        Key::Type => vec!["HTTP"],
        // Is never asked about.
        Key::Everything => Vec::new(),
        Key::Vendor => vec!["wso2"],
        Key::Property(name) => {
            let properties = document.additional_properties.iter();
            let named = properties.filter(|property| property.name.to_lowercase() == *name);
            named.map(|property| property.value.as_str()).collect()
        }
    }
}
