//! Phantom Gateway: cache.
