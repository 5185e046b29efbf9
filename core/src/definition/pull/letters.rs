//! Half letters: an application that cuts a text in the middle of an emoji writes `\ud83d` alone, which is no JSON.

/// How long `\ud83d` is.
const LENGTH: usize = 6;

/// A document with U+FFFD for every half letter; `None` if there is none.
pub(super) fn whole(document: &[u8]) -> Option<Vec<u8>> {
    let mut mended = document.to_vec();
    let mut found = false;
    let mut at = 0;
    while let Some(byte) = document.get(at) {
        let follows = || unit(document, at + LENGTH);
        let length = match (*byte, unit(document, at)) {
            (b'\\', Some(0xD800..=0xDBFF)) if matches!(follows(), Some(0xDC00..=0xDFFF)) => {
                2 * LENGTH
            }
            (b'\\', Some(0xD800..=0xDFFF)) => {
                if let Some(half) = mended.get_mut(at..at + LENGTH) {
                    half.copy_from_slice(br"\uFFFD");
                }
                found = true;
                LENGTH
            }
            (b'\\', _) => 2,
            _ => 1,
        };
        at += length;
    }
    found.then_some(mended)
}

/// What the `\ud83d` at a place says.
fn unit(document: &[u8], at: usize) -> Option<u16> {
    let digits = document.get(at..at + LENGTH)?.strip_prefix(br"\u")?;
    u16::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_letters_are_replaced_and_whole_ones_are_kept() {
        let check = |text: &str, expect: Option<&str>| {
            let expect = expect.map(|text| text.as_bytes().to_vec());
            assert_eq!(whole(text.as_bytes()), expect, "{text}");
        };

        check(r#"["\ud83d"]"#, Some(r#"["\uFFFD"]"#));
        check(
            r#"["\uDE00 \ud83d\ud83d"]"#,
            Some(r#"["\uFFFD \uFFFD\uFFFD"]"#),
        );
        check(r#"["\ud83d\ude00 \\ud83d \u00e9"]"#, None);
        check(r#"["\ud8"#, None);
    }
}
