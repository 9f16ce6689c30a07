//! The cache from outside: a scripted authorization server, and a clock turned by hand.

mod answers;
mod carriers;
mod clocks;
mod keys;
mod properties;
mod revocation;
mod sharing;
mod support;
