//! The key file, and encryption with what is in it: XChaCha20-Poly1305, a nonce from the operating system each time.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use rand::TryRng;
use rand::rngs::SysRng;

use crate::private;

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

/// Why the key file cannot be used. Never shows what is in it.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// Others than its owner may read it.
    #[error(
        "others may read the key file {0}: run `chmod 600` on it, and replace every secret if somebody did"
    )]
    OpenToOthers(PathBuf),
    /// There are secrets, but the key they were encrypted with is gone.
    #[error(
        "the key file {0} is missing, but there are secrets encrypted with it: restore it from a backup"
    )]
    Missing(PathBuf),
    /// It holds something else.
    #[error("the key file {0} holds no key: 64 hexadecimal digits were expected")]
    NoKey(PathBuf),
    /// The file cannot be read or written.
    #[error("the key file {path} cannot be used")]
    File {
        /// Which one.
        path: PathBuf,
        /// The system's own words.
        source: io::Error,
    },
}

/// The key. `Debug` shows nothing of it.
#[derive(Clone)]
pub(super) struct SecretKey(XChaCha20Poly1305);

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey")
    }
}

/// Why something cannot be encrypted or decrypted; which of the two says the caller.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct NotOurs;

impl SecretKey {
    /// Reads the key, or makes one if there is none and nothing was encrypted yet.
    pub(super) fn open(path: &Path, already_used: bool) -> Result<Self, KeyFileError> {
        let failed = |source| KeyFileError::File {
            path: path.to_owned(),
            source,
        };
        if !path.try_exists().map_err(failed)? {
            if already_used {
                return Err(KeyFileError::Missing(path.to_owned()));
            }
            create(path).map_err(failed)?;
        }
        if private::is_open_to_others(path).map_err(failed)? {
            return Err(KeyFileError::OpenToOthers(path.to_owned()));
        }
        let text = std::fs::read(path).map_err(failed)?;
        let no_key = || KeyFileError::NoKey(path.to_owned());
        let bytes = hex::decode(text.trim_ascii()).map_err(|_| no_key())?;
        let cipher = XChaCha20Poly1305::new_from_slice(&bytes).map_err(|_| no_key())?;
        Ok(Self(cipher))
    }

    /// Encrypts. `bound_to` must be the same to decrypt.
    pub(super) fn seal(&self, plain: &[u8], bound_to: &str) -> Result<Vec<u8>, NotOurs> {
        let mut nonce = [0; NONCE_BYTES];
        SysRng.try_fill_bytes(&mut nonce).map_err(|_| NotOurs)?;
        let payload = Payload {
            msg: plain,
            aad: bound_to.as_bytes(),
        };
        let sealed = self.0.encrypt(&XNonce::from(nonce), payload);
        let mut all = nonce.to_vec();
        all.extend(sealed.map_err(|_| NotOurs)?);
        Ok(all)
    }

    /// Decrypts what `seal` made with this key for the same purpose.
    pub(super) fn open_sealed(&self, sealed: &[u8], bound_to: &str) -> Result<Vec<u8>, NotOurs> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or(NotOurs)?;
        let payload = Payload {
            msg: sealed,
            aad: bound_to.as_bytes(),
        };
        let plain = self.0.decrypt(&XNonce::from(*nonce), payload);
        plain.map_err(|_| NotOurs)
    }
}

/// Written beside and renamed: a key file is never half a key.
fn create(path: &Path) -> io::Result<()> {
    let mut key = [0; KEY_BYTES];
    SysRng
        .try_fill_bytes(&mut key)
        .map_err(|_| io::Error::other("the operating system gives no random bytes"))?;
    let text = format!("{}\n", hex::encode(key));
    private::replace(path, text.as_bytes())
}
