//! What is told of the whole gateway, and can be only where all of it is at hand: the management listener, and
//! the metrics of what stands behind the data plane.

pub mod management;
pub mod metrics;
