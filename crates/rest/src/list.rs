//! Lists: the envelope, its pages, and the links between them.

use form_urlencoded::Serializer;
use phantom_terms::page::Page;
use phantom_terms::refusal::Refusal;
use serde::Deserialize;
use serde::Serialize;
use utoipa::IntoParams;
use utoipa::ToSchema;

use crate::problem::Answer;

/// Longest page given.
const MAX_LIMIT: u64 = 1000;

/// A page of a list. Nothing before `list` is called `id`: scripts take the first they see.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PagedList<T: ToSchema> {
    /// Entries on this page.
    pub count: usize,
    pub list: Vec<T>,
    pub pagination: Pagination,
}

/// A list that is always whole.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct WholeList<T: ToSchema> {
    pub count: usize,
    pub list: Vec<T>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Pagination {
    pub offset: u64,
    pub limit: u64,
    /// Entries on all pages.
    pub total: u64,
    /// Relative to the API's base path; empty at the end.
    pub next: String,
    pub previous: String,
}

/// `limit` and `offset` as asked for.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageRequest {
    /// Entries wanted, at most 1000.
    #[param(minimum = 0, maximum = 1000, default = 25)]
    pub limit: Option<u64>,
    #[param(minimum = 0, default = 0)]
    pub offset: Option<u64>,
}

impl PageRequest {
    pub fn page(self) -> Answer<Page> {
        let (limit, offset) = (self.limit.unwrap_or(25), self.offset.unwrap_or(0));
        if limit > MAX_LIMIT {
            return Err(Refusal::invalid(format!("limit: at most {MAX_LIMIT}")).into());
        }
        if offset > i64::MAX as u64 {
            return Err(Refusal::invalid("offset: too large").into());
        }
        Ok(Page { limit, offset })
    }
}

impl<T: ToSchema> PagedList<T> {
    /// `path` and `parameters` make the links; parameters without a value are left out.
    pub fn new(
        list: Vec<T>,
        total: u64,
        page: Page,
        path: &str,
        parameters: &[(&str, Option<&str>)],
    ) -> Self {
        let link = |offset: u64| {
            let mut query = Serializer::new(String::new());
            query.append_pair("limit", &page.limit.to_string());
            query.append_pair("offset", &offset.to_string());
            for (name, value) in parameters {
                if let Some(value) = value {
                    query.append_pair(name, value);
                }
            }
            format!("{path}?{}", query.finish())
        };
        let Page { limit, offset } = page;
        let end = offset.saturating_add(limit);
        let pagination = Pagination {
            offset,
            limit,
            total,
            next: if limit > 0 && end < total { link(end) } else { String::new() },
            previous: match offset {
                0 => String::new(),
                offset => link(offset.saturating_sub(limit)),
            },
        };
        Self { count: list.len(), list, pagination }
    }
}

impl<T: ToSchema> WholeList<T> {
    #[must_use]
    pub fn new(list: Vec<T>) -> Self {
        Self { count: list.len(), list }
    }
}
