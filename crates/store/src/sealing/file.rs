//! A whole file, sealed: what it is and of which form stands in front, and is authenticated with the
//! rest.
//!
//! ```text
//! "PHANTOM-SEALED" | form: 1 byte | key id: 8 | nonce: 12 | ciphertext | tag: 16
//! ```

use aws_lc_rs::aead::AES_256_GCM;
use aws_lc_rs::aead::Aad;
use aws_lc_rs::aead::NONCE_LEN;
use aws_lc_rs::aead::Nonce;
use aws_lc_rs::rand;
use zeroize::Zeroizing;

use super::SealingKey;

const MARK: &[u8] = b"PHANTOM-SEALED";
const FORM: u8 = 1;
const KEY_ID: usize = 8;
const HEAD: usize = MARK.len() + 1 + KEY_ID;

/// Why a sealed file is not opened, or none made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealedFileError {
    /// Its first bytes are others.
    #[error("it is not a sealed file")]
    NotSealed,
    /// By a later program.
    #[error("it is sealed in form {0}, which this program does not know")]
    Form(u8),
    /// Known by the key's id, before anything is opened.
    #[error("it is sealed with another key")]
    OtherKey,
    /// The tag of AES-GCM does not fit.
    #[error("it is cut, changed, or sealed for another purpose")]
    Damaged,
    /// Nothing was made.
    #[error("no random bytes, or too much to seal")]
    Unsealable,
}

impl SealingKey {
    /// Seals the contents; opened for the same purpose alone.
    ///
    /// # Errors
    ///
    /// [`SealedFileError::Unsealable`].
    pub fn seal_file(
        &self,
        purpose: &str,
        contents: &Zeroizing<Vec<u8>>,
    ) -> Result<Vec<u8>, SealedFileError> {
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce).map_err(|_| SealedFileError::Unsealable)?;
        let head = [MARK, &[FORM], self.0.id.as_bytes()].concat();
        let room = head.len() + NONCE_LEN + contents.len() + AES_256_GCM.tag_len();
        // What is not sealed yet stays in its own place, and leaves none behind.
        let mut sealed = Vec::with_capacity(room);
        sealed.extend_from_slice(&head);
        sealed.extend_from_slice(&nonce);
        let body = sealed.len();
        sealed.extend_from_slice(contents);
        let plain = sealed.get_mut(body..).unwrap_or_default();
        let nonce = Nonce::assume_unique_for_key(nonce);
        let aad = bound_to(&head, purpose);
        let tag = self.0.file_key.seal_in_place_separate_tag(nonce, aad, plain);
        let tag = tag.map_err(|_| SealedFileError::Unsealable)?;
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    /// The contents, if they were sealed with this key and for this purpose.
    ///
    /// # Errors
    ///
    /// [`SealedFileError`]; nothing of the contents is given out.
    pub fn open_file(
        &self,
        purpose: &str,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, SealedFileError> {
        let rest = sealed.strip_prefix(MARK).ok_or(SealedFileError::NotSealed)?;
        match rest.first() {
            Some(&FORM) => {}
            Some(&other) => return Err(SealedFileError::Form(other)),
            None => return Err(SealedFileError::NotSealed),
        }
        let (head, rest) = sealed.split_at_checked(HEAD).ok_or(SealedFileError::Damaged)?;
        if !head.ends_with(self.0.id.as_bytes()) {
            return Err(SealedFileError::OtherKey);
        }
        let (nonce, body) = rest.split_at_checked(NONCE_LEN).ok_or(SealedFileError::Damaged)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce);
        let nonce = nonce.map_err(|_| SealedFileError::Damaged)?;
        let mut contents = Zeroizing::new(body.to_vec());
        let opened = self.0.file_key.open_in_place(nonce, bound_to(head, purpose), &mut contents);
        let length = opened.map_err(|_| SealedFileError::Damaged)?.len();
        contents.truncate(length);
        Ok(contents)
    }
}

/// The head has one length, so no two pairs give the same bytes.
fn bound_to(head: &[u8], purpose: &str) -> Aad<Vec<u8>> {
    Aad::from([head, purpose.as_bytes()].concat())
}

#[cfg(test)]
mod tests;
