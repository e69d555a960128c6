use aws_sdk_dynamodb::types::{Put, TransactWriteItem, Update};
use diagnosis::report::CheckReport;
use domain::endpoint::Endpoint;
use domain::ports::{CheckLog, ServiceFault};
use time::OffsetDateTime;
use vocabulary::names::EndpointId;

use super::items::{self, text};
use super::{Cancelled, EndpointsTable, number};
use crate::aws::{conditional, conflict};

/// A report is one item of at most 400 KiB; this leaves room for everything else.
const LARGEST_REPORT: usize = 350 * 1024;

impl CheckLog for EndpointsTable {
    async fn begin_check(
        &self,
        id: &EndpointId,
        now: OffsetDateTime,
        again_at: OffsetDateTime,
    ) -> Result<bool, ServiceFault> {
        let result = self
            .update_times(id)
            .update_expression("SET look_again_ms = :again")
            .condition_expression(
                "attribute_exists(pk) AND (attribute_not_exists(look_again_ms) OR look_again_ms <= :now)",
            )
            .expression_attribute_values(":again", number(milliseconds(again_at)))
            .expression_attribute_values(":now", number(milliseconds(now)))
            .send()
            .await;
        Ok(conditional("dynamodb:UpdateItem", result)?.is_some())
    }

    async fn record_check(&self, checked: &Endpoint, report: &CheckReport) -> Result<bool, ServiceFault> {
        let id = &checked.id;
        let (unchanged, values) = items::as_checked(checked);
        let update = Update::builder()
            .table_name(&self.table)
            .key("pk", items::endpoint_pk(id))
            .key("sk", text(items::ENDPOINT))
            .update_expression("SET #check = :summary")
            .condition_expression(format!("attribute_exists(pk) AND {unchanged}"))
            .expression_attribute_names("#check", "check")
            .expression_attribute_names("#names", "names")
            .expression_attribute_values(":summary", items::attribute(&report.summary()));
        let update =
            values.into_iter().fold(update, |update, (key, value)| update.expression_attribute_values(key, value));
        let writes = vec![
            self.put_report(id, report),
            TransactWriteItem::builder().update(update.build().expect("table, key and expression are set")).build(),
        ];
        match self.transact(writes).await? {
            None => Ok(true),
            Some(Cancelled { refused }) if !refused.is_empty() => Ok(false),
            Some(_) => Err(conflict("dynamodb:TransactWriteItems")),
        }
    }

    async fn last_check(&self, id: &EndpointId) -> Result<Option<CheckReport>, ServiceFault> {
        let Some(item) = self.get(items::endpoint_pk(id), "CHECK").await? else { return Ok(None) };
        let report = item.get("report").and_then(|value| value.as_s().ok());
        let report = report.ok_or_else(|| items::unreadable("a check without its report"))?;
        serde_json::from_str(report).map(Some).map_err(items::unreadable)
    }
}

impl EndpointsTable {
    /// Writes the report, unless the stored one is at least as new.
    pub(super) fn put_report(&self, id: &EndpointId, report: &CheckReport) -> TransactWriteItem {
        let at = number(milliseconds(report.checked_at));
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(items::Item::from([
                ("pk".into(), items::endpoint_pk(id)),
                ("sk".into(), text("CHECK")),
                ("report".into(), text(fitted(report))),
                ("checked_ms".into(), at.clone()),
                ("expires_at".into(), number((report.checked_at + items::HISTORY_KEPT).unix_timestamp())),
            ])))
            .condition_expression("attribute_not_exists(pk) OR checked_ms < :at")
            .expression_attribute_values(":at", at);
        TransactWriteItem::builder().put(put.build().expect("table and item are set")).build()
    }
}

/// Unlike RFC 3339 with its optional fractions, these values compare correctly.
fn milliseconds(at: OffsetDateTime) -> i128 {
    at.unix_timestamp_nanos() / 1_000_000
}

/// The report as text that fits into an item: for an endpoint with very many names, only what the first servers said.
fn fitted(report: &CheckReport) -> String {
    let write = |report: &CheckReport| serde_json::to_string(report).expect("plain data");
    let mut text = write(report);
    let mut servers = report.records.iter().map(|record| record.found.len()).max().unwrap_or_default();
    let mut shorter = report.clone();
    while text.len() > LARGEST_REPORT && servers > 1 {
        servers -= 1;
        shorter.records.iter_mut().for_each(|record| record.found.truncate(servers));
        text = write(&shorter);
    }
    while text.len() > LARGEST_REPORT && !shorter.findings.is_empty() {
        shorter.findings.truncate(shorter.findings.len() / 2);
        text = write(&shorter);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use diagnosis::report::{Found, RecordCheck, RecordStatus, Serving};
    use vocabulary::record::DnsRecord;

    #[test]
    fn a_report_that_would_not_fit_keeps_every_record() {
        let found = |server: usize| Found {
            server: format!("ns{server}.example"),
            records: vec!["CNAME x.example".repeat(20)],
            chain: vec!["y.example".repeat(20)],
            error: None,
        };
        let record = DnsRecord {
            name: "a.example".into(),
            kind: "CNAME".into(),
            value: "b.example".into(),
            purpose: "p".into(),
        };
        let check = RecordCheck { record, status: RecordStatus::Ok, found: (0..8).map(found).collect() };
        let report = CheckReport {
            checked_at: OffsetDateTime::UNIX_EPOCH,
            records: vec![check; 200],
            findings: vec![],
            provider: None,
            serving: Serving::NotChecked,
            over_dns: vec![],
            unreached: None,
            connect: vec![],
        };
        let kept: CheckReport = serde_json::from_str(&fitted(&report)).expect("readable");
        assert!(fitted(&report).len() <= LARGEST_REPORT);
        assert_eq!(kept.records.len(), 200);
        assert!(kept.records.iter().all(|record| !record.found.is_empty() && record.found.len() < 8));
    }
}
