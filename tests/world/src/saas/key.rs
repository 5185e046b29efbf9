//! Keys that sign tokens, and what verifies them.

use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair,
    RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

/// A key pair, or a shared secret.
#[derive(Clone)]
pub struct SigningKey {
    algorithm: &'static str,
    private: String,
    public: Arc<Vec<u8>>,
}

impl SigningKey {
    /// A new RSA key, for RS256.
    pub fn rsa() -> Self {
        let pair = RsaPair::generate(KeySize::Rsa2048).expect("a key can be made");
        let der: Pkcs8V1Der<'_> = pair.as_der().expect("a key can be written");
        Self {
            algorithm: "RS256",
            private: pem(der.as_ref()),
            public: Arc::new(pair.public_key().as_ref().to_vec()),
        }
    }

    /// A new key on P-256, for ES256.
    pub fn elliptic() -> Self {
        let signing = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let der = EcdsaKeyPair::generate_pkcs8(signing, &SystemRandom::new());
        let der = der.expect("a key can be made");
        let pair = EcdsaKeyPair::from_pkcs8(signing, der.as_ref()).expect("it can be read");
        Self {
            algorithm: "ES256",
            private: pem(der.as_ref()),
            public: Arc::new(pair.public_key().as_ref().to_vec()),
        }
    }

    /// A shared secret, for HS256.
    pub fn shared(secret: &str) -> Self {
        Self {
            algorithm: "HS256",
            private: secret.to_owned(),
            public: Arc::new(secret.as_bytes().to_vec()),
        }
    }

    /// The private key as PEM, or the shared secret.
    pub fn private(&self) -> &str {
        &self.private
    }

    /// A token of this type (`JWT`, `at+jwt`) with these claims, signed by a key on P-256; none for other keys.
    pub fn sign(&self, kind: &str, claims: &Value) -> Option<String> {
        if self.algorithm != "ES256" {
            return None;
        }
        let is_key = |line: &&str| !line.starts_with('-');
        let key: String = self.private.lines().filter(is_key).collect();
        let der = STANDARD.decode(key).ok()?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der).ok()?;
        let header = json!({ "alg": self.algorithm, "typ": kind });
        let part = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let text = format!("{}.{}", part(&header), part(claims));
        let signature = pair.sign(&SystemRandom::new(), text.as_bytes()).ok()?;
        let signature = URL_SAFE_NO_PAD.encode(signature.as_ref());
        Some(format!("{text}.{signature}"))
    }

    /// The public part of a key on P-256, as a provider publishes it; none for other keys.
    pub fn jwk(&self) -> Option<Value> {
        if self.algorithm != "ES256" {
            return None;
        }
        // Uncompressed: a 4, then both coordinates.
        let (x, y) = self.public.get(1..)?.split_at_checked(32)?;
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        Some(json!({ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "x": x, "y": y }))
    }

    /// The claims of a token that this key signed.
    pub fn claims(&self, token: &str) -> Option<Value> {
        let (text, signature) = token.rsplit_once('.')?;
        let (header, claims) = text.split_once('.')?;
        let header: Value = decode(header)?;
        if header.get("alg")?.as_str()? != self.algorithm {
            return None;
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let public = self.public.as_slice();
        let valid = match self.algorithm {
            "RS256" => UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public)
                .verify(text.as_bytes(), &signature)
                .is_ok(),
            "ES256" => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public)
                .verify(text.as_bytes(), &signature)
                .is_ok(),
            _ => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, public);
                hmac::verify(&key, text.as_bytes(), &signature).is_ok()
            }
        };
        if valid { decode(claims) } else { None }
    }
}

fn decode(part: &str) -> Option<Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut lines = vec!["-----BEGIN PRIVATE KEY-----".to_owned()];
    let chars: Vec<char> = text.chars().collect();
    lines.extend(chars.chunks(64).map(|line| line.iter().collect()));
    lines.push("-----END PRIVATE KEY-----\n".to_owned());
    lines.join("\n")
}
