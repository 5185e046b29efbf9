//! The function `sync` on AWS.

use aws_lambda_events::event::sqs::SqsEvent;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use sando_infra::aws;
use sando_sync::Syncs;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = aws::start()?;
    let syncs = &Syncs::new(aws::connect(&config)?.ports);
    run(service_fn(async |event: LambdaEvent<SqsEvent>| {
        let (batch, context) = event.into_parts();
        Ok::<_, Error>(syncs.batch(batch, context.deadline()).await)
    }))
    .await
}
