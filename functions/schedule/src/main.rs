//! The function `schedule` on AWS.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use sando_infra::aws;
use sando_schedule::Schedule;
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = aws::start()?;
    let schedule = &Schedule::new(aws::connect(&config)?.ports, aws::anchors(&config)?);
    run(service_fn(async |_: LambdaEvent<Value>| {
        schedule.every_minute().await?.record();
        Ok::<_, Error>(())
    }))
    .await
}
