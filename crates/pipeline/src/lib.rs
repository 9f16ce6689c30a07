//! Phantom Gateway: pipeline.
