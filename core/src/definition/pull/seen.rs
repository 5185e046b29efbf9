//! The ids seen so far: 15 bytes each and little more.

use super::super::map::IdHash;

/// How many shards the set has.
const SHARDS: usize = 4_096;

/// A hash without its first byte, which its shard has.
type Rest = [u8; 15];

/// A set of hashes, kept sorted in many small lists so that growing it never copies much at once.
#[derive(Clone)]
pub(crate) struct Seen {
    shards: Vec<Vec<Rest>>,
    len: u64,
}

impl Seen {
    pub(crate) fn new() -> Self {
        Self {
            shards: vec![Vec::new(); SHARDS],
            len: 0,
        }
    }

    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Adds a hash; false if it was there.
    pub(crate) fn insert(&mut self, hash: IdHash) -> bool {
        let (number, rest) = split(hash);
        let Some(shard) = self.shards.get_mut(number) else {
            return false;
        };
        match shard.binary_search(&rest) {
            Ok(_) => false,
            Err(at) => {
                if shard.len() == shard.capacity() {
                    shard.reserve_exact(shard.len() / 16 + 4);
                }
                shard.insert(at, rest);
                self.len += 1;
                true
            }
        }
    }

    pub(crate) fn contains(&self, hash: IdHash) -> bool {
        let (number, rest) = split(hash);
        let shard = self.shards.get(number);
        shard.is_some_and(|shard| shard.binary_search(&rest).is_ok())
    }
}

/// The number of its shard, which is its first 12 bits, and all but its first byte.
fn split(hash: IdHash) -> (usize, Rest) {
    let [first, rest @ ..] = hash.0;
    let [second, ..] = rest;
    (usize::from(first) * 16 + usize::from(second >> 4), rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_is_known_and_costs_little() {
        let mut seen = Seen::new();

        for id in 0..100_000 {
            assert!(seen.insert(IdHash::of(&id.to_string())));
        }

        assert!(!seen.insert(IdHash::of("5")));
        assert!(seen.contains(IdHash::of("99999")));
        assert!(!seen.contains(IdHash::of("100000")));
        assert_eq!(seen.len(), 100_000);
        let slots: usize = seen.shards.iter().map(Vec::capacity).sum();
        assert!(slots * size_of::<Rest>() < 100_000 * 18, "{slots}");
    }
}
