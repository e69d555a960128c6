//! The queue of scans that could not run.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;
use domain::installation::Observed;

use crate::aws::fault;

#[derive(Clone, Debug)]
pub struct DeadLetters {
    client: Client,
    url: String,
}

impl DeadLetters {
    pub fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }

    /// How many messages wait, including those that a consumer has just received.
    pub async fn describe(&self) -> Observed<u64> {
        let counts = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        ];
        let request = self.client.get_queue_attributes().queue_url(&self.url);
        let output = request.set_attribute_names(Some(counts.to_vec())).send().await;
        let output = output.map_err(|error| fault("sqs:GetQueueAttributes", error))?;
        let attributes = output.attributes.unwrap_or_default();
        Ok(counts.iter().filter_map(|name| attributes.get(name)?.parse::<u64>().ok()).sum())
    }
}
