//! Phantom Gateway: core.
