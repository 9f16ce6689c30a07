//! Phantom Gateway: testkit.
