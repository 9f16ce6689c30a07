//! Every read twice: on [`Store`](crate::Store), from the pool of readers, and on
//! [`Write`](crate::Write), inside the transaction, to check before writing.

/// Declares the reads of an entity. Each names a function `(&mut Session, ..)` of its module.
macro_rules! reads {
    ($( $(#[$doc:meta])* fn $name:ident($($argument:ident: $type:ty),*) -> $answer:ty; )*) => {
        impl $crate::Store {
            $(
                $(#[$doc])*
                pub async fn $name(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
                    let mut session = self.read().await?;
                    $name(&mut session, $($argument),*).await
                }
            )*
        }

        impl $crate::Write {
            $(
                $(#[$doc])*
                pub async fn $name(&mut self, $($argument: $type),*) -> Result<$answer, StoreError> {
                    $name(&mut self.session, $($argument),*).await
                }
            )*
        }
    };
}
pub(crate) use reads;
