//! Signs tokens (RFC 7518), with the same cryptography that TLS uses.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use aws_lc_rs::{hmac, rsa::KeySize};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use sando_core::auth::Algorithm;

/// Why a token cannot be signed. Shows nothing of the key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SignError {
    /// No PEM, or one without a private key.
    #[error(
        "`private_key` is no private key in PEM form (`-----BEGIN PRIVATE KEY-----`), without a password"
    )]
    NoPem,
    /// A key for something else.
    #[error("`private_key` is no key for {0}")]
    OtherKey(&'static str),
    /// Too short to be safe.
    #[error("`private_key` is too short: {0} needs at least {1} bits")]
    TooShort(&'static str, u32),
    /// The library refuses.
    #[error("the token cannot be signed")]
    Failed,
}

/// Signs a text; for HS256 the key is the shared secret itself, else a private key as PEM (PKCS #8, PKCS #1, SEC 1).
///
/// # Errors
/// [`SignError`].
pub fn sign(algorithm: Algorithm, key: &str, text: &str) -> Result<Vec<u8>, SignError> {
    let name = algorithm.as_str();
    match algorithm {
        Algorithm::Hs256 => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
            Ok(hmac::sign(&key, text.as_bytes()).as_ref().to_vec())
        }
        Algorithm::Rs256 => {
            let pair = match pem(key)? {
                PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
                PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
                _ => return Err(SignError::OtherKey(name)),
            };
            let pair = pair.map_err(|_| SignError::OtherKey(name))?;
            if pair.public_modulus_len() < KeySize::Rsa2048.len() {
                return Err(SignError::TooShort(name, 2048));
            }
            let mut signature = vec![0; pair.public_modulus_len()];
            pair.sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                text.as_bytes(),
                &mut signature,
            )
            .map_err(|_| SignError::Failed)?;
            Ok(signature)
        }
        Algorithm::Es256 => {
            let pair = match pem(key)? {
                PrivateKeyDer::Pkcs8(der) => EcdsaKeyPair::from_pkcs8(
                    &ECDSA_P256_SHA256_FIXED_SIGNING,
                    der.secret_pkcs8_der(),
                ),
                PrivateKeyDer::Sec1(der) => EcdsaKeyPair::from_private_key_der(
                    &ECDSA_P256_SHA256_FIXED_SIGNING,
                    der.secret_sec1_der(),
                ),
                _ => return Err(SignError::OtherKey(name)),
            };
            let pair = pair.map_err(|_| SignError::OtherKey(name))?;
            let signature = pair.sign(&SystemRandom::new(), text.as_bytes());
            Ok(signature.map_err(|_| SignError::Failed)?.as_ref().to_vec())
        }
    }
}

/// Reads a key; line breaks that were written as `\n` on their way through JSON are line breaks again.
fn pem(key: &str) -> Result<PrivateKeyDer<'static>, SignError> {
    let text = if key.contains('\n') {
        key.to_owned()
    } else {
        key.replace("\\n", "\n")
    };
    PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|_| SignError::NoPem)
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
    use aws_lc_rs::rsa::KeyPair;
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_FIXED, KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
    };
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

    use super::*;

    fn pem_of(der: &[u8]) -> String {
        let lines = STANDARD.encode(der);
        format!("-----BEGIN PRIVATE KEY-----\n{lines}\n-----END PRIVATE KEY-----\n")
    }

    #[test]
    fn a_shared_secret_signs_as_in_rfc_7515() {
        // Appendix A.1; its key is binary, so the text here is signed with a key of letters and checked against it.
        let text = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UifQ";

        let signature = sign(Algorithm::Hs256, "a-shared-secret", text).unwrap();

        let key = hmac::Key::new(hmac::HMAC_SHA256, b"a-shared-secret");
        assert!(hmac::verify(&key, text.as_bytes(), &signature).is_ok());
        assert_eq!(signature.len(), 32);
    }

    #[test]
    fn an_rsa_key_signs_what_its_public_key_verifies() {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let key = pem_of(der.as_ref());

        let signature = sign(Algorithm::Rs256, &key, "a.b").unwrap();

        let public = UnparsedPublicKey::new(
            &RSA_PKCS1_2048_8192_SHA256,
            pair.public_key().as_ref().to_vec(),
        );
        assert!(public.verify(b"a.b", &signature).is_ok());
        assert!(public.verify(b"a.c", &signature).is_err());
        let in_json = key.trim_end().replace('\n', "\\n");
        assert_eq!(sign(Algorithm::Rs256, &in_json, "a.b").unwrap(), signature);
        assert_eq!(
            sign(Algorithm::Es256, &key, "a.b"),
            Err(SignError::OtherKey("ES256"))
        );
    }

    #[test]
    fn an_elliptic_key_signs_in_the_short_form_that_tokens_have() {
        let der =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
                .unwrap();
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der.as_ref()).unwrap();

        let signature = sign(Algorithm::Es256, &pem_of(der.as_ref()), "a.b").unwrap();

        assert_eq!(signature.len(), 64);
        let public = UnparsedPublicKey::new(
            &ECDSA_P256_SHA256_FIXED,
            pair.public_key().as_ref().to_vec(),
        );
        assert!(public.verify(b"a.b", &signature).is_ok());
    }

    #[test]
    fn what_is_no_key_is_told_without_showing_it() {
        let error = sign(Algorithm::Rs256, "top-secret", "a.b").unwrap_err();

        assert_eq!(error, SignError::NoPem);
        assert!(!error.to_string().contains("top-secret"));
        assert_eq!(URL_SAFE_NO_PAD.encode([0xFB]), "-w");
    }
}
