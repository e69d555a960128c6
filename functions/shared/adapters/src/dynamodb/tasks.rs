use domain::installation::Task;
use domain::ports::ServiceFault;
use time::OffsetDateTime;

use super::{EndpointsTable, items, number};
use crate::aws::fault;

impl EndpointsTable {
    /// Records that a run of `task` ended at `now`, so that missing runs can be detected. Safe to repeat.
    pub async fn record_run(&self, task: Task, now: OffsetDateTime) -> Result<(), ServiceFault> {
        self.client
            .update_item()
            .table_name(&self.table)
            .key("pk", items::text("INSTALLATION"))
            .key("sk", items::text(sort_key(task)))
            .update_expression("SET finished_at = :now")
            .expression_attribute_values(":now", number(now.unix_timestamp()))
            .send()
            .await
            .map_err(|error| fault("dynamodb:UpdateItem", error))?;
        Ok(())
    }

    /// When the last run of `task` ended, to the second. `None`: there was none.
    pub async fn last_run(&self, task: Task) -> Result<Option<OffsetDateTime>, ServiceFault> {
        let output = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("pk", items::text("INSTALLATION"))
            .key("sk", items::text(sort_key(task)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| fault("dynamodb:GetItem", error))?;
        let seconds = output.item.as_ref().and_then(|item| item.get("finished_at")?.as_n().ok()?.parse().ok());
        Ok(seconds.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok()))
    }
}

fn sort_key(task: Task) -> &'static str {
    match task {
        Task::Scan => "SCAN",
        Task::Advice => "ADVICE",
        Task::Health => "HEALTH",
    }
}
