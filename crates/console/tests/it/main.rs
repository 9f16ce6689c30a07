//! The pages, asked as a browser does: over the router, with a store in a temporary directory.

mod admin;
mod devportal;
mod explain;
mod home;
mod live;
mod own_traffic;
mod publisher;
mod search;
mod session;
mod support;
mod traffic;
mod workbench;
