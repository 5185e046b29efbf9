//! Gathers the definitions of the catalogue, so that the console can offer them.

#![allow(
    clippy::print_stdout,
    reason = "this is how a build script talks to cargo"
)]

use std::io::Error;
use std::path::Path;
use std::{env, fs};

fn main() -> Result<(), Error> {
    let folder = Path::new("../../catalogue").canonicalize()?;
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            files.push(path);
        }
    }
    files.sort();
    let lines = files
        .iter()
        .map(|path| format!("    include_str!({:?}),\n", path.display().to_string()));
    let list = format!("[\n{}]\n", lines.collect::<String>());
    let out = env::var_os("OUT_DIR").ok_or_else(|| Error::other("OUT_DIR is not set"))?;
    fs::write(Path::new(&out).join("catalogue.rs"), list)
}
