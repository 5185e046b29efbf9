//! `sando audit verify`: every chain of a data folder or of an export, held against checkpoints that were kept elsewhere.

use std::collections::BTreeMap;
use std::fs::{File, read_dir, read_to_string};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use sando_core::audit::checkpoint::{Demands, Kept};
use sando_core::audit::{Broken, Head, Record, StreamId, Verification};
use sando_core::handle::verification::follow;
use sando_core::store::Store;
use sando_infra::dynamo::{DynamoStore, Embedded, Tables};
use serde_json::json;

use crate::backup::must_exist;
use crate::data_dir::DataDir;
use crate::print;

/// Records that are verified, or checkpoints that are read, at once.
const PORTION: u64 = 10_000;

/// Flags of `sando audit verify`.
#[derive(clap::Args)]
pub struct Flags {
    /// The data folder of a Sando that is not running.
    #[arg(long, default_value = "sando-data", value_name = "FOLDER")]
    data: PathBuf,
    /// A whole export instead (`sando audit export`, or `GET /v1/audit:export` as JSON Lines with all its parts).
    #[arg(long, value_name = "FILE", conflicts_with = "data")]
    export: Option<PathBuf>,
    /// Checkpoints that were kept elsewhere: a file of log lines or JSON Lines, or a folder of such files.
    #[arg(long, value_name = "FILE|FOLDER")]
    anchor: Option<PathBuf>,
    /// One JSON object instead of words.
    #[arg(long)]
    json: bool,
}

