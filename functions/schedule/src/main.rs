//! The function `schedule` on AWS.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use sando_infra::aws;
use sando_schedule::Schedule;
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = aws::start()?;
    let ports = aws::connect(&config)?.ports;
    let (clock, stack) = (&ports.clock.clone(), config.stack.as_str());
    let schedule = &Schedule::new(ports);
    run(service_fn(async |_: LambdaEvent<Value>| {
        let standing = schedule.every_minute().await?;
        say(&standing.line(stack, clock.now()));
        Ok::<_, Error>(())
    }))
    .await
}

/// A line of its own, not one of the log: CloudWatch reads metrics from it.
#[expect(
    clippy::print_stdout,
    reason = "standard output is where Lambda reads metrics"
)]
fn say(line: &Value) {
    println!("{line}");
}
