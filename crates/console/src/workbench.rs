//! The workbench.
use crate::pages::Pages;
pub(crate) fn pages(pages: Pages) -> Pages {
    pages
}
