//! Secrets on one machine: a key file that only its owner may read, and a file of values encrypted with that key.

mod file;
mod key;

pub use file::FileSecrets;
pub use key::KeyFileError;
