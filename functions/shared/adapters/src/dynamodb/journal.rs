use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemOutput};
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, TransactWriteItem, Update};
use domain::endpoint::{Attempt, Endpoint, Event, Notifications};
use domain::ports::{AttemptJournal, EndpointReader, FaultKind, FencedError, ServiceFault, Settlement};
use time::{Duration, OffsetDateTime};
use vocabulary::acme::{KnownAuthorization, OpenOrder, Token};
use vocabulary::certificate::InstalledCertificate;
use vocabulary::names::EndpointId;

use super::items::{self, text};
use super::{Cancelled, EndpointsTable, attempts, number};
use crate::aws::{conditional, fault};

impl AttemptJournal for EndpointsTable {
    async fn begin(&self, id: &EndpointId, attempt: &Attempt) -> Result<(), ServiceFault> {
        let result = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(attempts::attempt_item(id, attempt)))
            .condition_expression("attribute_not_exists(pk)")
            .send()
            .await;
        conditional("dynamodb:PutItem", result).map(drop)
    }

    async fn hold_tokens(&self, id: &EndpointId, attempt: u64, tokens: &[Token]) -> Result<(), FencedError> {
        let result = self
            .update(id)
            .update_expression("SET held_tokens = :tokens")
            .condition_expression("attempt = :attempt")
            .expression_attribute_values(":tokens", items::attribute(&tokens))
            .expression_attribute_values(":attempt", number(attempt))
            .send()
            .await;
        fenced(result)
    }

    async fn save_order(&self, id: &EndpointId, attempt: u64, order: &OpenOrder) -> Result<(), FencedError> {
        if let Some(chain) = &order.chain {
            self.put_chain(id, order, chain, OffsetDateTime::now_utc()).await?;
        }
        let order = &OpenOrder { chain: None, ..order.clone() };
        let result = self
            .update(id)
            .update_expression("SET #order = :order, generation = :generation REMOVE held_tokens")
            .condition_expression("attempt = :attempt")
            .expression_attribute_names("#order", "order")
            .expression_attribute_values(":order", items::attribute(order))
            .expression_attribute_values(":generation", number(order.generation))
            .expression_attribute_values(":attempt", number(attempt))
            .send()
            .await;
        fenced(result)
    }

    async fn keep_chain(&self, id: &EndpointId, order: &OpenOrder, chain: &str) -> Result<(), ServiceFault> {
        self.put_chain(id, order, chain, OffsetDateTime::now_utc()).await
    }

    async fn record_certificate(
        &self,
        id: &EndpointId,
        attempt: u64,
        certificate: &InstalledCertificate,
    ) -> Result<(), FencedError> {
        let result = self
            .update(id)
            .update_expression("SET certificate = :certificate")
            .condition_expression("attempt = :attempt")
            .expression_attribute_values(":certificate", items::attribute(certificate))
            .expression_attribute_values(":attempt", number(attempt))
            .send()
            .await;
        fenced(result)?;
        // Not in one transaction, which costs twice: the first reader of the endpoint adds what is missing.
        self.time_certificate(id, certificate).await?;
        Ok(())
    }

    async fn forget_certificate(
        &self,
        id: &EndpointId,
        attempt: u64,
        authorizations: &[KnownAuthorization],
    ) -> Result<(), FencedError> {
        let update = Update::builder()
            .table_name(&self.table)
            .key("pk", items::endpoint_pk(id))
            .key("sk", text(items::ENDPOINT))
            .update_expression("SET authorizations = :authorizations REMOVE certificate, health")
            .condition_expression("attempt = :attempt")
            .expression_attribute_values(":authorizations", items::attribute(&authorizations))
            .expression_attribute_values(":attempt", number(attempt));
        let times = self.times(id).update_expression("REMOVE advice_at, health_at, generation");
        let built = |update: UpdateBuilder| update.build().expect("table, key and expression are set");
        let writes = [update, times].map(|update| TransactWriteItem::builder().update(built(update)).build());
        self.transact_fenced(writes.into()).await
    }

    async fn record_authorizations(&self, left: &Endpoint, attempt: u64) -> Result<(), FencedError> {
        let mut update = self
            .update(&left.id)
            .condition_expression("attempt = :attempt")
            .expression_attribute_values(":authorizations", items::attribute(&left.authorizations))
            .expression_attribute_values(":attempt", number(attempt));
        let mut set = String::from("SET authorizations = :authorizations");
        if let Some(order) = &left.order {
            set.push_str(", #order = :order");
            update = update
                .expression_attribute_names("#order", "order")
                .expression_attribute_values(":order", items::attribute(&OpenOrder { chain: None, ..order.clone() }));
        }
        if let Some(held) = &left.certificate {
            set.push_str(", certificate.authorizations = :held");
            update = update.expression_attribute_values(":held", items::attribute(&held.authorizations));
        }
        fenced(update.update_expression(set).send().await)
    }

    async fn end_revocation(&self, id: &EndpointId, attempt: u64, event: &Event) -> Result<(), FencedError> {
        let update = Update::builder()
            .table_name(&self.table)
            .key("pk", items::endpoint_pk(id))
            .key("sk", text(items::ENDPOINT))
            .update_expression("REMOVE revocation")
            .condition_expression("attempt = :attempt")
            .expression_attribute_values(":attempt", number(attempt))
            .build()
            .expect("table, key and expression are set");
        let writes = vec![TransactWriteItem::builder().update(update).build(), self.put_event(id, event)];
        self.transact_fenced(writes).await
    }

    async fn settle(&self, id: &EndpointId, attempt: u64, settlement: &Settlement) -> Result<(), FencedError> {
        let mut remove = vec!["lease_until", "held_tokens"];
        let mut set = String::from("SET due_at = :due, told = :told, track = :track");
        match settlement.failing {
            Some(_) => set.push_str(", failing = :failing"),
            None => remove.push("failing"),
        }
        match settlement.unsent {
            Some(_) => set.push_str(", unsent = :unsent"),
            None => remove.push("unsent"),
        }
        if settlement.drop_order {
            remove.push("#order");
        }
        let withdrawn = settlement.withdrawn && !settlement.drop_order;
        if withdrawn {
            set.push_str(", #order.withdrawn = :withdrawn");
        }
        match settlement.authorizations.is_empty() {
            true => remove.push("authorizations"),
            false => set.push_str(", authorizations = :authorizations"),
        }
        if settlement.announced {
            set.push_str(", certificate.announced = :yes");
        }
        let update = Update::builder()
            .table_name(&self.table)
            .key("pk", items::endpoint_pk(id))
            .key("sk", text(items::ENDPOINT))
            .update_expression(format!("{set} REMOVE {}", remove.join(", ")))
            // A removal in between set its own due time, which must not be overwritten.
            .condition_expression(match settlement.returned.is_empty() {
                true => "attempt = :attempt AND removing = :removing",
                // Only once: an attempt that has been settled gives nothing back again.
                false => "attempt = :attempt AND removing = :removing AND attribute_exists(lease_until)",
            })
            .set_expression_attribute_names(
                (settlement.drop_order || withdrawn).then(|| [("#order".to_owned(), "order".to_owned())].into()),
            )
            .expression_attribute_values(":due", number(settlement.due_at.unix_timestamp()))
            .expression_attribute_values(":attempt", number(attempt))
            .expression_attribute_values(":told", items::attribute(&settlement.told))
            .expression_attribute_values(":track", items::attribute(&settlement.track))
            .expression_attribute_values(":removing", AttributeValue::Bool(settlement.removing));
        let update = match &settlement.failing {
            Some(failing) => update.expression_attribute_values(":failing", items::attribute(failing)),
            None => update,
        };
        let update = match &settlement.unsent {
            Some(unsent) => update.expression_attribute_values(":unsent", items::attribute(unsent)),
            None => update,
        };
        let update = match settlement.authorizations.is_empty() {
            true => update,
            false => {
                update.expression_attribute_values(":authorizations", items::attribute(&settlement.authorizations))
            }
        };
        let update = match settlement.announced {
            true => update.expression_attribute_values(":yes", AttributeValue::Bool(true)),
            false => update,
        };
        let update = match withdrawn {
            true => update.expression_attribute_values(":withdrawn", AttributeValue::Bool(true)),
            false => update,
        };
        let update = update.build().expect("table, key and expression are set");
        // Only what gives tokens back needs a transaction, which costs twice.
        let settled = if settlement.returned.is_empty() {
            // The history first: if a run dies here, it says what happened, and the next run settles.
            self.write_attempt(id, &settlement.attempt).await?;
            self.update_fenced(update).await
        } else {
            let record = self.put_attempt(id, &settlement.attempt);
            let mut writes = vec![
                TransactWriteItem::builder().update(update).build(),
                TransactWriteItem::builder().put(record).build(),
            ];
            for token in one_each(&settlement.returned, settlement.at) {
                writes.push(TransactWriteItem::builder().update(self.return_token(&token, settlement.at)).build());
            }
            self.transact_fenced(writes).await
        };
        match settled {
            Err(FencedError::Superseded) => Err(self.why_not_settled(id, attempt).await?),
            other => other,
        }
    }

    async fn mark_notified(&self, id: &EndpointId, attempt: u64, told: &Notifications) -> Result<(), ServiceFault> {
        let result = self
            .update(id)
            .update_expression("SET told = :told REMOVE unsent")
            .condition_expression("attempt = :attempt")
            .expression_attribute_values(":told", items::attribute(told))
            .expression_attribute_values(":attempt", number(attempt))
            .send()
            .await;
        conditional("dynamodb:UpdateItem", result).map(drop)
    }

    async fn erase(&self, endpoint: &Endpoint, attempt: &Attempt) -> Result<(), FencedError> {
        // The history first: it must survive the deletion of the endpoint.
        self.write_attempt(&endpoint.id, attempt).await?;
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(items::removed_item(endpoint, attempt)))
            .send()
            .await
            .map_err(|error| fault("dynamodb:PutItem", error))?;
        // An endpoint that is being removed takes no names any more, whatever happens in between.
        self.give_claims_back(endpoint.names.authorization_names(), &endpoint.id).await?;
        let names = endpoint.names.authorization_names().into_iter();
        let names = names.map(|base| self.delete_name(&endpoint.tenant, base, &endpoint.id));
        let going = Delete::builder()
            .table_name(&self.table)
            .key("pk", items::endpoint_pk(&endpoint.id))
            .key("sk", text(items::ENDPOINT))
            .condition_expression("attribute_not_exists(pk) OR attempt = :attempt")
            .expression_attribute_values(":attempt", number(attempt.attempt));
        let apart = [items::TIMES_OF, items::LISTED].map(|sk| {
            Delete::builder().table_name(&self.table).key("pk", items::endpoint_pk(&endpoint.id)).key("sk", text(sk))
        });
        let mut writes: Vec<_> = names.collect();
        let count = super::usage::names(writes.len());
        writes.extend([going].into_iter().chain(apart).map(|delete| {
            let delete = delete.build().expect("table and key are set");
            TransactWriteItem::builder().delete(delete).build()
        }));
        // A deleted endpoint has already been counted.
        let was_there = self.find(&endpoint.id).await?.is_some();
        self.transact_fenced(writes).await?;
        // If a run dies here, the chain expires automatically.
        self.delete_chains(&endpoint.id).await?;
        if was_there {
            self.count_usage(&endpoint.tenant, -1, -count).await;
        }
        Ok(())
    }
}

