//! What an answer must not have more of, told from its bytes before anything is made of them.

/// More values in one answer take more memory than its bytes let expect.
const MOST_VALUES: usize = 5_000_000;
/// Levels that are not read any more.
const TOO_DEEP: usize = 128;
/// How many bytes are looked at together: a row after the other opens fewer levels in them than are too deep.
const TOGETHER: usize = 512;

/// Refuses what is too much.
pub(super) fn check(bytes: &[u8]) -> Result<(), String> {
    if is_crowded(bytes) {
        return Err(format!(
            "the answer has more than {MOST_VALUES} values: ask for smaller pages"
        ));
    }
    // A web page may have whatever brackets it likes, and is told apart later.
    let is_json = matches!(bytes.trim_ascii_start().first(), Some(b'[' | b'{'));
    if is_json && may_be_too_deep(bytes) && depth(bytes) >= TOO_DEEP {
        return Err(format!(
            "the answer is nested {TOO_DEEP} levels deep or deeper, which is not read"
        ));
    }
    Ok(())
}

/// Counted only where there can be so many.
fn is_crowded(bytes: &[u8]) -> bool {
    // Each value but the first has one of these before it, and is two bytes together with what separates it.
    let begins = |byte: &&u8| matches!(**byte, b',' | b'[' | b'{');
    bytes.len() > 2 * MOST_VALUES && bytes.iter().filter(begins).count() > MOST_VALUES
}

/// A look that costs nothing, before the one that counts: brackets in texts count too.
fn may_be_too_deep(bytes: &[u8]) -> bool {
    let mut depth = 0_usize;
    bytes.chunks(TOGETHER).any(|part| {
        let opened = part.iter().filter(|byte| matches!(**byte, b'[' | b'{'));
        let closed = part.iter().filter(|byte| matches!(**byte, b']' | b'}'));
        let deepest = depth + opened.count();
        depth = deepest.saturating_sub(closed.count());
        deepest >= TOO_DEEP
    })
}

/// How deep it is nested.
fn depth(bytes: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0_usize);
    let mut bytes = bytes.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'"' => {
                // To the end of the text.
                while let Some(byte) = bytes.next() {
                    match byte {
                        b'"' => break,
                        b'\\' => {
                            bytes.next();
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_counted_and_brackets_of_texts_are_not() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let text = format!(r#"{{"a":"\"{}"}}"#, "[".repeat(1_000));
        let rows = format!("[{}[]]", "[],".repeat(1_000));

        assert!(check(nested(127).as_bytes()).is_ok());
        assert!(check(nested(128).as_bytes()).is_err());
        assert!(check(text.as_bytes()).is_ok());
        assert!(check(rows.as_bytes()).is_ok());
    }
}