/// Verifies every chain.
///
/// # Errors
/// If the folder is in use, or something cannot be read.
pub async fn verify(flags: &Flags) -> anyhow::Result<ExitCode> {
    let kept = flags.anchor.as_deref().map(kept).transpose()?;
    let anchors = kept.as_ref().map(Vec::len);
    let mut demands = Demands::of(kept.unwrap_or_default());
    let verified = match &flags.export {
        Some(file) => of_export(file, &mut demands)?,
        None => of_folder(&flags.data, &mut demands).await?,
    };
    print(&if flags.json {
        in_json(&verified)
    } else {
        in_words(&verified, anchors)
    });
    Ok(if verified.first_broken.is_none() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn in_json(verified: &Verification) -> String {
    let ok = verified.first_broken.is_none();
    let (records, streams) = (verified.records, verified.streams);
    json!({ "ok": ok, "records": records, "streams": streams, "first_broken": verified.first_broken })
        .to_string()
}

fn in_words(verified: &Verification, anchors: Option<usize>) -> String {
    let (records, streams) = (verified.records, verified.streams);
    match (&verified.first_broken, anchors) {
        (Some(broken), _) => {
            let Broken { stream, seq, why } = broken;
            format!("broken: {stream} record {seq}: {why}")
        }
        (None, None) => format!("{records} records in {streams} streams: all intact"),
        (None, Some(anchors)) => {
            format!(
                "{records} records in {streams} streams: all intact, as {anchors} kept checkpoints say"
            )
        }
    }
}

/// The checkpoints of a file, or of every file in a folder.
fn kept(path: &Path) -> anyhow::Result<Vec<Kept>> {
    let cannot = || format!("{} cannot be read", path.display());
    let mut kept = Vec::new();
    if path.is_dir() {
        for entry in read_dir(path).with_context(cannot)? {
            let file = entry.with_context(cannot)?.path();
            if file.is_file() {
                kept.extend(kept_in(&file)?);
            }
        }
    } else {
        kept.extend(kept_in(path)?);
    }
    if kept.is_empty() {
        bail!("there is no checkpoint in {}", path.display());
    }
    Ok(kept)
}

fn kept_in(file: &Path) -> anyhow::Result<Vec<Kept>> {
    let text =
        read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    Ok(text.lines().filter_map(kept_line).collect())
}

/// A checkpoint in a line: the record as JSON, or a line of the log.
fn kept_line(line: &str) -> Option<Kept> {
    if let Ok(kept) = serde_json::from_str(line) {
        return Some(kept);
    }
    let after = |name: &str| {
        let (_, rest) = line.split_once(name)?;
        rest.split(|c: char| !c.is_ascii_alphanumeric()).next()
    };
    Some(Kept {
        seq: after("audit.seq=")?.parse().ok()?,
        hash: after("audit.hash=")?.to_owned(),
    })
}

async fn of_folder(folder: &Path, demands: &mut Demands) -> anyhow::Result<Verification> {
    must_exist(folder)?;
    let data = DataDir::open(folder)?;
    let database = Embedded::open(&data.database())?;
    let store = DynamoStore::new(database.client(), Tables::local());
    let mut verified = Verification::default();
    while !follow(&store, &mut verified, PORTION).await? {}
    if verified.first_broken.is_none() {
        verified.first_broken = against(&store, demands).await?.err();
    }
    Ok(verified)
}

/// Holds the trail of a store against what was kept.
async fn against(store: &dyn Store, demands: &mut Demands) -> anyhow::Result<Result<(), Broken>> {
    let mut next = 1;
    loop {
        let records = store.records(&StreamId::Checkpoints, next, 100).await?;
        let Some(last) = records.last() else { break };
        next = last.seq.saturating_add(1);
        for record in &records {
            if let Err(broken) = demands.take(record) {
                return Ok(Err(broken));
            }
        }
    }
    if let Err(broken) = demands.all_there() {
        return Ok(Err(broken));
    }
    for (stream, seq, hash) in demands.places() {
        let found = store.records(stream, seq, 1).await?;
        let found = found.first().filter(|record| record.seq == seq);
        if let Err(broken) = Demands::judge(stream, seq, hash, found) {
            return Ok(Err(broken));
        }
    }
    Ok(Ok(()))
}

/// An export has no heads: without kept checkpoints a tail that was cut off does not show.
fn of_export(file: &Path, demands: &mut Demands) -> anyhow::Result<Verification> {
    let mut verified = Verification::default();
    let mut judged = Ok(());
    for record in records(file)? {
        let record = record?;
        if record.stream == StreamId::Checkpoints && judged.is_ok() {
            judged = demands.take(&record);
        }
    }
    let mut places: BTreeMap<(StreamId, u64), String> = demands
        .places()
        .map(|(stream, seq, hash)| ((stream.clone(), seq), hash.to_owned()))
        .collect();
    let mut last: Option<Head> = None;
    for record in records(file)? {
        let record = record?;
        if last
            .as_ref()
            .is_none_or(|last| last.stream != record.stream)
        {
            last.iter().for_each(|last| verified.finish(last));
            verified.begin(record.stream.clone());
        }
        if !verified.has_done(&record.stream) {
            verified.take(&record);
        }
        if let Some(hash) = places.remove(&(record.stream.clone(), record.seq)) {
            let found = Demands::judge(&record.stream, record.seq, &hash, Some(&record));
            judged = judged.and(found);
        }
        last = Some(Head {
            stream: record.stream,
            seq: record.seq,
            hash: record.hash,
            moved_at: None,
        });
    }
    last.iter().for_each(|last| verified.finish(last));
    let missing = places.into_iter().next();
    let judged = judged.and_then(|()| demands.all_there());
    let judged = judged.and_then(|()| match missing {
        Some(((stream, seq), hash)) => Demands::judge(&stream, seq, &hash, None),
        None => Ok(()),
    });
    verified.first_broken = verified.first_broken.or(judged.err());
    Ok(verified)
}

fn records(file: &Path) -> anyhow::Result<impl Iterator<Item = anyhow::Result<Record>>> {
    let opened = File::open(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let lines = BufReader::new(opened).lines();
    Ok(lines.enumerate().map(|(place, line)| {
        let line = line.with_context(|| format!("line {} cannot be read", place + 1))?;
        // The position only: serde's message may quote the value.
        serde_json::from_str(&line)
            .map_err(|_| anyhow::anyhow!("line {} is no audit record", place + 1))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_checkpoint_is_a_line_of_the_log_or_a_record() {
        let kept = Kept {
            seq: 7,
            hash: "ab12".to_owned(),
        };
        let check = |line: &str, expect: Option<&Kept>| {
            assert_eq!(kept_line(line).as_ref(), expect, "{line}");
        };

        check(
            "2026-11-21T08:00:00Z  INFO sando_core::handle::checkpoint: audit checkpoint audit.seq=7 audit.hash=ab12",
            Some(&kept),
        );
        check(
            r#"{"stream":"checkpoints","seq":7,"hash":"ab12","prev_hash":"00"}"#,
            Some(&kept),
        );
        check(
            r#"{"level":"INFO","message":"audit checkpoint","audit.seq":7,"audit.hash":"ab12"}"#,
            Some(&kept),
        );
        check("Sando listens on http://127.0.0.1:8080", None);
    }
}
