//! What a month costs on AWS: what single pieces of work need is metered, and counted as often as a month has them.
//!
//! Metered: DynamoDB's units as the engine reckons them, messages, calls of Lever and of applications, uses of keys, reads of
//! secrets, objects. Assumed: how much happens in a company of some size ([`Month::of`]), that no invocation and no webhook
//! knows a secret from the one before, and how long calls take ([`Work::secs`]), which is generous: everything of a piece of
//! work one after the other. The seconds of Lambda follow from that; no processor but AWS's own could measure them.

mod measured;
mod prices;

use std::fmt;

use measured::{Measured, Work};
use sando_tests::harness::Units;

/// Minutes of a month.
const MINUTES: f64 = 30.0 * 24.0 * 60.0;
/// Connected accounts.
const ACCOUNTS: f64 = 40.0;
/// Lambda polls a queue with 5 long polls of 20 s each.
const POLLS: f64 = MINUTES * 60.0 / 20.0 * 5.0;

/// How much happens in a month.
struct Month {
    employees: f64,
    hires: f64,
    leavers: f64,
    /// Webhooks about candidates who are not hired.
    candidates: f64,
    /// An offer is read again until the first day: every six hours for 30 days, every hour in the last two.
    offers_read: f64,
    polls: f64,
    syncs: f64,
    /// Users of a connected account.
    users: f64,
    /// Users of all accounts who differ from the day before.
    changes: f64,
    /// Calls of the API.
    calls: f64,
}

impl Month {
    /// 2 in 100 come and 1.5 go each month; 30 candidates for a hire, each in two stages; 60 of 100 use an application;
    /// 2 of 1,000 users differ every day.
    fn of(employees: f64) -> Self {
        let hires = (employees * 0.02).max(1.0);
        let (syncs, users) = (ACCOUNTS * 30.0, employees * 0.6);
        Self {
            employees,
            hires,
            leavers: (employees * 0.015).max(1.0),
            candidates: hires * 60.0,
            offers_read: hires * (28.0 * 4.0 + 48.0),
            polls: 30.0 * 24.0,
            syncs,
            users,
            changes: syncs * users * 0.002,
            calls: 2_000.0 + employees,
        }
    }
}

