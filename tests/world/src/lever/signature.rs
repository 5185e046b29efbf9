//! How Lever signs a webhook: HMAC-SHA256 over token and time, keyed by the signing token's text.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The signature of a delivery in lower-case hex.
///
/// The message is `token` directly followed by `triggered_at` in decimal; the key is the text of
/// `signing_token`, not what its hex digits stand for. Source: Lever API reference, section 1.3.
pub fn sign(signing_token: &str, token: &str, triggered_at: i64) -> String {
    let message = format!("{token}{triggered_at}");
    hex::encode(digest(signing_token.as_bytes(), message.as_bytes()))
}

fn digest(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNING_TOKEN: &str = "ca554e43cf5e1986336385c3e29d08576c837f6c78cfce56";
    const FIRST: &str = "30f97cf378f784d4244e45413fe42783ee9af5d0f1893d40f742c185199aa2f7";
    const FIRST_TOKEN: &str = "3f8ffa74f6aefb602c7b7bdc93acf85519fd48e3dea10588";

    fn check(token: &str, triggered_at: i64, expected: &str) {
        assert_eq!(sign(SIGNING_TOKEN, token, triggered_at), expected);
    }

    #[test]
    fn the_reference_vectors_are_reproduced() {
        check(FIRST_TOKEN, 1_767_607_215_123, FIRST);
        check(
            "7da1ddd83d9acce0ebf0290e6bfd5c02fa1e5bcb323d5dd8",
            1_767_607_215_160,
            "eaf3efc81e64c6de4a8f3fe712621454ec3e234ea2fb9db75df8f40108cfd427",
        );
        check(
            "b45f9b3382d6fa0ec396aa50e8400706ce5c2990ae6701c0",
            1_767_600_000_000,
            "242eca0a3c2d558bd4ef9649f463a92cffdb4abb0bc8130d320e700e5122d037",
        );
    }

    #[test]
    fn a_hex_decoded_key_gives_another_signature() {
        let key = hex::decode(SIGNING_TOKEN).unwrap();
        let wrong = hex::encode(digest(
            &key,
            format!("{FIRST_TOKEN}1767607215123").as_bytes(),
        ));

        assert_eq!(
            wrong,
            "32e50a3eb8471e6134201410e4a163295ed35e68b6790152106db05d6b15e61d"
        );
        assert_ne!(wrong, FIRST);
    }

    #[test]
    fn another_time_or_token_gives_another_signature() {
        assert_ne!(sign(SIGNING_TOKEN, FIRST_TOKEN, 1_767_607_215_124), FIRST);
        assert_ne!(sign("another key", FIRST_TOKEN, 1_767_607_215_123), FIRST);
    }
}
