//! HTTP/1.1 on the wire, strict: heads, body framing, and the loop that serves a connection.

pub mod body;
pub mod connection;
pub mod request;