impl EndpointsTable {
    async fn write_attempt(&self, id: &EndpointId, attempt: &Attempt) -> Result<(), ServiceFault> {
        let put = self.client.put_item().table_name(&self.table).set_item(Some(attempts::attempt_item(id, attempt)));
        put.send().await.map(drop).map_err(|error| fault("dynamodb:PutItem", error))
    }

    /// Sends an update whose condition names the attempt by itself, as it would be part of a transaction.
    async fn update_fenced(&self, update: Update) -> Result<(), FencedError> {
        let sent = self.client.update_item().table_name(update.table_name).set_key(Some(update.key));
        let sent =
            sent.update_expression(update.update_expression).set_condition_expression(update.condition_expression);
        let sent = sent.set_expression_attribute_names(update.expression_attribute_names);
        fenced(sent.set_expression_attribute_values(update.expression_attribute_values).send().await)
    }

    fn put_attempt(&self, id: &EndpointId, attempt: &Attempt) -> Put {
        let put = Put::builder().table_name(&self.table).set_item(Some(attempts::attempt_item(id, attempt)));
        put.build().expect("table and item are set")
    }

    /// As [`EndpointsTable::transact`], for writes whose conditions name the attempt.
    async fn transact_fenced(&self, writes: Vec<TransactWriteItem>) -> Result<(), FencedError> {
        match self.transact(writes).await? {
            None => Ok(()),
            Some(Cancelled { refused }) if !refused.is_empty() => Err(FencedError::Superseded),
            Some(_) => {
                let detail = "the transaction met another one".into();
                let operation = "dynamodb:TransactWriteItems";
                Err(ServiceFault { operation, kind: FaultKind::Unavailable, detail }.into())
            }
        }
    }

