//! The third-party authorization server as a process of its own.
