//! APIs as their owners look through them: each with what became of it.

use phantom_access::plane::Control;
use phantom_access::plane::Means;
use phantom_terms::page::Page;
use phantom_terms::refusal::Outcome;
use phantom_terms::search::ApiQuery;

use super::Api;
use super::find;
use crate::revisions::ENVIRONMENT;

#[derive(Clone, Debug)]
pub struct Listed {
    pub api: Api,
    pub is_deployed: bool,
    /// Applications that are subscribed.
    pub subscribers: u64,
}

/// One page of what [`find`] finds, and how many there are in all.
pub async fn listed(
    control: &Control,
    query: &ApiQuery,
    page: Page,
) -> Outcome<(Vec<Listed>, u64)> {
    let (apis, total) = find(control, query, page).await?;
    let mut list = Vec::with_capacity(apis.len());
    for api in apis {
        let id = api.row.id;
        let is_deployed = control.store().deployment(id, ENVIRONMENT).await?.is_some();
        let subscribers = control.store().subscriber_count(id).await?;
        list.push(Listed { api, is_deployed, subscribers });
    }
    Ok((list, total))
}
