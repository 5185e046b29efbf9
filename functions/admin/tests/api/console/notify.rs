//! How people are told, as the settings page shows and changes it.

use serde_json::json;

use super::Browser;
use crate::world::world;

const PLACE: &str = "/console/settings/notification";
const PASSWORD: &str = "open-sesame";
const HOOK: &str = "https://hooks.example/services/T0/untold";

const MAIL: [(&str, &str); 5] = [
    ("mail_from", "sando@contoso.example"),
    ("mail_host", "smtp.contoso.example"),
    ("mail_port", ""),
    ("mail_security", "tls"),
    ("mail_username", "sando"),
];

/// The mail server, and what else is filled in.
fn with<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    MAIL.iter().chain(more).copied().collect()
}

#[tokio::test]
async fn a_mail_server_and_webhooks_are_set_and_their_secrets_never_come_out() {
    let world = world();
    let mut browser = Browser::admin(&world).await;

    let first = with(&[
        ("mail_password", PASSWORD),
        ("new_who", "role:it-admin"),
        ("new_hook", HOOK),
    ]);
    let saved = browser.post(PLACE, &first).await;
    assert_eq!(saved.status, 303, "{}", saved.text);
    let page = browser.get("/console/settings").await.text;
    let set = world.get("/v1/settings").await.expect(200);
    // Nothing is typed into the fields of secrets; another webhook comes.
    let second = with(&[
        ("hook:role:it-admin", ""),
        ("new_who", "design-ops@contoso.example"),
        ("new_hook", HOOK),
    ]);
    let saved = browser.post(PLACE, &second).await;
    assert_eq!(saved.status, 303, "{}", saved.text);
    let more = world.get("/v1/settings").await.expect(200);
    let third = [("forget", "role:it-admin")];
    let saved = browser.post(PLACE, &third).await;
    assert_eq!(saved.status, 303, "{}", saved.text);
    let left = world.get("/v1/settings").await.expect(200);

    for text in [
        "value=\"smtp.contoso.example\"",
        "<option value=\"tls\" selected",
        "role:it-admin",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    let audit = world.get("/v1/audit?stream=config").await.text;
    for secret in [PASSWORD, "untold"] {
        assert!(!page.contains(secret) && !audit.contains(secret));
    }
    let mail = &set["notification"]["mail"];
    assert_eq!(mail["port"], 587);
    assert_eq!(mail["security"], "tls");
    assert_eq!(mail["username"], "sando");
    assert_eq!(mail["password"]["set"], true);
    assert_eq!(more["notification"]["mail"]["password"]["set"], true);
    for who in ["role:it-admin", "design-ops@contoso.example"] {
        assert_eq!(more["notification"]["webhooks"][who]["set"], true, "{who}");
    }
    let left = &left["notification"];
    assert_eq!(left["mail"], json!(null), "its fields were empty");
    assert_eq!(left["webhooks"]["role:it-admin"], json!(null));
    assert_eq!(left["webhooks"]["design-ops@contoso.example"]["set"], true);
}

#[tokio::test]
async fn what_cannot_be_is_told_with_what_was_typed_and_changes_nothing() {
    let world = world();
    let mut browser = Browser::admin(&world).await;
    let before = world.get("/v1/settings").await.expect(200);

    for (field, value, told) in [
        ("mail_port", "smtp", "<code>mail_port</code>"),
        ("mail_from", "nobody", "notification.mail.from"),
        ("new_hook", "ftp://hooks.example", "notification.webhooks"),
    ] {
        let mut fields = with(&[("mail_password", PASSWORD), ("new_who", "role:it")]);
        fields.retain(|(name, _)| *name != field);
        fields.push((field, value));
        let wrong = browser.post(PLACE, &fields).await;

        assert_eq!(wrong.status, 422, "{field}: {}", wrong.text);
        assert!(wrong.text.contains(told), "{field}: {}", wrong.text);
        assert!(wrong.text.contains("value=\"smtp.contoso.example\""));
        assert!(!wrong.text.contains(PASSWORD), "{field}");
    }
    assert_eq!(world.get("/v1/settings").await.expect(200), before);
}

#[tokio::test]
async fn a_test_message_goes_where_the_settings_lead() {
    let world = world();
    let mut browser = Browser::admin(&world).await;
    let place = format!("{PLACE}/test");
    let to = [("to", "role:it-admin")];

    let nowhere = browser.post(&place, &to).await;
    let hook = [("new_who", "role:it-admin"), ("new_hook", HOOK)];
    let saved = browser.post(PLACE, &hook).await;
    assert_eq!(saved.status, 303, "{}", saved.text);
    let sent = browser.post(&place, &to).await;
    let nobody = browser.post(&place, &[("to", "somebody")]).await;

    assert_eq!(nowhere.status, 409, "{}", nowhere.text);
    assert_eq!(sent.status, 200, "{}", sent.text);
    assert!(
        sent.text
            .contains("A test message for role:it-admin is on its way."),
        "{}",
        sent.text
    );
    assert_eq!(nobody.status, 422, "{}", nobody.text);
    let told: Vec<String> = world.fakes.sent().into_iter().map(|sent| sent.to).collect();
    assert_eq!(told, ["role:it-admin"]);
    let audit = world.get("/v1/audit?action=notification%20tested").await;
    let audit = audit.expect(200);
    assert_eq!(audit["items"].as_array().unwrap().len(), 1, "{audit}");
}
