//! Keys print and parse themselves, and their text is in real order.

use jiff::Timestamp;
use proptest::prelude::*;
use sando_core::audit::StreamId;
use sando_core::claim::Claim;
use sando_core::config::ConfigKind;
use sando_core::definition::IdHash;
use sando_core::ids::{LeverId, PersonId, Slug};
use sando_core::store::{Key, PartKind};
use sando_core::words::Mark;
use sando_infra::dynamo::keys::{
    ItemKey, KeyError, list_partition, parse_time, place, record_place, time_text,
};

fn id<T: std::fmt::Debug + std::str::FromStr<Err: std::fmt::Debug>>(
    prefix: &'static str,
) -> BoxedStrategy<T> {
    let text = "[A-Za-z0-9_.:-]{1,40}";
    text.prop_map(move |rest| {
        format!("{prefix}{rest}")
            .parse()
            .unwrap_or_else(|e| panic!("{e:?}"))
    })
    .boxed()
}

fn slug() -> impl Strategy<Value = Slug> {
    "[a-z0-9][a-z0-9_-]{0,20}".prop_map(|text| Slug::parse(text).unwrap())
}

fn stream() -> impl Strategy<Value = StreamId> {
    prop_oneof![
        id::<PersonId>("per_").prop_map(StreamId::Person),
        (slug(), slug()).prop_map(|(definition, name)| StreamId::Account(definition, name)),
        Just(StreamId::Config),
        Just(StreamId::Events),
    ]
}

fn claim() -> impl Strategy<Value = Claim> {
    prop_oneof![
        id::<LeverId>("").prop_map(Claim::Contact),
        any::<String>().prop_map(Claim::Email),
        any::<String>().prop_map(Claim::Address),
        any::<String>().prop_map(Claim::Outside),
        any::<String>().prop_map(Claim::User),
    ]
}

fn config_kind() -> impl Strategy<Value = ConfigKind> {
    prop_oneof![
        Just(ConfigKind::App),
        Just(ConfigKind::Attributes),
        Just(ConfigKind::Policy),
        Just(ConfigKind::Rule),
        Just(ConfigKind::Workflow),
        Just(ConfigKind::Settings),
        Just(ConfigKind::Pause),
    ]
}

fn key() -> impl Strategy<Value = Key> {
    prop_oneof![
        id("per_").prop_map(Key::Person),
        (id("per_"), id("gra_")).prop_map(|(person, grant)| Key::Grant(person, grant)),
        id("run_").prop_map(Key::Run),
        id("evt_").prop_map(Key::Event),
        id("dlv_").prop_map(Key::Delivery),
        id("").prop_map(Key::Candidacy),
        claim().prop_map(Key::Claim),
        id("tsk_").prop_map(Key::Task),
        id("apr_").prop_map(Key::Approval),
        (config_kind(), slug()).prop_map(|(kind, id)| Key::Config(kind, id)),
        stream().prop_map(Key::Head),
        id("per_").prop_map(Key::PersonKey),
        slug().prop_map(Key::Budget),
        any::<String>().prop_map(Key::Counter),
        (1..28_i8, any::<u8>())
            .prop_map(|(day, part)| Key::Tally(jiff::civil::date(2027, 2, day), part)),
        Just(Key::Counted),
        Just(Key::LastMatches),
        Just(Key::Finder),
        (any::<[u8; 16]>(), id("per_")).prop_map(|(mark, id)| Key::Word(Mark(mark), id)),
        (id("job_"), any::<u32>(), any::<u32>())
            .prop_map(|(id, turn, number)| Key::CountPiece(id, turn, number)),
        id("key_").prop_map(Key::ApiKey),
        any::<String>().prop_map(Key::Answer),
        id("job_").prop_map(Key::Job),
        Just(Key::CatchUp),
        id("eff_").prop_map(Key::Letter),
        Just(Key::Post),
        Just(Key::Purge),
        Just(Key::Handshake),
        Just(Key::Reviews),
        slug().prop_map(Key::Definition),
        (slug(), any::<u32>()).prop_map(|(id, number)| Key::DefinitionVersion(id, number)),
        slug().prop_map(Key::Draft),
        any::<String>().prop_map(Key::Login),
        any::<String>().prop_map(Key::Turn),
        (slug(), slug()).prop_map(|(definition, name)| Key::Account(definition, name)),
        (id("ros_"), any::<[u8; 16]>()).prop_map(|(id, hash)| Key::Entry(id, IdHash(hash))),
        (id("ros_"), any::<[u8; 16]>()).prop_map(|(id, hash)| Key::Details(id, IdHash(hash))),
        (id("ros_"), any::<[u8; 16]>()).prop_map(|(id, hash)| Key::Reviewed(id, IdHash(hash))),
        (id("ros_"), any::<u64>()).prop_map(|(id, number)| Key::Sync(id, number)),
        (id("ros_"), any::<u64>(), part(), any::<u32>())
            .prop_map(|(id, number, kind, place)| Key::SyncPart(id, number, kind, place)),
    ]
}

