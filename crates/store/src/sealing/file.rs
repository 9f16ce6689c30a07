//! A whole file, sealed piece by piece, so that neither its writer nor its reader holds it all: what
//! it is and of which form stands in front, and is authenticated with each piece.
//!
//! ```text
//! "PHANTOM-SEALED" | form: 1 byte | key id: 8 | salt: 32 | pieces
//! piece: ciphertext of 64 KiB, in the last one of as many or fewer | tag: 16
//! ```
//!
//! Each file has a key of its own, by its salt. The nonce of a piece is its number (11 bytes,
//! big-endian) and whether it is the last (1), so pieces that are missing, moved or cut off are found.

use std::io;
use std::io::Read;
use std::io::Write;

use aws_lc_rs::aead::AES_256_GCM;
use aws_lc_rs::aead::Aad;
use aws_lc_rs::aead::LessSafeKey;
use aws_lc_rs::aead::NONCE_LEN;
use aws_lc_rs::aead::Nonce;
use aws_lc_rs::aead::UnboundKey;
use aws_lc_rs::rand;
use zeroize::Zeroizing;

use super::SealingKey;

const MARK: &[u8] = b"PHANTOM-SEALED";
const FORM: u8 = 2;
const KEY_ID: usize = 8;
const SALT: usize = 32;
const HEAD: usize = MARK.len() + 1 + KEY_ID + SALT;
const PIECE: usize = 64 * 1024;
const TAG: usize = 16;

/// Why a sealed file is not opened, or none made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealedFileError {
    /// Its first bytes are others.
    #[error("it is not a sealed file")]
    NotSealed,
    /// By another version of the program.
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

impl SealedFileError {
    /// The one that an error of [`SealedReader`] or [`SealedWriter`] holds; none where the file itself
    /// could not be read or written.
    #[must_use]
    pub fn in_error(error: &io::Error) -> Option<Self> {
        error.get_ref().and_then(|inner| inner.downcast_ref()).copied()
    }
}

impl From<SealedFileError> for io::Error {
    fn from(error: SealedFileError) -> Self {
        Self::other(error)
    }
}

impl SealingKey {
    /// Seals what is written, into that file; opened for the same purpose alone.
    ///
    /// # Errors
    ///
    /// Those of the file; [`SealedFileError::Unsealable`] in one.
    pub fn seal_file<W: Write>(&self, purpose: &str, mut file: W) -> io::Result<SealedWriter<W>> {
        let mut salt = [0; SALT];
        rand::fill(&mut salt).map_err(|_| SealedFileError::Unsealable)?;
        let head = [MARK, &[FORM], self.0.id.as_bytes(), &salt].concat();
        file.write_all(&head)?;
        let pieces = Pieces::new(self, &head, purpose).ok_or(SealedFileError::Unsealable)?;
        Ok(SealedWriter { file, pieces, piece: Zeroizing::new(Vec::with_capacity(PIECE + TAG)) })
    }

    /// Opens that file, if it was sealed with this key and for this purpose.
    ///
    /// # Errors
    ///
    /// Those of the file; a [`SealedFileError`] in one.
    pub fn open_file<R: Read>(&self, purpose: &str, mut file: R) -> io::Result<SealedReader<R>> {
        let mut head = Vec::with_capacity(HEAD);
        file.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
        let rest = head.strip_prefix(MARK).ok_or(SealedFileError::NotSealed)?;
        match rest.first() {
            Some(&FORM) => {}
            Some(&other) => return Err(SealedFileError::Form(other).into()),
            None => return Err(SealedFileError::NotSealed.into()),
        }
        let id = rest.get(1..=KEY_ID).ok_or(SealedFileError::Damaged)?;
        if id != self.0.id.as_bytes() {
            return Err(SealedFileError::OtherKey.into());
        }
        if head.len() < HEAD {
            return Err(SealedFileError::Damaged.into());
        }
        let pieces = Pieces::new(self, &head, purpose).ok_or(SealedFileError::Damaged)?;
        let (piece, next) = (Zeroizing::new(Vec::new()), Vec::new());
        let mut reader = SealedReader { file, pieces, piece, read: 0, next, ended: false };
        reader.next = reader.sealed_piece()?;
        Ok(reader)
    }
}

