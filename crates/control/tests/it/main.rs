//! The control plane over its REST APIs, on a real store. Every answer is held against WSO2's
//! description and our own.

mod admin;
mod authorization;
mod conventions;
mod dcr;
mod devportal;
mod following;
mod oauth2;
mod own;
mod publisher;
mod refresh;
mod revocations;
mod scopes;
mod sign_in;
mod support;
mod unenforced;