fn part() -> impl Strategy<Value = PartKind> {
    prop_oneof![
        Just(PartKind::Seen),
        Just(PartKind::Lost),
        Just(PartKind::Point),
        Just(PartKind::Held),
    ]
}

fn time() -> impl Strategy<Value = Timestamp> {
    // Years 0 to 9999.
    (-62_167_219_200_i64..253_402_000_000, 0..1_000_000_000_i32)
        .prop_map(|(second, nano)| Timestamp::new(second, nano).unwrap())
}

proptest! {
    #[test]
    fn what_was_printed_is_parsed(key in key()) {
        let printed = ItemKey::from(&key);

        prop_assert_eq!(Key::try_from(&printed), Ok(key));
        prop_assert!(!printed.pk.is_empty() && !printed.sk.is_empty());
    }

    #[test]
    fn no_two_entities_lie_at_one_place(a in key(), b in key()) {
        prop_assert_eq!(a == b, ItemKey::from(&a) == ItemKey::from(&b));
    }

    #[test]
    fn text_order_of_times_is_real_order(a in time(), b in time()) {
        prop_assert_eq!(a.cmp(&b), time_text(a).cmp(&time_text(b)));
        prop_assert_eq!(parse_time(&time_text(a)), Ok(a));
        prop_assert_eq!(time_text(a).len(), 30);
    }

    #[test]
    fn a_place_in_a_list_is_ordered_by_time_first(a in time(), b in time(), x in key(), y in key()) {
        prop_assume!(a != b);
        let (first, second) = (place(a, &ItemKey::from(&x)), place(b, &ItemKey::from(&y)));
        prop_assert_eq!(a.cmp(&b), first.cmp(&second));
    }

    #[test]
    fn text_order_of_record_places_is_real_order(a: u64, b: u64) {
        prop_assert_eq!(a.cmp(&b), record_place(a).cmp(&record_place(b)));
    }

    #[test]
    fn a_text_that_is_no_key_is_refused_and_never_panics(pk: String, sk: String) {
        if let Ok(key) = Key::try_from(&ItemKey { pk: pk.clone(), sk: sk.clone() }) {
            prop_assert_eq!(ItemKey::from(&key), ItemKey { pk, sk });
        }
    }
}

#[track_caller]
fn check(key: &Key, pk: &str, sk: &str) {
    let printed = ItemKey::from(key);
    assert_eq!((printed.pk.as_str(), printed.sk.as_str()), (pk, sk));
}

#[test]
fn the_layout_of_the_table_is_what_the_last_release_wrote() {
    let person = PersonId::parse("per_1").unwrap();
    let slug = |text: &str| Slug::parse(text).unwrap();

    check(&Key::Person(person.clone()), "PERSON#per_1", "PERSON");
    let grant = Key::Grant(person.clone(), "gra_1".parse().unwrap());
    check(&grant, "PERSON#per_1", "GRANT#gra_1");
    check(&Key::Run("run_1".parse().unwrap()), "RUN#run_1", "RUN");
    let claim = Key::Claim(Claim::Email("0a".to_owned()));
    check(&claim, "CLAIM#EMAIL#0a", "CLAIM");
    let claim = Key::Claim(Claim::User("0a".to_owned()));
    check(&claim, "CLAIM#USER#0a", "CLAIM");
    let config = Key::Config(ConfigKind::App, slug("figma"));
    check(&config, "CONFIG", "app#figma");
    check(&Key::Head(StreamId::Config), "HEADS#04", "HEAD#config");
    check(&Key::PersonKey(person), "PERSONKEY#per_1", "KEY");
    check(&Key::Budget(slug("lever")), "LIMIT#lever", "LIMIT");
    let word = Key::Word(Mark([0x1a; 16]), PersonId::parse("per_1").unwrap());
    let rest = "1a1a1a1a1a1a1a1a1a1a1a1a#per_1";
    check(&word, "WORD#1a1a1a1a", rest);
    let counter = Key::Counter("removals#1%".to_owned());
    check(&counter, "COUNTER#removals%231%25", "COUNTER");
    assert_eq!(list_partition("run", "running", 3), "run#running#3");
}

#[test]
fn a_key_written_another_way_is_refused() {
    for (pk, sk) in [
        ("COUNTER#%61", "COUNTER"),
        ("HEADS#99", "HEAD#config"),
        ("PERSON#run_1", "PERSON"),
        ("PERSON#per_1", "RUN"),
        ("", ""),
    ] {
        let item = ItemKey {
            pk: pk.to_owned(),
            sk: sk.to_owned(),
        };
        assert!(Key::try_from(&item).is_err(), "{pk} {sk}");
    }
    assert_eq!(parse_time("2027-01-04T09:00:00Z"), Err(KeyError::Form));
}
