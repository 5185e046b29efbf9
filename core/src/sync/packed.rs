//! What is kept in parts, packed: users in JSON shrink to a sixth, and every part is an item that is written.

use std::io::{BufRead, BufReader, Read, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::store::as_json;

/// The packed bytes of one part: 340 KiB in base64, where an item of DynamoDB has 400.
const STRETCH: usize = 255 * 1024;

/// Packs values, each a line; in stretches for a part each. Tells how many bytes the lines have.
#[must_use]
pub fn pack<T: Serialize>(values: &[T]) -> (Vec<String>, u64) {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    let mut bytes = 0_u64;
    for value in values {
        let mut line = as_json(value).into_bytes();
        line.push(b'\n');
        bytes = bytes.saturating_add(u64::try_from(line.len()).unwrap_or(u64::MAX));
        packer.write_all(&line).expect("memory takes everything");
    }
    if bytes == 0 {
        return (Vec::new(), 0);
    }
    let packed = packer.finish().expect("memory takes everything");
    let stretches = packed.chunks(STRETCH);
    (stretches.map(|part| STANDARD.encode(part)).collect(), bytes)
}

/// What stands packed in stretches, as it is put together again.
#[derive(Default)]
pub struct Packed(Vec<u8>);

impl Packed {
    /// Takes the next stretch; false if it is none.
    #[must_use]
    pub fn append(&mut self, stretch: &str) -> bool {
        STANDARD.decode_vec(stretch, &mut self.0).is_ok()
    }

    /// All values, of however many packings; none if one is missing or damaged, or the lines have more than `most` bytes.
    #[must_use]
    pub fn unpack<T: DeserializeOwned>(&self, most: u64) -> Option<Vec<T>> {
        if self.0.is_empty() {
            return Some(Vec::new());
        }
        let unpacked = MultiGzDecoder::new(self.0.as_slice()).take(most.saturating_add(1));
        let mut unpacked = BufReader::new(unpacked);
        let lines = unpacked.by_ref().lines();
        let values: Option<Vec<T>> = lines
            .map(|line| serde_json::from_str(&line.ok()?).ok())
            .collect();
        values.filter(|_| unpacked.get_ref().limit() > 0)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;
    use crate::definition::{IdHash, MappedUser, User};

    /// Somebody as applications list them: an id without a pattern, a name, an address, times.
    fn somebody(number: usize) -> MappedUser {
        let IdHash(chance) = IdHash::of(&number.to_string());
        let [a, b, c, d, e, f, ..] = chance;
        let first = [
            "Ada",
            "Grace",
            "Linus",
            "Barbara",
            "Edsger",
            "Katherine",
            "Radia",
        ];
        let last = [
            "Park", "Hopper", "Liskov", "Hamilton", "Perlman", "Allen", "Easley",
        ];
        let of = |names: [&'static str; 7], at: u8| names[usize::from(at) % names.len()];
        let (first, last) = (of(first, a), of(last, b));
        let login = format!("{first}.{last}{number}").to_lowercase();
        let (hour, minute, second) = (c % 24, d % 60, e % 60);
        let (month, day) = (d % 12 + 1, f % 28 + 1);
        MappedUser {
            user: User {
                external_id: String::from(IdHash(chance)),
                email: Some(format!("{login}@contoso.example")),
                username: Some(login),
                full_name: Some(format!("{first} {last}")),
                role: Some(format!("member, team-{}", f % 97)),
                created_at: Some("2026-01-05T09:00:00Z".to_owned()),
                last_visit_at: Some(format!(
                    "2026-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
                )),
                active: true,
                status: Some("Active".to_owned()),
                licenses: vec!["Pro".to_owned()],
                custom_fields: Map::from_iter([("cost_center".to_owned(), json!(f))]),
                kind: None,
            },
            unknown: Vec::new(),
        }
    }

    fn packed(stretches: &[String]) -> Packed {
        let mut packed = Packed::default();
        for stretch in stretches {
            assert!(packed.append(stretch));
        }
        packed
    }

    #[test]
    fn what_is_packed_in_many_parts_and_at_many_times_is_unpacked_in_its_order() {
        let users: Vec<MappedUser> = (0..20_000).map(somebody).collect();
        let (now, later) = users.split_at(15_000);

        let ((mut all, first), (more, second)) = (pack(now), pack(later));
        assert!(all.len() > 1, "several parts");
        all.extend(more);

        let unpacked = packed(&all).unpack::<MappedUser>(first + second);
        assert_eq!(unpacked, Some(users));
        assert_eq!(pack::<MappedUser>(&[]), (Vec::new(), 0));
        assert_eq!(packed(&[]).unpack::<MappedUser>(0), Some(Vec::new()));
    }

    #[test]
    fn what_is_cut_off_damaged_or_larger_than_said_is_nothing() {
        let users: Vec<MappedUser> = (0..100).map(somebody).collect();
        let (stretches, bytes) = pack(&users);
        let whole = packed(&stretches);

        assert_eq!(whole.unpack::<MappedUser>(bytes - 1), None);
        let cut = Packed(whole.0[..whole.0.len() - 9].to_vec());
        assert_eq!(cut.unpack::<MappedUser>(bytes), None);
        let mut damaged = whole;
        damaged.0[40] ^= 1;
        assert_eq!(damaged.unpack::<MappedUser>(bytes), None);
        assert!(!Packed::default().append("{}"));
    }

    #[test]
    fn a_part_fits_into_an_item_whatever_it_holds() {
        // Hashes in a row do not shrink, and one value of them is longer than a part.
        let hashes = (0..60_000).map(|number: u32| String::from(IdHash::of(&number.to_string())));
        let value: String = hashes.collect();

        let (stretches, bytes) = pack(std::slice::from_ref(&value));

        assert!(stretches.len() > 3, "{}", stretches.len());
        assert!(stretches.iter().all(|part| part.len() <= 360_000));
        let unpacked = packed(&stretches).unpack::<String>(bytes);
        assert_eq!(unpacked, Some(vec![value]));
    }

    #[test]
    fn the_checkpoints_of_100_000_united_users_are_fewer_than_100_items() {
        let users: Vec<MappedUser> = (0..100_000).map(somebody).collect();

        // One for every 8,000 users: who is held, the ids that were seen, and the sync.
        let items = users.chunks(8_000).map(|new| pack(new).0.len() + 2);

        let items: usize = items.sum();
        assert!(items < 80, "{items} items");
    }
}
