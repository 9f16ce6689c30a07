//! The pages of the admin.

mod audit;
mod deny_policies;
mod key_manager_test;
mod key_managers;
mod policies;
mod users;
