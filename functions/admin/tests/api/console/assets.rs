//! What pages are drawn with: small, kept for a year, of readable colours, and nothing in the sources that the policy
//! forbids.

use std::collections::BTreeMap;
use std::path::Path;

use super::Browser;
use crate::world::world;

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/console")
}

fn style() -> String {
    std::fs::read_to_string(folder().join("assets/app.css")).unwrap()
}

#[tokio::test]
async fn assets_are_kept_for_a_year_and_together_are_small() {
    let world = world();
    let page = Browser::new(&world).get("/console/sign-in").await;
    let mut places: Vec<String> = page
        .text
        .split(['"', '#'])
        .filter(|part| part.starts_with("/console/assets/"))
        .map(str::to_owned)
        .collect();
    let mut browser = Browser::admin(&world).await;
    let more = browser.get("/console/inbox").await;
    places.extend(
        more.text
            .split(['"', '#'])
            .filter(|part| part.starts_with("/console/assets/"))
            .map(str::to_owned),
    );
    places.sort();
    places.dedup();
    assert_eq!(places.len(), 5, "{places:?}");
    let mut size = 0;
    for place in places {
        let answer = Browser::new(&world).get(&place).await;
        assert_eq!(answer.status, 200, "{place}");
        assert_eq!(
            answer.header("cache-control"),
            "public, max-age=31536000, immutable"
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        size += answer.text.len();
    }
    assert!(size < 250_000, "{size} bytes");
    let unknown = Browser::new(&world).get("/console/assets/app.0.css").await;
    assert_eq!(unknown.status, 404);
}

#[test]
fn our_script_is_small() {
    let script = std::fs::read(folder().join("assets/app.js")).unwrap();
    assert!(script.len() < 12_000, "{}", script.len());
}

#[test]
fn no_template_needs_what_the_policy_forbids() {
    let mut folders = vec![folder()];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if path.extension().is_none_or(|kind| kind != "rs") {
                continue;
            }
            seen += 1;
            let text = std::fs::read_to_string(&path).unwrap();
            for forbidden in [
                "hx-on",
                "hx-vals",
                "js:",
                " style=",
                "onclick=",
                "onload=",
                "PreEscaped",
                "javascript:",
                "http://",
                "https://",
            ] {
                assert!(!text.contains(forbidden), "{}: {forbidden}", path.display());
            }
            let filters = text.contains("hx-trigger") && text.contains("hx-trigger=\"[");
            assert!(!filters, "{}", path.display());
        }
    }
    assert!(seen > 30);
}

/// `--name: light-dark(#…, #…)` of the stylesheet.
fn tokens() -> BTreeMap<String, [String; 2]> {
    let style = style();
    let lines = style
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("--"));
    lines
        .filter_map(|line| {
            let (name, value) = line.split_once(": light-dark(")?;
            let (light, dark) = value.strip_suffix(");")?.split_once(", ")?;
            Some((name[2..].to_owned(), [light.to_owned(), dark.to_owned()]))
        })
        .collect()
}

/// The relative luminance of WCAG 2.
fn luminance(colour: &str) -> f64 {
    let part = |place: usize| {
        let value = f64::from(u8::from_str_radix(&colour[place..place + 2], 16).unwrap()) / 255.0;
        if value <= 0.040_45 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    };
    0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
}

fn contrast(one: &str, other: &str) -> f64 {
    let (a, b) = (luminance(one), luminance(other));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn every_colour_can_be_read_on_its_ground() {
    let tokens = tokens();
    // (what, on what, at least): 4.5 for text, 3 for borders of controls and the focus.
    let mut pairs: Vec<(&str, &str, f64)> = Vec::new();
    for ground in ["bg", "surface", "sunken"] {
        pairs.extend([
            ("text", ground, 7.0),
            ("muted", ground, 4.5),
            ("control", ground, 3.0),
            ("focus", ground, 3.0),
        ]);
    }
    pairs.extend([
        ("link", "bg", 4.5),
        ("link", "surface", 4.5),
        ("on-accent", "accent", 4.5),
    ]);
    pairs.extend([
        ("on-accent", "accent-hover", 4.5),
        ("on-bad", "bad-fill", 4.5),
    ]);
    for (tone, ground) in [
        ("ok", "ok-soft"),
        ("warn", "warn-soft"),
        ("bad", "bad-soft"),
        ("info", "info-soft"),
        ("held", "held-soft"),
        ("idle", "idle-soft"),
    ] {
        pairs.extend([
            (tone, ground, 4.5),
            (tone, "surface", 4.5),
            (tone, "bg", 4.5),
            ("text", ground, 4.5),
        ]);
    }
    for (what, ground, least) in pairs {
        for (text, ground_color) in tokens[what].iter().zip(&tokens[ground]) {
            let found = contrast(text, ground_color);
            assert!(found >= least, "{what} on {ground}, {text}: {found:.2}");
        }
    }
}

#[test]
fn the_table_of_contrasts_is_the_designs() {
    let tokens = tokens();
    let table = [
        ("text", "bg", 15.94, 15.86),
        ("text", "surface", 17.11, 14.56),
        ("text", "sunken", 14.70, 16.49),
        ("muted", "bg", 6.38, 8.17),
        ("muted", "surface", 6.85, 7.50),
        ("muted", "sunken", 5.89, 8.50),
        ("link", "bg", 7.36, 10.16),
        ("link", "surface", 7.90, 9.33),
        ("on-accent", "accent", 7.76, 8.57),
        ("on-accent", "accent-hover", 10.47, 10.33),
        ("on-bad", "bad-fill", 6.54, 8.17),
        ("control", "bg", 3.70, 4.37),
        ("control", "surface", 3.97, 4.02),
        ("control", "sunken", 3.41, 4.55),
        ("focus", "bg", 5.34, 8.90),
        ("focus", "surface", 5.73, 8.17),
        ("focus", "sunken", 4.92, 9.26),
        ("ok", "ok-soft", 5.61, 7.35),
        ("warn", "warn-soft", 5.81, 7.71),
        ("bad", "bad-soft", 5.42, 6.77),
        ("info", "info-soft", 5.78, 6.89),
        ("held", "held-soft", 6.11, 7.41),
        ("idle", "idle-soft", 5.73, 6.42),
    ];
    for (what, ground, light, dark) in table {
        for (scheme, expect) in [light, dark].into_iter().enumerate() {
            let found = contrast(&tokens[what][scheme], &tokens[ground][scheme]);
            assert!(
                (found - expect).abs() < 0.02,
                "{what} on {ground}, scheme {scheme}: {found:.2}, not {expect}"
            );
        }
    }
}
