//! Reads the text of a path.

use super::Segment;

/// The longest text of a path, in characters.
const LONGEST: usize = 1_000;
/// The most segments of a path.
const MOST_SEGMENTS: usize = 64;

/// Why a text is no path. Places are characters of the text, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// The text is longer than 1,000 characters.
    #[error("a path has at most {LONGEST} characters")]
    TooLong,
    /// More than 64 segments.
    #[error("a path has at most {MOST_SEGMENTS} segments")]
    TooManySegments,
    /// Two dots in a row, one at the end or one at the beginning.
    #[error("a name is missing at character {at}")]
    NameMissing {
        /// The place.
        at: usize,
    },
    /// A character that cannot stand where it stands.
    #[error("`{found}` is not expected at character {at}")]
    Unexpected {
        /// The place.
        at: usize,
        /// What stands there.
        found: char,
    },
    /// A `[` without its `]`.
    #[error("the bracket opened at character {at} is not closed")]
    NotClosed {
        /// The place of the `[`.
        at: usize,
    },
    /// A text in quotes without the second quote, or with an unknown escape.
    #[error("the quoted text at character {at} is not closed, or has an unknown escape")]
    Quoted {
        /// The place of the first quote.
        at: usize,
    },
    /// Something else between brackets than an index, a quoted key or `field=value`.
    #[error("`[{inside}]` is neither an index, nor a quoted key, nor `[field=value]`")]
    Bracket {
        /// What stands between them.
        inside: String,
    },
    /// `$` that does not begin the path, or is followed by no name.
    #[error("`${name}` is not the name of a kept value")]
    KeptName {
        /// What follows the `$`.
        name: String,
    },
}

/// Compiles the segments of `text`.
pub(super) fn segments(text: &str) -> Result<Vec<Segment>, PathError> {
    let letters: Vec<char> = text.chars().take(LONGEST + 1).collect();
    if letters.len() > LONGEST {
        return Err(PathError::TooLong);
    }
    let mut reader = Reader { letters, at: 0 };
    let mut segments = Vec::new();
    while reader.peek().is_some() {
        reader.segment(&mut segments)?;
        if segments.len() > MOST_SEGMENTS {
            return Err(PathError::TooManySegments);
        }
    }
    Ok(segments)
}

