//! The binary, as scripts start it.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

#[test]
fn it_says_where_everything_is() {
    let mut world = Command::new(env!("CARGO_BIN_EXE_sando-world"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    let mut lines = BufReader::new(world.stdout.take().unwrap()).lines();
    while !said.ends_with("\n}\n") {
        said += &lines.next().unwrap().unwrap();
        said.push('\n');
    }
    world.kill().unwrap();
    world.wait().unwrap();

    let places: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert!(
        places["lever"]["api_url"]
            .as_str()
            .unwrap()
            .ends_with("/v1")
    );
    assert_eq!(places["scim"].as_array().unwrap().len(), 2);
}