/// What is written is sealed only once it is [`finish`](Self::finish)ed: without, it does not open.
#[derive(Debug)]
pub struct SealedWriter<W> {
    file: W,
    pieces: Pieces,
    /// What is not sealed yet.
    piece: Zeroizing<Vec<u8>>,
}

impl<W: Write> SealedWriter<W> {
    /// Seals the last piece, and gives the file back.
    ///
    /// # Errors
    ///
    /// Those of the file.
    pub fn finish(mut self) -> io::Result<W> {
        self.seal_piece(true)?;
        self.file.flush()?;
        Ok(self.file)
    }

    fn seal_piece(&mut self, last: bool) -> io::Result<()> {
        let (nonce, aad) = self.pieces.next(last).ok_or(SealedFileError::Unsealable)?;
        let sealed = self.pieces.key.seal_in_place_append_tag(nonce, aad, &mut *self.piece);
        sealed.map_err(|_| SealedFileError::Unsealable)?;
        self.file.write_all(&self.piece)?;
        self.piece.clear();
        Ok(())
    }
}

impl<W: Write> Write for SealedWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full piece waits until it is known not to be the last.
        if self.piece.len() == PIECE && !bytes.is_empty() {
            self.seal_piece(false)?;
        }
        let room = PIECE - self.piece.len();
        let taken = bytes.get(..room).unwrap_or(bytes);
        self.piece.extend_from_slice(taken);
        Ok(taken.len())
    }

    /// A piece is as long as it is: nothing goes out before.
    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Gives out what has been authenticated; whoever takes it as a whole reads to the end.
#[derive(Debug)]
pub struct SealedReader<R> {
    file: R,
    pieces: Pieces,
    /// Opened, and how much of it was read.
    piece: Zeroizing<Vec<u8>>,
    read: usize,
    /// Still sealed; without another behind it it is the last.
    next: Vec<u8>,
    ended: bool,
}

impl<R: Read> SealedReader<R> {
    fn sealed_piece(&mut self) -> io::Result<Vec<u8>> {
        let mut sealed = Vec::with_capacity(PIECE + TAG);
        self.file.by_ref().take((PIECE + TAG) as u64).read_to_end(&mut sealed)?;
        Ok(sealed)
    }

    fn open_piece(&mut self) -> io::Result<()> {
        let after = self.sealed_piece()?;
        let last = after.is_empty();
        let (nonce, aad) = self.pieces.next(last).ok_or(SealedFileError::Damaged)?;
        let mut piece = Zeroizing::new(std::mem::replace(&mut self.next, after));
        let opened = self.pieces.key.open_in_place(nonce, aad, &mut piece);
        let length = opened.map_err(|_| SealedFileError::Damaged)?.len();
        piece.truncate(length);
        (self.piece, self.read, self.ended) = (piece, 0, last);
        Ok(())
    }
}

impl<R: Read> Read for SealedReader<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.read == self.piece.len() && !self.ended {
            self.open_piece()?;
        }
        let mut rest = self.piece.get(self.read..).unwrap_or_default();
        let taken = rest.read(into)?;
        self.read += taken;
        Ok(taken)
    }
}

/// The key of a file, and its pieces in their order.
struct Pieces {
    key: LessSafeKey,
    bound_to: Vec<u8>,
    number: u64,
}

impl Pieces {
    /// The head has one length, so no two pairs of it and a purpose give the same bytes.
    fn new(key: &SealingKey, head: &[u8], purpose: &str) -> Option<Self> {
        let salt = head.get(HEAD - SALT..)?;
        let info = [&b"sealed file"[..], salt];
        let key: UnboundKey = key.0.secret.expand(&info, &AES_256_GCM).ok()?.into();
        let bound_to = [head, purpose.as_bytes()].concat();
        Some(Self { key: LessSafeKey::new(key), bound_to, number: 0 })
    }

    fn next(&mut self, last: bool) -> Option<(Nonce, Aad<Vec<u8>>)> {
        let mut nonce = [0; NONCE_LEN];
        nonce.get_mut(3..11)?.copy_from_slice(&self.number.to_be_bytes());
        *nonce.last_mut()? = u8::from(last);
        self.number = self.number.checked_add(1)?;
        Some((Nonce::assume_unique_for_key(nonce), Aad::from(self.bound_to.clone())))
    }
}

impl std::fmt::Debug for Pieces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pieces").field("number", &self.number).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
