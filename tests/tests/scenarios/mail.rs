//! Who has work to do is told: by a real mail server, once, and not more often than once an hour.
use std::sync::Arc;

use jiff::SignedDuration;
use sando_core::config::ConfigKind;
use sando_core::ids::EffectKey;
use sando_core::ports::{Notification, Notifier, RemoteError, Secrets};
use sando_core::store::{Commit, Store};
use sando_infra::folder::FolderNotifier;
use sando_infra::memory::MemoryStore;
use sando_infra::notify::{Besides, PostOffice};
use sando_infra::secrets::FileSecrets;
use sando_tests::harness::{PythonMail, Scene, engineer, loopback_client, put};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A post office with these settings.
async fn office(settings: Value, folder: &TempDir) -> PostOffice {
    let store = MemoryStore::new();
    let commit = Commit {
        puts: vec![put(ConfigKind::Settings, "settings", settings)],
        ..Commit::default()
    };
    store.commit(&commit).await.unwrap();
    let path = folder.path();
    let secrets = FileSecrets::open(&path.join("key"), &path.join("secrets")).unwrap();
    let secrets: Arc<dyn Secrets> = Arc::new(secrets);
    PostOffice {
        besides: Besides::Kept(Arc::new(FolderNotifier::new(path.join("notifications")))),
        store: Arc::new(store),
        secrets,
        http: loopback_client(),
        allow_loopback: true,
    }
}

fn notification(to: &str) -> Notification {
    Notification {
        to: to.to_owned(),
        text: "Laptop for Zo\u{eb} Park\nBcc: nobody@mail.example\n.\nThe end".to_owned(),
        key: EffectKey::derived(&["laptop", to]),
    }
}

fn settings(server: &PythonMail, security: &str) -> Value {
    json!({
        "roles": { "it": ["it@contoso.example", "desk@contoso.example"] },
        "notification": { "mail": {
            "from": "sando@contoso.example", "host": "127.0.0.1", "port": server.port(), "security": security } },
    })
}

#[tokio::test]
async fn a_role_is_told_by_mail_and_the_text_stays_text() {
    let (server, folder) = (PythonMail::start().await, tempfile::tempdir().unwrap());
    let office = office(settings(&server, "none"), &folder).await;
    let told = notification("role:it");

    office.send(&told).await.unwrap();

    let messages = server.messages();
    assert_eq!(messages.len(), 1, "{messages:?}");
    let mail = &messages[0];
    assert!(
        mail.contains("X-RcptTo: it@contoso.example, desk@contoso.example"),
        "{mail}"
    );
    assert!(mail.contains("X-MailFrom: sando@contoso.example"), "{mail}");
    assert!(mail.contains(&format!("<{}@sando>", told.key)), "{mail}");
    assert!(mail.contains("The end"), "{mail}");
    let (headers, _) = mail.split_once("\n\n").unwrap();
    assert!(!headers.contains("Bcc"), "{headers}");
    assert!(office.was_sent(&told.key).await.unwrap());
}

#[tokio::test]
async fn without_tls_nothing_is_sent_where_tls_is_asked_for() {
    let (server, folder) = (PythonMail::start().await, tempfile::tempdir().unwrap());
    let office = office(settings(&server, "starttls"), &folder).await;
    let told = notification("ada@contoso.example");

    let failed = office.send(&told).await;

    assert!(failed.is_err());
    assert!(server.messages().is_empty());
    assert!(!office.was_sent(&told.key).await.unwrap());
}

#[tokio::test]
async fn without_tls_mail_stays_on_this_machine() {
    let folder = tempfile::tempdir().unwrap();
    let mail = json!({ "from": "sando@contoso.example", "host": "smtp.contoso.example", "security": "none" });
    let office = office(json!({ "notification": { "mail": mail } }), &folder).await;

    let failed = office.send(&notification("ada@contoso.example")).await;

    assert!(
        matches!(failed, Err(RemoteError::Forbidden { .. })),
        "{failed:?}"
    );
}