    /// Distinguishes a newer attempt from a removal that came between reading and writing.
    async fn why_not_settled(&self, id: &EndpointId, attempt: u64) -> Result<FencedError, ServiceFault> {
        Ok(match self.find(id).await? {
            Some(endpoint) if endpoint.attempt == attempt => ServiceFault {
                operation: "dynamodb:TransactWriteItems",
                kind: FaultKind::Unavailable,
                detail: "the endpoint is being removed, or the attempt has been settled, since a moment ago".into(),
            }
            .into(),
            _ => FencedError::Superseded,
        })
    }
}

/// A transaction may name each bucket once, and has room for this many besides the endpoint and its attempt: the rest is not
/// given back.
const MOST_RETURNED: usize = 98;

/// One token for each bucket, with everything that the bucket lacks.
fn one_each(tokens: &[Token], now: OffsetDateTime) -> Vec<Token> {
    let mut merged: Vec<Token> = Vec::new();
    for token in tokens.iter().filter(|token| token.lacking(now) > Duration::ZERO) {
        let lacking = i64::try_from(token.lacking(now).whole_milliseconds()).unwrap_or_default();
        match merged.iter_mut().find(|known| known.bucket == token.bucket) {
            Some(known) => {
                known.milliseconds += lacking;
                known.taker = known.taker.take().or_else(|| token.taker.clone());
            }
            None => merged.push(Token { milliseconds: lacking, ..token.clone() }),
        }
    }
    // `milliseconds` of a merged token is already what it lacks.
    merged.iter_mut().for_each(|token| token.back_at = now + Duration::milliseconds(token.milliseconds));
    merged.truncate(MOST_RETURNED);
    merged
}

/// An update whose condition names the attempt.
fn fenced(result: Result<UpdateItemOutput, SdkError<UpdateItemError>>) -> Result<(), FencedError> {
    match conditional("dynamodb:UpdateItem", result)? {
        Some(_) => Ok(()),
        None => Err(FencedError::Superseded),
    }
}