struct Reader {
    letters: Vec<char>,
    at: usize,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.letters.get(self.at).copied()
    }

    /// Takes letters while they please, and gives them as text.
    fn take_while(&mut self, pleases: impl Fn(char) -> bool) -> String {
        let mut taken = String::new();
        while let Some(letter) = self.peek().filter(|letter| pleases(*letter)) {
            taken.push(letter);
            self.at += 1;
        }
        taken
    }

    fn skip_blanks(&mut self) {
        self.take_while(|letter| letter == ' ');
    }

    fn segment(&mut self, segments: &mut Vec<Segment>) -> Result<(), PathError> {
        let first = segments.is_empty();
        match self.peek() {
            Some('[') => {
                segments.push(self.bracket()?);
                Ok(())
            }
            Some('.') if !first => {
                self.at += 1;
                self.name(segments)
            }
            Some(_) if first => self.name(segments),
            Some(found) => Err(PathError::Unexpected {
                at: self.at + 1,
                found,
            }),
            None => Ok(()),
        }
    }

    fn name(&mut self, segments: &mut Vec<Segment>) -> Result<(), PathError> {
        let first = segments.is_empty();
        let start = self.at;
        if first && let Some(keys) = self.scim_urn() {
            segments.extend(keys.into_iter().map(Segment::Key));
            return Ok(());
        }
        let name = self.take_while(|letter| !matches!(letter, '.' | '[' | ']'));
        segments.push(match name.as_str() {
            "" => return Err(PathError::NameMissing { at: start + 1 }),
            "*" => Segment::Each,
            "@key" => Segment::RowKey,
            "@value" => Segment::RowValue,
            _ => match name.strip_prefix('$').filter(|_| first) {
                Some(kept) if is_name(kept) => Segment::Kept(kept.to_owned()),
                Some(kept) => {
                    return Err(PathError::KeptName {
                        name: kept.to_owned(),
                    });
                }
                None => Segment::Key(name),
            },
        });
        Ok(())
    }

    /// A SCIM schema URN at the beginning is one key although its version has a dot; an attribute after it is the next:
    /// `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department`. Source: RFC 7644, 3.10.
    fn scim_urn(&mut self) -> Option<Vec<String>> {
        let start = self.at;
        let rest: String = self.letters.get(start..)?.iter().collect();
        if !rest.get(..4)?.eq_ignore_ascii_case("urn:") {
            return None;
        }
        let mut urn = String::new();
        while let Some(letter) = self.peek() {
            let digit = |index: Option<usize>| {
                let letter = index.and_then(|index| self.letters.get(index));
                letter.is_some_and(char::is_ascii_digit)
            };
            let in_version =
                letter == '.' && digit(self.at.checked_sub(1)) && digit(self.at.checked_add(1));
            if matches!(letter, '.' | '[' | ']') && !in_version {
                break;
            }
            urn.push(letter);
            self.at += 1;
        }
        Some(split_urn(&urn))
    }

    fn bracket(&mut self) -> Result<Segment, PathError> {
        let opened = self.at;
        self.at += 1;
        self.skip_blanks();
        let segment = if self.peek() == Some('"') {
            let key = self.quoted('"')?;
            self.skip_blanks();
            if self.peek() == Some('=') {
                self.filter(vec![key])?
            } else {
                Segment::Key(key)
            }
        } else {
            let inside = self.take_while(|letter| !matches!(letter, ']' | '='));
            let inside = inside.trim();
            if self.peek() == Some('=') {
                let field: Vec<String> = inside.split('.').map(str::to_owned).collect();
                if field.iter().any(String::is_empty) {
                    return Err(PathError::Bracket {
                        inside: format!("{inside}="),
                    });
                }
                self.filter(field)?
            } else if inside == "*" {
                Segment::Each
            } else {
                let wrong = |_| PathError::Bracket {
                    inside: inside.to_owned(),
                };
                Segment::Index(inside.parse().map_err(wrong)?)
            }
        };
        self.skip_blanks();
        match self.peek() {
            Some(']') => {
                self.at += 1;
                Ok(segment)
            }
            Some(found) => Err(PathError::Unexpected {
                at: self.at + 1,
                found,
            }),
            None => Err(PathError::NotClosed { at: opened + 1 }),
        }
    }

    /// Reads `=value`, up to the closing bracket.
    fn filter(&mut self, field: Vec<String>) -> Result<Segment, PathError> {
        let last = field.last().and_then(|key| key.chars().last());
        self.at += 1;
        match (
            last.filter(|last| matches!(last, '!' | '<' | '>' | '~')),
            self.peek(),
        ) {
            (Some(found), _) => {
                return Err(PathError::Unexpected {
                    at: self.at - 1,
                    found,
                });
            }
            (None, Some('=')) => {
                return Err(PathError::Unexpected {
                    at: self.at + 1,
                    found: '=',
                });
            }
            (None, _) => {}
        }
        self.skip_blanks();
        let text = match self.peek() {
            Some(quote @ ('"' | '\'')) => self.quoted(quote)?,
            _ => self
                .take_while(|letter| letter != ']')
                .trim_end()
                .to_owned(),
        };
        Ok(Segment::First { field, text })
    }

    /// Reads a text in quotes; `\"`, `\'`, `\\`, `\/`, `\n`, `\r`, `\t`, `\b`, `\f` and `\u0000` are as in JSON.
    fn quoted(&mut self, quote: char) -> Result<String, PathError> {
        let start = self.at;
        let broken = || PathError::Quoted { at: start + 1 };
        self.at += 1;
        let mut text = String::new();
        loop {
            let letter = self.peek().ok_or_else(broken)?;
            self.at += 1;
            if letter == quote {
                return Ok(text);
            }
            if letter == '\\' {
                text.push(self.escape().ok_or_else(broken)?);
            } else {
                text.push(letter);
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        let letter = self.peek()?;
        self.at += 1;
        match letter {
            'n' => Some('\n'),
            'r' => Some('\r'),
            't' => Some('\t'),
            'b' => Some('\u{8}'),
            'f' => Some('\u{c}'),
            'u' => {
                let digits: String = self
                    .letters
                    .get(self.at..self.at.checked_add(4)?)?
                    .iter()
                    .collect();
                self.at += 4;
                char::from_u32(u32::from_str_radix(&digits, 16).ok()?)
            }
            '"' | '\'' | '\\' | '/' => Some(letter),
            _ => None,
        }
    }
}

/// Whether `text` can name a variable or a kept value: a letter or `_`, then letters, digits, `_` and `-`.
pub(crate) fn is_name(text: &str) -> bool {
    let mut letters = text.chars();
    let begins = letters
        .next()
        .is_some_and(|letter| letter.is_ascii_alphabetic() || letter == '_');
    begins && letters.all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-'))
}

/// Splits the attribute from a schema's URN: what follows the resource that follows the version.
fn split_urn(urn: &str) -> Vec<String> {
    let parts: Vec<&str> = urn.split(':').collect();
    let is_version = |part: &&str| {
        part.split_once('.').is_some_and(|(major, minor)| {
            let digits =
                |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            digits(major) && digits(minor)
        })
    };
    let after_version = parts
        .iter()
        .rposition(is_version)
        .map_or(0, |version| parts.len() - version - 1);
    match urn.rsplit_once(':') {
        Some((schema, attribute)) if after_version >= 2 && !attribute.is_empty() => {
            vec![schema.to_owned(), attribute.to_owned()]
        }
        _ => vec![urn.to_owned()],
    }
}
