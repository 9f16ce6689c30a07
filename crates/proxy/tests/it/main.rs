//! The data plane over real sockets: raw bytes in, raw bytes out.

mod answers;
mod backend_causes;
mod behind;
mod bounds;
mod connections;
mod forwarding;
mod framing;
mod harness;
mod http2;
mod http2_streams;
mod in_step;
mod lines;
mod managed;
mod metrics;
mod normalizer;
mod request_id;
mod static_files;
mod streaming;
mod tls;
