//! The data plane over real sockets: raw bytes in, raw bytes out.

mod answers;
mod backend_causes;
mod behind;
mod connections;
mod forwarding;
mod framing;
mod harness;
mod http2;
mod http2_streams;
mod in_step;
mod managed;
mod normalizer;
mod static_files;
mod streaming;
mod tls;
