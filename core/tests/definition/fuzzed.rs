//! What fuzzing checks (`fuzz/properties.rs`), on the stable toolchain: any bytes, the corpus, the catalogue, and what becomes of
//! those when they are cut and stirred.

use std::path::Path;

use proptest::prelude::*;

#[path = "../../../fuzz/properties.rs"]
mod properties;

/// Every file below a folder of the project.
fn files(folder: &str) -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let entries = std::fs::read_dir(root.join(folder)).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let files = paths.iter().filter(|path| path.is_file());
    files.map(|path| std::fs::read(path).unwrap()).collect()
}

fn definitions() -> Vec<Vec<u8>> {
    let mut all = files("fuzz/corpus/definition");
    all.extend(files("catalogue"));
    all
}

/// A file with a stretch cut out, repeated, moved or overwritten.
fn stirred(files: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let index = any::<prop::sample::Index>;
    let noise = prop::collection::vec(any::<u8>(), 0..8);
    (
        prop::sample::select(files),
        [index(), index(), index()],
        noise,
    )
        .prop_map(|(file, places, noise)| {
            let mut places = places.map(|place| place.index(file.len() + 1));
            places[..2].sort_unstable();
            let [from, to, into] = places;
            let mut stirred = [&file[..from], &noise, &file[to..]].concat();
            let into = into.min(stirred.len());
            // What was cut out stands somewhere else, half of the time.
            if noise.len().is_multiple_of(2) {
                stirred.splice(into..into, file[from..to].iter().copied());
            }
            stirred
        })
}

#[test]
fn the_corpus_and_the_catalogue_hold_what_fuzzing_checks() {
    let (definitions, paths) = (definitions(), files("fuzz/corpus/path"));
    assert!(definitions.len() > 20 && paths.len() > 2);

    definitions
        .iter()
        .for_each(|file| properties::definition(file));
    paths.iter().for_each(|file| properties::path(file));
}

proptest! {
    #[test]
    fn any_bytes_are_a_definition_or_mistakes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        properties::definition(&bytes);
    }

    #[test]
    fn a_stirred_definition_is_one_or_mistakes(bytes in stirred(definitions())) {
        properties::definition(&bytes);
    }

    #[test]
    fn any_bytes_are_a_path_or_none(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        properties::path(&bytes);
    }

    #[test]
    fn a_stirred_path_is_one_or_none(bytes in stirred(files("fuzz/corpus/path"))) {
        properties::path(&bytes);
    }
}
