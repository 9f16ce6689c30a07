//! The pages of the admin.

mod key_manager_test;
mod key_managers;
