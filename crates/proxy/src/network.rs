//! Where connections to backends come from.

#[derive(Clone, Debug, Default)]
pub(crate) enum Network {
    #[default]
    Tcp,
    /// Backends of the model.
    #[cfg(test)]
    Model(crate::model::backend::Backends),
}