/// A line of the bill: what, how much, for how many dollars.
struct Line(&'static str, f64, f64);

/// So much of what costs this for so many.
fn line(what: &'static str, amount: f64, many: f64, price: f64) -> Line {
    Line(what, amount, amount / many * price)
}

/// How much of everything a month needs.
struct Needs {
    units: Units,
    webhooks: f64,
    messages: f64,
    calls: f64,
    gb_secs: f64,
    gigabytes: f64,
    key_uses: f64,
    secret_reads: f64,
    metrics: f64,
    objects: f64,
}

impl Needs {
    fn of(measured: &Measured, month: &Month) -> Self {
        let webhooks = month.candidates + 2.0 * month.hires;
        // Every piece of work moves chains in about one minute; a hire in three, a leaver in two.
        let busy = month.candidates + 3.0 * month.hires + 2.0 * month.leavers + month.syncs;
        let busy = busy.min(MINUTES);
        let ticks = measured.tick.times(MINUTES) + measured.checkpoint.times(busy);
        let work = measured.hire.times(month.hires)
            + measured.leaver.times(month.leavers)
            + measured.candidate.times(month.candidates)
            + measured.offer.times(month.offers_read)
            + measured.poll.times(month.polls);
        let syncs = measured.sync.times(month.syncs)
            + measured.user.times(month.syncs * month.users)
            + measured.change.times(month.changes);
        let all = ticks + work + syncs;
        let at_256 = work.secs() + month.calls * 0.1;
        let secret_reads = webhooks + all.secrets;
        let entries = ACCOUNTS * month.users;
        Self {
            units: all.units,
            webhooks,
            messages: all.messages + webhooks,
            calls: month.calls,
            gb_secs: 0.125 * (ticks.secs() + webhooks * 0.03) + 0.25 * at_256 + 0.5 * syncs.secs(),
            // KB of an entry, of a person with all that belongs to them, of a candidate.
            gigabytes: (entries * 1.2 + month.employees * 60.0 + month.candidates * 6.0) / 1e6,
            // The tables' key is asked for every five minutes by functions that are awake: two, for two tables. The same
            // key opens a secret each time one is read.
            key_uses: all.keys + secret_reads + MINUTES / 5.0 * 4.0,
            secret_reads,
            metrics: metrics(month),
            objects: all.objects,
        }
    }

    fn invocations(&self) -> f64 {
        MINUTES + self.webhooks + self.messages + self.calls
    }
}

/// `OldestDue` is told every minute; hires, leavers, runs, syncs and the daily one in the hours in which they end.
fn metrics(month: &Month) -> f64 {
    let hours = 30.0 * 24.0;
    let share = |times: f64| times.min(hours) / hours;
    let people = 2.0 * share(month.hires) + share(month.leavers);
    1.0 + people + share(month.hires + month.leavers) + share(month.syncs) + share(30.0)
}

fn alarms() -> f64 {
    let template = include_str!("../../../../template.yaml");
    let count = template.matches("AWS::CloudWatch::Alarm\n").count();
    f64::from(u32::try_from(count).unwrap())
}

/// The bill of a month.
struct Bill {
    month: Month,
    lines: Vec<Line>,
    secrets: f64,
}

impl Bill {
    fn of(measured: &Measured, month: Month) -> Self {
        let needs = Needs::of(measured, &month);
        let begun = needs.invocations();
        let (routed, sent) = (needs.webhooks + needs.calls, 3.0 * needs.messages);
        let lines = vec![
            line(
                "DynamoDB: write units",
                needs.units.writes,
                1e6,
                prices::WRITES,
            ),
            line(
                "DynamoDB: read units",
                needs.units.reads,
                1e6,
                prices::READS,
            ),
            line("DynamoDB: GB kept", needs.gigabytes, 1.0, prices::STORED_GB),
            line(
                "SQS: polls of idle queues",
                3.0 * POLLS,
                1e6,
                prices::QUEUED,
            ),
            line("SQS: send, receive, delete", sent, 1e6, prices::QUEUED),
            line("Lambda: invocations", begun, 1e6, prices::INVOKED),
            line("Lambda: GB-seconds", needs.gb_secs, 1.0, prices::GB_SECOND),
            line("API Gateway: calls", routed, 1e6, prices::ROUTED),
            line("Scheduler: minutes", MINUTES, 1e6, prices::SCHEDULED),
            line("KMS: the key", 1.0, 1.0, prices::KEY),
            line("KMS: requests", needs.key_uses, 1e4, prices::KEY_USED),
            line(
                "Secrets Manager: calls",
                needs.secret_reads,
                1e4,
                prices::SECRET_READ,
            ),
            line("CloudWatch: metrics", needs.metrics, 1.0, prices::METRIC),
            line("CloudWatch: alarms", alarms(), 1.0, prices::ALARM),
            line(
                "CloudWatch: GB of logs",
                begun * 1.5 / 1e6,
                1.0,
                prices::LOGGED_GB,
            ),
            line("S3: checkpoints put", needs.objects, 1e3, prices::PUT),
        ];
        // Lever's two, one for each account, and for a dozen applications that Sando provisions.
        let secrets = (2.0 + ACCOUNTS + 12.0) * prices::SECRET;
        Self {
            month,
            lines,
            secrets,
        }
    }

    fn dollars(&self) -> f64 {
        self.lines.iter().map(|line| line.2).sum()
    }
}

impl fmt::Display for Bill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:.0} employees, {ACCOUNTS:.0} connected accounts",
            self.month.employees
        )?;
        for Line(what, amount, dollars) in &self.lines {
            writeln!(f, "  {what:28} {amount:14.2} {dollars:8.3}")?;
        }
        writeln!(f, "  {:28} {:14} {:8.2}", "together", "", self.dollars())?;
        writeln!(
            f,
            "  {:28} {:14} {:8.2}",
            "and the secrets", "", self.secrets
        )?;
        // No part of the claim: nobody without three other dashboards pays it, and a parameter of the template leaves it out.
        writeln!(
            f,
            "  {:28} {:14} {:8.2}",
            "and a fourth dashboard",
            "",
            prices::DASHBOARD
        )
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_month_of_a_thousand_employees_costs_less_than_five_dollars() {
    let measured = Measured::now().await;

    let [small, middle, large] =
        [50.0, 1_000.0, 20_000.0].map(|size| Bill::of(&measured, Month::of(size)));
    print(&format!("{measured}\n{small}\n{middle}\n{large}"));
    // Lever's key and those of three applications.
    assert!(measured.hire.secrets >= 4.0, "{measured}");
    assert!(middle.dollars() < 5.0, "{middle}");
    for (what, work) in [("hire", measured.hire), ("leaver", measured.leaver)] {
        let dollars = work.database_dollars();
        assert!(
            work.units.writes > 0.0 && dollars < 0.000_5,
            "{what}: {dollars}"
        );
    }
    assert!(small.dollars() < middle.dollars() && middle.dollars() < large.dollars());
}

#[expect(clippy::print_stderr, reason = "figures for whoever reads the output")]
fn print(text: &str) {
    eprintln!("{text}");
}

impl Work {
    /// How long it takes at most: 8 ms for a call of DynamoDB, 300 ms for one of Lever or of an application, 10 ms for a
    /// message, the use of a key or the read of a secret, and 20 ms to begin.
    fn secs(&self) -> f64 {
        let calls = self.units.calls * 0.008 + self.remote * 0.3;
        let small = self.messages + self.keys + self.secrets;
        calls + small * 0.01 + self.begun * 0.02 + self.objects * 0.05
    }
}
