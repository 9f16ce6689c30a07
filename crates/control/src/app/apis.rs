//! APIs: their stored document, rules, and what of them is published.

pub mod document;
