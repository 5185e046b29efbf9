//! Answers as they come over the wire: in chunks, compressed, large, with odd marks.

use sando_world::saas::{Flow, SaasAnswer};
use serde_json::{Value, json};

use crate::desk::Desk;

fn users(ids: std::ops::RangeInclusive<u32>, padding: usize) -> Value {
    let rows = ids.map(|id| {
        json!({ "id": id, "email": format!("user{id}@contoso.example"), "state": "active", "bio": "x".repeat(padding) })
    });
    rows.collect()
}

/// The checksum of RFC 1952, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xEDB8_8320 & 0_u32.wrapping_sub(crc & 1));
        }
    }
    !crc
}

/// The bytes as gzip has them (RFC 1952), in blocks that are not compressed (RFC 1951, 3.2.4).
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = vec![0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF];
    let blocks = bytes.chunks(0xFFFF);
    let last = blocks.len() - 1;
    for (place, block) in blocks.enumerate() {
        let length = u16::try_from(block.len()).unwrap();
        packed.push(u8::from(place == last));
        packed.extend(length.to_le_bytes());
        packed.extend((!length).to_le_bytes());
        packed.extend(block);
    }
    packed.extend(crc32(bytes).to_le_bytes());
    packed.extend(u32::try_from(bytes.len()).unwrap().to_le_bytes());
    packed
}

#[tokio::test]
async fn pages_of_20_mb_in_chunks_compressed_and_with_odd_marks_are_read() {
    // 38
    let desk = Desk::new().await;
    let large = SaasAnswer::json(&users(1..=20_000, 1_000)).flowing(Flow::Again(1));
    assert!(large.body.len() > 20_000_000);
    let plain = SaasAnswer::json(&users(20_001..=20_100, 1_000));
    let (one, other) = plain.body.split_at(plain.body.len() / 2);
    let packed = SaasAnswer {
        // Two members, as some servers send them.
        body: [gzip(one), gzip(other)].concat(),
        ..plain.with("content-encoding", "gzip")
    };
    let marked = SaasAnswer::text(
        200,
        "application/json; charset=iso-8859-1",
        &format!("\u{feff}{}", users(20_101..=20_101, 0)),
    );
    let pages = [large, packed, marked];
    desk.app.script("/users", move |request| {
        let page: usize = request.query("page").unwrap_or_default().parse().unwrap();
        let page = pages.get(page - 1).cloned();
        page.unwrap_or_else(|| SaasAnswer::json(&json!([])))
    });

    let told = desk
        .pull(json!({ "users": { "pagination": { "type": "page" } }, "limits": { "timeout_secs": 60 } }))
        .await;

    told.are_all(20_101);
}
