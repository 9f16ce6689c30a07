//! Phantom Gateway: oauth.
