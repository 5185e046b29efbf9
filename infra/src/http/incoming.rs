//! The body of an answer as it comes in: unpacked where it is gzip, and never larger than allowed.

use std::io::{self, ErrorKind, Write};

use bytes::{Bytes, BytesMut};
use flate2::write::MultiGzDecoder;
use http::{HeaderMap, header};

/// Why a body cannot be taken in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Bad {
    /// Packed or unpacked it is larger than allowed.
    TooLarge,
    /// It is not packed as it says, or was cut off.
    Broken,
}

impl From<io::Error> for Bad {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::FileTooLarge => Self::TooLarge,
            _ => Self::Broken,
        }
    }
}

/// What has come in so far.
pub(super) struct Incoming {
    content: Content,
    limit: usize,
    /// In bytes, as they came.
    received: usize,
}

enum Content {
    Plain(Bounded),
    /// Any number of members (RFC 1952, 2.2), one after another.
    Gzip(Box<MultiGzDecoder<Bounded>>),
}

impl Incoming {
    /// The body below these headers. What says how it is packed is taken out of them if it is unpacked here.
    pub(super) fn of(headers: &mut HeaderMap, limit: usize) -> Self {
        let body = Bounded {
            limit,
            ..Bounded::default()
        };
        let encoding = headers.get(header::CONTENT_ENCODING);
        let encoding = encoding.and_then(|encoding| encoding.to_str().ok());
        let is_gzip = encoding.is_some_and(|encoding| {
            let encoding = encoding.trim();
            encoding.eq_ignore_ascii_case("gzip") || encoding.eq_ignore_ascii_case("x-gzip")
        });
        let content = if is_gzip {
            headers.remove(header::CONTENT_ENCODING);
            headers.remove(header::CONTENT_LENGTH);
            Content::Gzip(Box::new(MultiGzDecoder::new(body)))
        } else {
            Content::Plain(body)
        };
        Self {
            content,
            limit,
            received: 0,
        }
    }

    /// Takes in what comes next.
    pub(super) fn take(&mut self, chunk: &[u8]) -> Result<(), Bad> {
        self.received = self.received.saturating_add(chunk.len());
        // Members without content could go on for ever.
        if self.received > self.limit {
            return Err(Bad::TooLarge);
        }
        match &mut self.content {
            Content::Plain(body) => body.write_all(chunk)?,
            Content::Gzip(body) => body.write_all(chunk)?,
        }
        Ok(())
    }

    /// The whole body, unpacked.
    pub(super) fn finish(self) -> Result<Bytes, Bad> {
        let body = match self.content {
            Content::Plain(body) => body,
            // An answer without a body may still say that it is packed.
            Content::Gzip(_) if self.received == 0 => return Ok(Bytes::new()),
            Content::Gzip(body) => body.finish()?,
        };
        Ok(body.finish())
    }
}

/// How large the parts of a body are that are put together at its end: what grows as a whole is copied again and again.
const PART: usize = 1 << 20;

/// Bytes up to a limit.
#[derive(Default)]
struct Bounded {
    /// Parts that are full.
    full: Vec<BytesMut>,
    bytes: BytesMut,
    len: usize,
    limit: usize,
}

impl Bounded {
    fn finish(mut self) -> Bytes {
        if self.full.is_empty() {
            return self.bytes.freeze();
        }
        let mut whole = BytesMut::with_capacity(self.len);
        for part in self.full.drain(..) {
            whole.extend_from_slice(&part);
        }
        whole.extend_from_slice(&self.bytes);
        whole.freeze()
    }
}

impl Write for Bounded {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        if more.len() > self.limit.saturating_sub(self.len) {
            return Err(ErrorKind::FileTooLarge.into());
        }
        self.len += more.len();
        let room = self.bytes.capacity() - self.bytes.len();
        if room < more.len() && self.bytes.len() >= PART {
            self.full.push(std::mem::take(&mut self.bytes));
        }
        self.bytes.extend_from_slice(more);
        Ok(more.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use http::HeaderValue;

    use super::*;

    const LIMIT: usize = 100_000;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn incoming() -> Incoming {
        let gzip = HeaderValue::from_static("GZIP");
        Incoming::of(
            &mut HeaderMap::from_iter([(header::CONTENT_ENCODING, gzip)]),
            LIMIT,
        )
    }

    fn memory(incoming: &Incoming) -> usize {
        let body = match &incoming.content {
            Content::Plain(body) => body,
            Content::Gzip(body) => body.get_ref(),
        };
        let full: usize = body.full.iter().map(BytesMut::capacity).sum();
        full + body.bytes.capacity()
    }

    #[test]
    fn members_are_put_together_however_they_are_cut() {
        let whole = [packed(b"[1,"), packed(b""), packed(b"2]")].concat();
        for size in [1, 7, whole.len()] {
            let mut body = incoming();
            for chunk in whole.chunks(size) {
                body.take(chunk).unwrap();
            }
            assert_eq!(body.finish().unwrap(), &b"[1,2]"[..], "{size}");
        }
    }

    #[test]
    fn a_large_body_is_put_together_of_its_parts() {
        let whole: Vec<u8> = (0..3 * PART).map(|at| at.to_le_bytes()[0]).collect();
        let mut body = Incoming::of(&mut HeaderMap::new(), whole.len());

        for chunk in whole.chunks(10_000) {
            body.take(chunk).unwrap();
        }

        assert!(memory(&body) < whole.len() + PART);
        assert_eq!(body.finish().unwrap(), whole);
    }

    #[test]
    fn what_is_cut_off_or_no_gzip_is_broken() {
        let whole = [packed(b"[1,"), packed(b"2]")].concat();
        for end in 1..whole.len() {
            // After the first member nobody can know that there should be more.
            if end == packed(b"[1,").len() {
                continue;
            }
            let mut body = incoming();
            let taken = body.take(&whole[..end]);
            assert_eq!(
                taken.and_then(|()| body.finish()),
                Err(Bad::Broken),
                "{end}"
            );
        }
        let followed = [whole.as_slice(), b"more"].concat();
        for wrong in [b"[1,2]".to_vec(), followed] {
            let mut body = incoming();
            let taken = body.take(&wrong);
            assert_eq!(taken.and_then(|()| body.finish()), Err(Bad::Broken));
        }
        assert_eq!(incoming().finish(), Ok(Bytes::new()));
    }

    #[test]
    fn a_bomb_takes_no_more_memory_than_is_allowed() {
        let one = packed(&vec![0_u8; 100 * LIMIT]);
        let many = packed(&vec![0_u8; LIMIT / 3]).repeat(1_000);
        let empty = packed(b"").repeat(LIMIT / 10);
        for bomb in [one, many, empty] {
            let mut body = incoming();
            let mut chunks = bomb.chunks(1_000);

            let refused = chunks.find_map(|chunk| body.take(chunk).err());

            assert_eq!(refused, Some(Bad::TooLarge));
            assert!(memory(&body) <= 2 * LIMIT, "{}", memory(&body));
        }
    }
}
