use domain::health::InstallationState;
use domain::ports::{InstallationLog, ServiceFault};

use super::{EndpointsTable, items};
use crate::aws::conditional;

const SORT_KEY: &str = "ENGINE";

impl InstallationLog for EndpointsTable {
    async fn installation(&self) -> Result<InstallationState, ServiceFault> {
        let item = self.get(items::text("INSTALLATION"), SORT_KEY).await?;
        let Some(kept) = item.as_ref().and_then(|item| item.get("engine")?.as_s().ok()) else {
            return Ok(InstallationState::default());
        };
        serde_json::from_str(kept).map_err(items::unreadable)
    }

    async fn save_installation(
        &self,
        before: &InstallationState,
        installation: &InstallationState,
    ) -> Result<bool, ServiceFault> {
        let write = |state: &InstallationState| items::text(serde_json::to_string(state).expect("plain data"));
        let nothing = if *before == InstallationState::default() { " OR attribute_not_exists(engine)" } else { "" };
        let result = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", items::text("INSTALLATION"))
            .key("sk", items::text(SORT_KEY))
            .update_expression("SET engine = :engine")
            .condition_expression(format!("engine = :before{nothing}"))
            .expression_attribute_values(":engine", write(installation))
            .expression_attribute_values(":before", write(before))
            .send()
            .await;
        Ok(conditional("dynamodb:UpdateItem", result)?.is_some())
    }
}
