//! Looks at many APIs, a few at a time: their documents are large.

use phantom_store::ApiFilter;
use phantom_store::ApiRow;
use phantom_terms::refusal::Outcome;

use crate::lookup::Source;

const AT_A_TIME: u64 = 200;

/// Every API that matches, by name, provider and version.
pub async fn each(
    source: &mut impl Source,
    mut filter: ApiFilter,
    mut visit: impl FnMut(ApiRow) -> Outcome<()>,
) -> Outcome<()> {
    (filter.limit, filter.offset) = (AT_A_TIME, 0);
    loop {
        let page = source.apis(&filter).await?;
        filter.offset = filter.offset.saturating_add(AT_A_TIME);
        page.rows.into_iter().try_for_each(&mut visit)?;
        if filter.offset >= page.total {
            return Ok(());
        }
    }
}
