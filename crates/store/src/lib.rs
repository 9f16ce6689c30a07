//! What the control plane keeps.