/// What was told, as the folder has it.
fn told(scene: &Scene) -> Vec<Notification> {
    let Ok(entries) = std::fs::read_dir(scene.machine.folder().join("notifications")) else {
        return Vec::new();
    };
    let read = |entry: std::fs::DirEntry| {
        let text = std::fs::read_to_string(entry.path()).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    entries.flatten().map(read).collect()
}

#[tokio::test]
async fn a_letter_links_to_the_page_that_shows_and_asks() {
    let scene = Scene::start().await;
    let manual = json!({ "app": "wiki", "name": "Wiki", "owner": "it@contoso.example" });
    scene.configure(ConfigKind::App, "wiki", manual).await;
    let mut mail = scene.site.app_file("mail");
    mail["sensitivity"] = json!("high");
    mail["owner"] = json!("boss@contoso.example");
    scene.configure(ConfigKind::App, "mail", mail).await;
    let url = json!({ "public_url": "https://sando.contoso.example" });
    scene.configure(ConfigKind::Settings, "settings", url).await;

    let ids = scene.hire(engineer("Ada Park"));
    scene.hear("candidateHired", &ids.opportunity).await;
    scene.machine.work_for(SignedDuration::from_mins(2)).await;

    let mut letters = told(&scene);
    letters.sort_by(|one, other| one.to.cmp(&other.to));
    let [asked, work] = letters.as_slice() else {
        panic!("two letters, not {}", letters.len());
    };
    let run = scene.machine.runs().await.remove(0);
    let mut approvals = run.steps.iter().filter_map(|step| step.approval());
    let approval = approvals.next().unwrap();
    let page = format!("Decide: https://sando.contoso.example/approvals/{approval}");
    assert_eq!(asked.text.lines().last(), Some(page.as_str()));
    let task = &scene.machine.tasks().await[0].id;
    let page = format!("https://sando.contoso.example/console/tasks/{task}");
    let text = format!("Task: Give access to Wiki (Ada Park)\nOpen it: {page}");
    assert_eq!(work.text, text);
}

#[tokio::test]
async fn a_burst_of_tasks_is_one_message_an_hour() {
    let scene = Scene::start().await;
    let manual = json!({ "app": "wiki", "name": "Wiki", "owner": "it@contoso.example" });
    scene.configure(ConfigKind::App, "wiki", manual).await;
    for name in ["Ada Park", "Bo Lind", "Cleo Ito"] {
        let ids = scene.hire(engineer(name));
        scene.hear("candidateHired", &ids.opportunity).await;
    }
    scene.machine.work_now().await;
    assert!(told(&scene).is_empty(), "others may join");
    scene.machine.work_for(SignedDuration::from_mins(2)).await;

    let first = told(&scene);
    assert_eq!(first.len(), 1, "{:?}", first.len());
    assert_eq!(first[0].to, "it@contoso.example");
    assert!(
        first[0].text.starts_with("3 tasks wait for you"),
        "{}",
        first[0].text
    );

    let late = scene.hire(engineer("Dora Kaya"));
    scene.hear("candidateHired", &late.opportunity).await;
    scene.machine.work_for(SignedDuration::from_mins(50)).await;
    assert_eq!(told(&scene).len(), 1, "the hour is not over");
    scene.machine.work_for(SignedDuration::from_mins(15)).await;

    let mut all = told(&scene);
    assert_eq!(all.len(), 2);
    all.retain(|one| one.key != first[0].key);
    assert!(
        all[0]
            .text
            .starts_with("Task: Give access to Wiki (Dora Kaya)"),
        "{}",
        all[0].text
    );
    scene.machine.settle().await;
    assert_eq!(told(&scene).len(), 2, "nobody is told twice");
}

#[tokio::test]
async fn an_owner_is_told_once_of_everybody_who_left() {
    let scene = Scene::start().await;
    let design = json!({ "app": "design", "name": "Design", "owner": "it@contoso.example" });
    scene.configure(ConfigKind::App, "design", design).await;
    let ada = scene.onboard(engineer("Ada Park")).await;
    let bo = scene.onboard(engineer("Bo Lind")).await;

    scene.terminate(&ada.opportunity).await;
    scene.terminate(&bo.opportunity).await;
    scene.machine.work_for(SignedDuration::from_mins(5)).await;

    let of_leavers = || {
        let mut letters = told(&scene);
        letters.retain(|one| one.text.contains("has left"));
        letters
    };
    let letters = of_leavers();
    assert_eq!(letters.len(), 1, "{:?}", letters.len());
    assert_eq!(letters[0].to, "it@contoso.example");
    let text = &letters[0].text;
    for name in ["Ada Park", "Bo Lind"] {
        let line = format!("{name} has left. In your applications:");
        assert!(text.contains(&line), "{text}");
    }
    for line in ["\n- Design: waits for a human", "\n- wiki: taken away"] {
        assert_eq!(text.matches(line).count(), 2, "{text}");
    }
    scene.machine.settle().await;
    assert_eq!(of_leavers().len(), 1, "nobody is told twice");
}
