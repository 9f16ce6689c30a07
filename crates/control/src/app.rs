//! The rules of the control plane: one file or folder per resource.

pub mod apis;
pub mod search;
