//! What a month costs on AWS: what single pieces of work need is metered, and counted as often as a month has them.
//!
//! Metered: DynamoDB's units as the engine reckons them, messages, calls of Lever and of applications, uses of keys, objects.
//! Assumed: how much happens in a company of some size ([`Month::of`]), and how long calls take ([`Work::secs`]), which is
//! generous: everything of a piece of work one after the other.

mod measured;
mod prices;

use std::fmt;

use measured::{Measured, Work};

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

/// The bill of a month.
struct Bill {
    month: Month,
    lines: Vec<Line>,
    secrets: f64,
}

impl Bill {
    fn of(measured: &Measured, month: Month) -> Self {
        let webhooks = month.candidates + 2.0 * month.hires;
        // Every piece of work moves chains in about one minute; a hire in three.
        let busy = month.candidates + 3.0 * month.hires + 2.0 * month.leavers + month.syncs;
        let busy = busy.min(MINUTES);
        let work = measured.tick.times(MINUTES)
            + measured.checkpoint.times(busy)
            + measured.hire.times(month.hires)
            + measured.leaver.times(month.leavers)
            + measured.candidate.times(month.candidates)
            + measured.offer.times(month.offers_read)
            + measured.poll.times(month.polls);
        let syncs = measured.sync.times(month.syncs)
            + measured.user.times(month.syncs * month.users)
            + measured.change.times(month.changes);
        let units = (work + syncs).units;
        let messages = work.messages + syncs.messages + webhooks;
        let ticks = measured.tick.times(MINUTES);
        let others = work.secs() - ticks.secs();
        let gb_secs = 0.125 * (ticks.secs() + webhooks * 0.03)
            + 0.25 * (others + month.calls * 0.1)
            + 0.5 * syncs.secs();
        let invocations = MINUTES + webhooks + messages + month.calls;
        let entries = ACCOUNTS * month.users;
        let gigabytes = (entries * 1.2 + month.employees * 60.0 + month.candidates * 6.0) / 1e6;
        // The tables' key is asked for every five minutes by each function that is awake: two at a time, two tables.
        let key_uses = work.keys + syncs.keys + MINUTES / 5.0 * 2.0 * 2.0;
        let secret_reads = webhooks
            + 4.0 * (month.hires + month.leavers)
            + month.offers_read
            + month.polls
            + month.syncs;
        let template = include_str!("../../../../template.yaml");
        let alarms =
            f64::from(u32::try_from(template.matches("AWS::CloudWatch::Alarm\n").count()).unwrap());
        // OldestDue is told every minute; hires, leavers, runs and syncs tell theirs in the hours in which they end.
        let hours = 30.0 * 24.0;
        let share = |times: f64| times.min(hours) / hours;
        let metrics = 1.0
            + 2.0 * share(month.hires)
            + share(month.leavers)
            + share(month.hires + month.leavers)
            + share(month.syncs)
            + share(30.0);
        let lines = vec![
            Line(
                "DynamoDB: write units",
                units.writes,
                units.writes / 1e6 * prices::WRITES,
            ),
            Line(
                "DynamoDB: read units",
                units.reads,
                units.reads / 1e6 * prices::READS,
            ),
            Line(
                "DynamoDB: GB kept",
                gigabytes,
                gigabytes * prices::STORED_GB,
            ),
            Line(
                "SQS: polls of idle queues",
                3.0 * POLLS,
                3.0 * POLLS / 1e6 * prices::QUEUED,
            ),
            Line(
                "SQS: send, receive, delete",
                3.0 * messages,
                3.0 * messages / 1e6 * prices::QUEUED,
            ),
            Line(
                "Lambda: invocations",
                invocations,
                invocations / 1e6 * prices::INVOKED,
            ),
            Line("Lambda: GB-seconds", gb_secs, gb_secs * prices::GB_SECOND),
            Line(
                "API Gateway: calls",
                webhooks + month.calls,
                (webhooks + month.calls) / 1e6 * prices::ROUTED,
            ),
            Line(
                "Scheduler: minutes",
                MINUTES,
                MINUTES / 1e6 * prices::SCHEDULED,
            ),
            Line("KMS: the key", 1.0, prices::KEY),
            Line("KMS: requests", key_uses, key_uses / 1e4 * prices::KEY_USED),
            Line(
                "Secrets Manager: calls",
                secret_reads,
                secret_reads / 1e4 * prices::SECRET_READ,
            ),
            Line("CloudWatch: metrics", metrics, metrics * prices::METRIC),
            Line("CloudWatch: alarms", alarms, alarms * prices::ALARM),
            Line(
                "CloudWatch: GB of logs",
                invocations * 1.5 / 1e6,
                invocations * 1.5 / 1e6 * prices::LOGGED_GB,
            ),
            Line(
                "S3: checkpoints put",
                busy * measured.checkpoint.objects,
                busy * measured.checkpoint.objects / 1e3 * prices::PUT,
            ),
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
        )
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_month_of_a_thousand_employees_costs_less_than_five_dollars() {
    let measured = Measured::now().await;

    let [small, middle, large] =
        [50.0, 1_000.0, 20_000.0].map(|size| Bill::of(&measured, Month::of(size)));
    print(&format!("{measured}\n{small}\n{middle}\n{large}"));
    assert!(middle.dollars() < 5.0, "{middle}");
    assert!(small.dollars() < middle.dollars() && middle.dollars() < large.dollars());
}

#[expect(clippy::print_stderr, reason = "figures for whoever reads the output")]
fn print(text: &str) {
    eprintln!("{text}");
}

impl Work {
    /// How long it takes at most: 8 ms for a call of DynamoDB, 300 ms for one of Lever or of an application, 10 ms for a
    /// message or the use of a key, and 20 ms to begin.
    fn secs(&self) -> f64 {
        let calls = self.units.calls * 0.008 + self.remote * 0.3;
        calls + (self.messages + self.keys) * 0.01 + self.begun * 0.02 + self.objects * 0.05
    }
}
