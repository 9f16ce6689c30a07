//! The pages, asked as a browser does: over the router, with a store in a temporary directory.

mod admin;
mod devportal;
mod session;
mod support;
mod workbench;
