//! Every read twice: on [`Store`](crate::Store), from the pool of readers, and on
//! [`Write`](crate::Write), inside the transaction, to check before writing.

/// Declares the reads of an entity. One that says what follows the columns and the table, with its
/// arguments bound in their order, is complete; any other names a function `(&mut Session, ..)` of its
/// module.
macro_rules! reads {
    ($(
        $(#[$doc:meta])*
        fn $name:ident($($argument:ident: $type:ty),* $(,)?) -> $answer:ty $(= $rest:literal)?;
    )*) => {
        impl $crate::Store {
            $(
                $(#[$doc])*
                ///
                /// # Errors
                ///
                /// [`StoreError`], as every read may answer.
                pub async fn $name(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
                    let mut session = self.read().await?;
                    $name(&mut session, $($argument),*).await
                }
            )*
        }

        impl $crate::Write {
            $(
                $(#[$doc])*
                ///
                /// # Errors
                ///
                /// [`StoreError`], as every read may answer.
                pub async fn $name(&mut self, $($argument: $type),*) -> Result<$answer, StoreError> {
                    $name(&mut self.session, $($argument),*).await
                }
            )*
        }

        $($crate::read::read! { $name($($argument: $type),*) -> $answer $(= $rest)? })*
    };
}
pub(crate) use reads;

macro_rules! read {
    ($name:ident($($argument:ident: $type:ty),*) -> $answer:ty) => {};
    ($name:ident($($argument:ident: $type:ty),*) -> $answer:ty = $rest:literal) => {
        pub(super) async fn $name(
            session: &mut $crate::session::Session,
            $($argument: $type),*
        ) -> Result<$answer, StoreError> {
            session.ask($rest, $crate::value::values![$($argument),*]).await
        }
    };
}
pub(crate) use read;
