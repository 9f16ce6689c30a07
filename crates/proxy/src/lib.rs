//! Phantom Gateway: proxy.
