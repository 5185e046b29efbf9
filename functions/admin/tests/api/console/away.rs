//! What is taken away in the console: what follows is shown first, and only that is done.

use super::Browser;
use super::by_hand::plan_of;
use crate::builder::{connected_to, row};
use crate::world::world;

#[tokio::test]
async fn an_account_is_disconnected_once_what_follows_was_seen_and_its_users_are_typed() {
    let world = world();
    let rows = ["a", "b", "c", "d", "e", "f"].map(|id| row(id, "on"));
    connected_to(&world, rows.to_vec()).await;
    let account = "/console/accounts/acme/prod";
    let place = format!("{account}/disconnect");
    let mut operator = Browser::operator(&world).await;
    let theirs = operator.get(account).await.text;
    assert!(!theirs.contains(&place), "{theirs}");
    let mut admin = Browser::admin(&world).await;
    let page = admin.get(account).await.text;
    assert!(page.contains(&format!("href=\"{place}\"")), "{page}");

    let shown = admin.get(&place).await.text;
    for text in [
        "6 users are forgotten here, and stay in acme.",
        "Its credentials are deleted.",
        "Type the number of its users to confirm: 6",
    ] {
        assert!(shown.contains(text), "{text}: {shown}");
    }
    let plan = plan_of(&shown).to_owned();
    let plan = plan.as_str();
    for (plan, number, status) in [(plan, "", 422), (plan, "5", 422), ("another", "6", 409)] {
        let fields = [("plan", plan), ("number", number)];
        let refused = admin.post(&place, &fields).await;
        assert_eq!(refused.status, status, "{fields:?}: {}", refused.text);
    }
    world.get("/v1/accounts/acme/prod").await.expect(200);

    let done = admin.post(&place, &[("plan", plan), ("number", "6")]).await;
    assert_eq!(done.status, 303, "{}", done.text);
    assert_eq!(done.header("location"), "/console/integrations");
    world.get("/v1/accounts/acme/prod").await.expect(404);
    let secrets = world.fakes.secrets.lock().unwrap();
    assert!(!secrets.contains_key("account/acme/prod"));
}
