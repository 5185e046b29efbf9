//! Names and work addresses: Lever knows one name and no work address, so both are made here (L28); and which addresses
//! are one mailbox (L3).

use deunicode::deunicode;

use crate::person::CanonicalEmail;

/// A name as Lever has it, in two parts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Split {
    /// First word, and the rest; particles stay with the last name.
    Parts {
        /// The first word.
        first: String,
        /// All else; none for a name of one word.
        last: Option<String>,
    },
    /// Written family-first without blanks: a human has to say.
    Unclear,
}

/// Splits a name.
#[must_use]
pub fn split_name(name: &str) -> Split {
    let mut words = name.split_whitespace();
    let Some(first) = words.next() else {
        return Split::Unclear;
    };
    let rest: Vec<&str> = words.collect();
    if rest.is_empty() && first.chars().any(is_cjk) {
        return Split::Unclear;
    }
    let last = (!rest.is_empty()).then(|| rest.join(" "));
    Split::Parts {
        first: first.to_owned(),
        last,
    }
}

fn is_cjk(c: char) -> bool {
    matches!(u32::from(c), 0x3040..=0x30ff | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xac00..=0xd7af | 0xf900..=0xfaff | 0x20000..=0x2ffff)
}

/// A part of a name as it can stand in an address: transliterated, lower case, letters, digits and inner `-`.
#[must_use]
pub fn plain(part: &str) -> String {
    let german = part
        .replace(['ä', 'Ä'], "ae")
        .replace(['ö', 'Ö'], "oe")
        .replace(['ü', 'Ü'], "ue");
    let text = deunicode(&german).to_lowercase();
    let kept: String = text
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
        .collect();
    kept.trim_matches('-').to_owned()
}

/// The address of a number: `ada.park@…`, `ada.park2@…`, `ada.park3@…`. None if nothing is left of the name.
#[must_use]
pub fn numbered(address: &str, number: u32) -> Option<String> {
    let (local, domain) = address.rsplit_once('@')?;
    let mut tidy = String::with_capacity(local.len());
    for c in local
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
    {
        // No two dots in a row, as an empty part would leave.
        if c != '.' || !(tidy.is_empty() || tidy.ends_with('.')) {
            tidy.push(c);
        }
    }
    let tidy = tidy.trim_matches(['.', '-', '_']);
    // 64 is what a local part may have; room is left for the number.
    let tidy: String = tidy.chars().take(60).collect();
    if tidy.is_empty() || domain.is_empty() {
        return None;
    }
    let suffix = if number < 2 {
        String::new()
    } else {
        number.to_string()
    };
    Some(format!("{tidy}{suffix}@{domain}"))
}

/// Providers of personal addresses that deliver `ada+x@` to the mailbox of `ada@`.
const TAGS_IGNORED: [&str; 12] = [
    "fastmail.com",
    "gmail.com",
    "hotmail.com",
    "icloud.com",
    "live.com",
    "mac.com",
    "me.com",
    "msn.com",
    "outlook.com",
    "pm.me",
    "proton.me",
    "protonmail.com",
];

/// Is it one mailbox whatever tag it is given with, as far as its provider is known?
#[must_use]
pub fn ignores_tags(email: &CanonicalEmail) -> bool {
    let domain = email.as_str().rsplit('@').next().unwrap_or_default();
    TAGS_IGNORED.contains(&domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, first: &str, last: Option<&str>) {
        let parts = Split::Parts {
            first: first.into(),
            last: last.map(Into::into),
        };
        assert_eq!(split_name(name), parts, "{name}");
    }

    #[test]
    fn a_name_is_its_first_word_and_the_rest() {
        check(" Ada  Park ", "Ada", Some("Park"));
        check("Ilse van der Berg", "Ilse", Some("van der Berg"));
        check("Suharto", "Suharto", None);
        check("金 城武", "金", Some("城武"));
    }

    #[test]
    fn a_name_written_family_first_waits_for_a_human() {
        assert_eq!(split_name("王小明"), Split::Unclear);
        assert_eq!(split_name("  "), Split::Unclear);
    }

    #[test]
    fn names_are_transliterated() {
        for (name, expect) in [
            ("Jürgen", "juergen"),
            ("Łukasz", "lukasz"),
            ("O'Brien-Smith", "obrien-smith"),
            ("Þór", "thor"),
        ] {
            assert_eq!(plain(name), expect);
        }
    }

    #[test]
    fn tags_are_ignored_only_by_providers_that_are_known_to() {
        for (address, expect) in [
            ("ada+x@googlemail.com", true),
            ("ada@outlook.com", true),
            ("ada+x@contoso.example", false),
            ("ada@gmail.com.example", false),
        ] {
            let email = CanonicalEmail::parse(address).unwrap();
            assert_eq!(ignores_tags(&email), expect, "{address}");
        }
    }

    #[test]
    fn an_address_gets_a_number_and_no_empty_parts() {
        assert_eq!(
            numbered("ada.park@c.example", 1).as_deref(),
            Some("ada.park@c.example")
        );
        assert_eq!(
            numbered("ada.park@c.example", 2).as_deref(),
            Some("ada.park2@c.example")
        );
        assert_eq!(
            numbered("suharto.@c.example", 1).as_deref(),
            Some("suharto@c.example")
        );
        assert_eq!(numbered(".@c.example", 1), None);
    }
}
