//! Lodge, an application that no catalogue knows: it tells who is there to whoever was let in at its login page.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sando_world::SaasApp;
use sando_world::saas::{Door, OauthOptions, OauthServer, SaasAnswer, SaasRequest};
use serde_json::{Value, json};
use url::Url;

/// Where one logs in.
pub const LOGIN: &str = "/login";
/// Where tokens are asked for.
pub const TOKEN: &str = "/oauth/token";
/// Where its people are listed.
pub const PEOPLE: &str = "/directory/people";
/// Where somebody is let in by hand, who then has a seat that Sando did not give.
pub const INVITE: &str = "/invite";
/// The client that Sando is there.
pub const CLIENT: (&str, &str) = ("sando-at-lodge", "keys-of-the-lodge");

type People = Mutex<Vec<Value>>;

/// Starts it.
pub async fn start() -> std::io::Result<SaasApp> {
    let lodge = SaasApp::start().await?;
    let oauth = OauthServer::new(OauthOptions {
        path: TOKEN.to_owned(),
        client_id: CLIENT.0.to_owned(),
        client_secret: CLIENT.1.to_owned(),
        ..OauthOptions::default()
    });
    let codes = oauth.clone();
    lodge.oauth(oauth);
    lodge.door(Door::issued());
    lodge.script(LOGIN, move |request| login_page(&codes, request));
    let people = Arc::new(Mutex::new(people()));
    let listed = people.clone();
    lodge.script(PEOPLE, move |_| {
        let people = locked(&listed).clone();
        SaasAnswer::json(&json!({ "lodge": { "people": people } }))
    });
    lodge.outside(INVITE);
    lodge.script(INVITE, move |request| invite(&people, &request.json()));
    Ok(lodge)
}

/// Whoever goes on from here has let Sando in.
fn login_page(codes: &OauthServer, request: &SaasRequest) -> SaasAnswer {
    let asked = |name: &str| request.query(name).unwrap_or_default().to_owned();
    let (back, state) = (asked("redirect_uri"), asked("state"));
    let code = codes.new_code(&asked("code_challenge"), &back);
    let link = Url::parse_with_params(&back, [("code", code), ("state", state)]);
    let link = link.ok().filter(|link| link.scheme().starts_with("http"));
    let Some(link) = link else {
        return SaasAnswer::text(400, "text/plain", "redirect_uri is not where one can go");
    };
    let link = link.as_str().replace('&', "&amp;").replace('\'', "&#39;");
    let page = format!(
        "<!doctype html><html lang='en'><title>Lodge</title><h1>Lodge</h1><p>Sando wants to see who is here.</p>\
         <p><a href='{link}'>Let Sando in</a></p></html>"
    );
    SaasAnswer::text(200, "text/html; charset=utf-8", &page)
}

fn invite(people: &People, guest: &Value) -> SaasAnswer {
    let mut people = locked(people);
    let uid = format!("g-{}", people.len() + 1);
    let (mail, name) = (guest.get("mail"), guest.get("displayName"));
    let guest = json!({ "uid": uid, "mail": mail, "displayName": name, "state": "checked-in", "role": "guest" });
    people.push(guest.clone());
    SaasAnswer::json(&guest)
}

fn people() -> Vec<Value> {
    let all = [
        ("olu.bello", "Olu Bello", "checked-in", "guest"),
        ("lee.cho", "Lee Cho", "checked-in", "keeper"),
        ("kim.reyes", "Kim Reyes", "checked-out", "guest"),
        ("zoe", "Zoë Ångström-Okonkwo 王小明", "checked-in", "guest"),
    ];
    let numbered = (1..).zip(all);
    numbered
        .map(|(number, (local, name, state, role))| {
            json!({
                "uid": format!("g-{number}"), "mail": format!("{local}@contoso.example"), "displayName": name,
                "state": state, "role": role,
            })
        })
        .collect()
}

fn locked(people: &People) -> MutexGuard<'_, Vec<Value>> {
    people.lock().unwrap_or_else(PoisonError::into_inner)
}
