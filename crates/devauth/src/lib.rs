//! Phantom Gateway: devauth.
