//! Secrets, masked by value in every text that leaves.

use std::fmt;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use url::form_urlencoded;

/// Values shorter than this would mask half the alphabet.
const SHORTEST: usize = 4;
/// The longest text of a remote that is passed on, in characters.
const LONGEST: usize = 500;
/// What stands instead of a secret.
const STARS: &str = "***";

/// Values that must not be seen. `Debug` shows how many.
#[derive(Clone, Default)]
pub struct Mask {
    /// Longest first, so that a part of a secret does not hide the rest of it.
    values: Vec<String>,
}

impl Mask {
    /// Adds values, also as they look in a URL; those shorter than four characters are left out.
    #[must_use]
    pub fn with<T: AsRef<str>>(mut self, values: impl IntoIterator<Item = T>) -> Self {
        for value in values {
            let value = value.as_ref().trim();
            if value.chars().count() < SHORTEST {
                continue;
            }
            let encoded = utf8_percent_encode(value, NON_ALPHANUMERIC).to_string();
            let in_a_form = form_urlencoded::byte_serialize(value.as_bytes()).collect();
            let quoted = serde_json::Value::from(value).to_string();
            let in_json = quoted.get(1..quoted.len().saturating_sub(1));
            let in_json = in_json.unwrap_or_default().to_owned();
            self.values
                .extend([value.to_owned(), encoded, in_a_form, in_json]);
        }
        self.values
            .sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        self.values.dedup();
        self
    }

    /// Both.
    #[must_use]
    pub fn and(self, other: &Self) -> Self {
        self.with(&other.values)
    }

    /// Are all values of the other one here already?
    #[must_use]
    pub fn knows(&self, other: &Self) -> bool {
        other.values.iter().all(|value| self.values.contains(value))
    }

    /// The text without any of the values.
    #[must_use]
    pub fn apply(&self, text: &str) -> String {
        self.values.iter().fold(text.to_owned(), |text, value| {
            if text.contains(value.as_str()) {
                text.replace(value.as_str(), STARS)
            } else {
                text
            }
        })
    }

    /// A remote's own words as they may be passed on: masked, without control characters and e-mail addresses, bounded.
    #[must_use]
    pub fn clean(&self, text: &str) -> String {
        // Cut only after masking, lest half a secret remains; but bound the work.
        let text: String = text.chars().take(LONGEST * 16).collect();
        let words: Vec<String> = self
            .apply(&text)
            .split(|c: char| c.is_whitespace() || c.is_control())
            .filter(|word| !word.is_empty())
            .map(|word| without_address(word).to_owned())
            .collect();
        words.join(" ").chars().take(LONGEST).collect()
    }
}

fn without_address(word: &str) -> &str {
    let is_address = word
        .split_once('@')
        .is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty());
    if is_address { STARS } else { word }
}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mask({} values)", self.values.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_secret_is_masked_wherever_it_stands() {
        let mask = Mask::default().with(["s3cret", "s3cret-longer", "abc"]);

        assert_eq!(
            mask.apply("a s3cret, s3cret-longer and abc"),
            "a ***, *** and abc"
        );
    }

    #[test]
    fn a_secret_is_masked_as_it_looks_in_a_url_too() {
        let mask = Mask::default().with(["a/b c"]);

        assert_eq!(mask.apply("GET /?key=a%2Fb%20c"), "GET /?key=***");
    }

    #[test]
    fn a_secret_is_masked_as_it_looks_in_json_too() {
        let mask = Mask::default().with(["a\"b\\c"]);

        assert_eq!(mask.apply(r#"{"key":"a\"b\\c"}"#), r#"{"key":"***"}"#);
    }

    #[test]
    fn a_remote_s_words_lose_control_characters_addresses_and_length() {
        let mask = Mask::default();

        assert_eq!(
            mask.clean("user \u{1b}[31mada@contoso.example\r\n exists"),
            "user *** exists"
        );
        assert_eq!(mask.clean(&"x".repeat(9_999)).len(), 500);
    }

    proptest! {
        #[test]
        fn no_masked_text_contains_a_secret(secret in "[a-z0-9/+=]{4,20}", before in ".{0,20}", after in ".{0,20}") {
            let text = format!("{before}{secret}{after}");
            let masked = Mask::default().with([&secret]).apply(&text);
            prop_assert!(!masked.contains(&secret));
        }
    }
}
