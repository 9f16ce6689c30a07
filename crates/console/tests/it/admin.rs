//! The pages of the admin.

mod key_managers;
