//! Secrets and wrapped keys on one machine.

use std::path::PathBuf;

use sando_core::ports::{KeyWrap, RemoteError, SecretValues, Secrets};
use sando_infra::secrets::{FileSecrets, KeyFileError};
use tempfile::TempDir;

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn key(&self) -> PathBuf {
        self.0.path().join("sando.key")
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("secrets.json")
    }

    fn open(&self) -> Result<FileSecrets, KeyFileError> {
        FileSecrets::open(&self.key(), &self.file())
    }
}

fn values(secret: &str) -> SecretValues {
    SecretValues {
        variables: [("subdomain".to_owned(), "contoso".to_owned())].into(),
        credentials: [("api_key".to_owned(), secret.to_owned())].into(),
        set_at: None,
    }
}

#[tokio::test]
async fn what_was_written_is_read_after_a_restart_too() {
    let folder = Folder::new();
    let secrets = folder.open().unwrap();
    assert_eq!(secrets.read("figma", false).await, Ok(None));

    secrets.write("figma", &values("one")).await.unwrap();
    secrets.write("zoom", &values("two")).await.unwrap();
    secrets.write("figma", &values("three")).await.unwrap();

    for secrets in [secrets, folder.open().unwrap()] {
        let figma = secrets.read("figma", false).await.unwrap();
        assert_eq!(figma, Some(values("three")));
        let zoom = secrets.read("zoom", true).await.unwrap();
        assert_eq!(zoom, Some(values("two")));
    }
}

#[tokio::test]
async fn what_was_removed_is_gone() {
    let secrets = Folder::new();
    let secrets = secrets.open().unwrap();
    secrets.write("figma", &values("one")).await.unwrap();

    secrets.remove("figma").await.unwrap();
    secrets.remove("figma").await.unwrap();

    assert_eq!(secrets.read("figma", false).await, Ok(None));
}

#[tokio::test]
async fn no_concurrent_write_is_lost() {
    let folder = Folder::new();
    let secrets = folder.open().unwrap();
    let owners: Vec<String> = (0..20).map(|n| format!("app-{n}")).collect();

    let written = owners.iter().map(|owner| async {
        let secrets = secrets.clone();
        secrets.write(owner, &values(owner)).await
    });
    futures::future::try_join_all(written).await.unwrap();

    for owner in &owners {
        let read = secrets.read(owner, false).await.unwrap();
        assert_eq!(read, Some(values(owner)));
    }
    let left = folder.0.path().read_dir().unwrap().count();
    assert_eq!(left, 2, "key and secrets, and no temporary file");
}

#[tokio::test]
async fn no_secret_stands_in_a_file_or_in_debug_output() {
    let folder = Folder::new();
    let secrets = folder.open().unwrap();
    let value = values("hunter2");
    secrets.write("figma", &value).await.unwrap();

    let file = std::fs::read_to_string(folder.file()).unwrap();
    let key = std::fs::read_to_string(folder.key()).unwrap();

    assert!(!file.contains("hunter2") && !file.contains("contoso"));
    let shown = format!("{secrets:?} {value:?}");
    assert!(!shown.contains("hunter2") && !shown.contains(key.trim()));
}

#[tokio::test]
async fn values_are_bound_to_their_owner() {
    let folder = Folder::new();
    let secrets = folder.open().unwrap();
    secrets.write("figma", &values("hunter2")).await.unwrap();

    let file = std::fs::read_to_string(folder.file()).unwrap();
    std::fs::write(folder.file(), file.replace("figma", "zoom")).unwrap();

    let moved = secrets.read("zoom", false).await;
    assert!(matches!(moved, Err(RemoteError::Unreadable { .. })));
}

#[tokio::test]
async fn a_damaged_file_is_an_error_and_is_not_replaced() {
    let folder = Folder::new();
    let secrets = folder.open().unwrap();
    std::fs::write(folder.file(), "{\"format\":1,").unwrap();

    let read = secrets.read("figma", false).await;
    let written = secrets.write("figma", &values("x")).await;

    assert!(matches!(read, Err(RemoteError::Unreadable { .. })));
    assert!(matches!(written, Err(RemoteError::Unreadable { .. })));
    let file = std::fs::read_to_string(folder.file()).unwrap();
    assert_eq!(file, "{\"format\":1,");
}

#[tokio::test]
async fn a_wrapped_key_is_unwrapped_with_the_same_key_file_only() {
    let (ours, other) = (Folder::new(), Folder::new());
    let (secrets, other) = (ours.open().unwrap(), other.open().unwrap());

    let wrapped = secrets.wrap(b"a key").await.unwrap();
    let again = secrets.wrap(b"a key").await.unwrap();

    assert_ne!(wrapped, again);
    assert_eq!(
        ours.open().unwrap().unwrap(&wrapped).await.unwrap(),
        b"a key"
    );
    let mut altered = wrapped.clone();
    altered[30] ^= 1;
    for (keys, wrapped) in [
        (&other, &wrapped),
        (&secrets, &altered),
        (&secrets, &vec![1; 9]),
    ] {
        let refused = KeyWrap::unwrap(keys, wrapped).await;
        assert!(matches!(refused, Err(RemoteError::Refused { .. })));
    }
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let secrets = folder.open().unwrap();
    secrets.write("figma", &values("x")).await.unwrap();
    for path in [folder.key(), folder.file()] {
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    for mode in [0o640, 0o604, 0o602] {
        let open = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(folder.key(), open).unwrap();
        let error = folder.open().unwrap_err();
        assert!(matches!(error, KeyFileError::OpenToOthers(_)));
        assert!(error.to_string().contains("chmod 600"));
    }
}

#[tokio::test]
async fn a_new_key_is_not_made_while_there_are_secrets() {
    let folder = Folder::new();
    let secrets = folder.open().unwrap();
    secrets.write("figma", &values("x")).await.unwrap();
    std::fs::remove_file(folder.key()).unwrap();

    assert!(matches!(folder.open(), Err(KeyFileError::Missing(_))));
    assert!(!folder.key().exists());
}

#[test]
fn a_key_file_with_something_else_in_it_is_refused_without_showing_it() {
    let folder = Folder::new();
    folder.open().unwrap();
    for text in ["", "hunter2", &"ab".repeat(31)] {
        std::fs::write(folder.key(), text).unwrap();
        let error = folder.open().unwrap_err();
        assert!(matches!(error, KeyFileError::NoKey(_)));
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}
