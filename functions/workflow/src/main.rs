//! The function `workflow` on AWS.

use aws_lambda_events::event::sqs::SqsEvent;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use sando_infra::aws;
use sando_workflow::Workflow;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = aws::start()?;
    let ports = aws::connect(&config)?.ports;
    let workflow = &Workflow::new(ports, &config.events_queue_url, &config.work_queue_url);
    run(service_fn(async |event: LambdaEvent<SqsEvent>| {
        Ok::<_, Error>(workflow.batch(event.payload).await)
    }))
    .await
}
