//! Which APIs a query finds, and in which order: exact names first, then by name, provider and
//! version.

use phantom_access::plane::Control;
use phantom_access::plane::Means;
use phantom_store::ApiFilter;
use phantom_store::ApiRow;
use phantom_terms::page::Page;
use phantom_terms::refusal::Outcome;
use phantom_terms::search::ApiQuery;
use phantom_terms::search::Key;

use super::Api;
use super::scan;

/// One page, and how many there are in all. Definitions are left out.
pub async fn find(control: &Control, query: &ApiQuery, page: Page) -> Outcome<(Vec<Api>, u64)> {
    if query.is_empty() {
        let Page { limit, offset } = page;
        let filter = ApiFilter { limit, offset, ..ApiFilter::default() };
        let found = control.store().apis(&filter).await?;
        let apis = found.rows.into_iter().map(Api::of).collect::<Outcome<_>>()?;
        return Ok((apis, found.total));
    }
    if let Some(part) = query.only_name_part() {
        return by_name(control, part, page).await;
    }
    // The order asks for all of them; what the store can leave out it does.
    let name_contains = query.name_part().map(str::to_owned);
    let filter = ApiFilter { name_contains, tag: query.tag(), ..ApiFilter::default() };
    let mut found = Vec::new();
    scan::each(&mut control.store(), filter, |row| {
        let mut api = Api::of(row)?;
        if query.matches(|key| values(&api, key)) {
            api.row.document = serde_json::Value::Null;
            api.document.definition = None;
            found.push(api);
        }
        Ok(())
    })
    .await?;
    // Stable: the store's order stays within each half.
    found.sort_by_key(|api| !query.names(&api.row.name));
    Ok(page.of(found))
}

/// By a part of the name, in lower case: no more is read than the page and the namesakes that come before
/// all others.
async fn by_name(control: &Control, part: &str, page: Page) -> Outcome<(Vec<Api>, u64)> {
    let namesakes = control.store().apis_named(part).await?;
    let first = namesakes.len() as u64;
    let filter = ApiFilter {
        name_contains: Some(part.to_owned()),
        limit: page.limit.saturating_add(first),
        offset: page.offset.saturating_sub(first),
        ..ApiFilter::default()
    };
    let found = control.store().apis(&filter).await?;
    let others = others(found.rows, part, first);
    let clamp = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let ordered = {
        let mut namesakes = namesakes;
        namesakes.sort_by(|one, other| {
            (&one.provider, &one.version_name, one.id).cmp(&(
                &other.provider,
                &other.version_name,
                other.id,
            ))
        });
        namesakes.into_iter().skip(clamp(page.offset)).chain(others).take(clamp(page.limit))
    };
    let apis = ordered.map(|row| {
        let mut api = Api::of(row)?;
        api.row.document = serde_json::Value::Null;
        api.document.definition = None;
        Ok(api)
    });
    Ok((apis.collect::<Outcome<_>>()?, found.total))
}

/// What is left of a window of the store's list without those of just that name, of which there are
/// `first` in one run: where the run lies before the window, the window begins that much earlier.
fn others(window: Vec<ApiRow>, part: &str, first: u64) -> impl Iterator<Item = ApiRow> {
    let name = |row: &ApiRow| row.name.to_lowercase();
    let inside = window.iter().filter(|row| name(row) == part).count() as u64;
    let before = match window.first().map(name) {
        Some(begin) if begin.as_str() >= part => first.saturating_sub(inside),
        _ => 0,
    };
    let before = usize::try_from(before).unwrap_or(usize::MAX);
    let part = part.to_owned();
    window.into_iter().filter(move |row| name(row) != part).skip(before)
}

fn values<'a>(api: &'a Api, key: &Key) -> Vec<&'a str> {
    let document = &api.document;
    let other = |name: &str| document.others.get(name).and_then(serde_json::Value::as_str);
    match key {
        Key::Name => vec![&api.row.name],
        Key::Version => vec![&api.row.version_name],
        Key::Context => vec![&api.row.context],
        Key::Status => vec![api.row.state.as_str()],
        Key::Description => document.description.as_deref().into_iter().collect(),
        Key::Provider => vec![&api.row.provider],
        Key::Tag => document.tags.iter().map(String::as_str).collect(),
        Key::Category => {
            let categories = document.others.get("categories").and_then(|all| all.as_array());
            categories.into_iter().flatten().filter_map(|category| category.as_str()).collect()
        }
        Key::Type => vec!["HTTP"],
        // Is never asked about.
        Key::Everything => Vec::new(),
        Key::Vendor => vec![other("gatewayVendor").unwrap_or("wso2")],
        Key::DisplayName => vec![document.display_name.as_deref().unwrap_or(&api.row.name)],
        Key::Property(name) => {
            let named =
                |property: &&super::document::Property| property.name.to_lowercase() == *name;
            let properties = document.additional_properties.iter().filter(named);
            properties.map(|property| property.value.as_str()).collect()
        }
    }
}
