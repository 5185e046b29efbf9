//! The binary, started as Lambda starts it.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::process::Command;

#[test]
fn without_configuration_it_does_not_start_and_says_everything_that_is_missing() {
    let started = Command::new(env!("CARGO_BIN_EXE_sando-sync"))
        .env_clear()
        .output()
        .unwrap();

    assert!(!started.status.success());
    let said = String::from_utf8(started.stdout).unwrap();
    for name in ["AWS_REGION", "SANDO_STATE_TABLE", "SANDO_KMS_KEY"] {
        assert!(said.contains(name), "{name} is missing in: {said}");
    }
}
