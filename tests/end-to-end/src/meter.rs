//! Counts the write units of DynamoDB calls, as the emulator measures them: by the size of items and of what indexes copy.

use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::{
    AfterDeserializationInterceptorContextRef, BeforeSerializationInterceptorContextMut,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::put_item::{PutItemInput, PutItemOutput};
use aws_sdk_dynamodb::operation::update_item::{UpdateItemInput, UpdateItemOutput};
use aws_sdk_dynamodb::types::{ConsumedCapacity, ReturnConsumedCapacity};

/// The write units of what one client writes, item by item. Transactions are not counted: they cost twice as much.
#[derive(Clone, Debug, Default)]
pub struct WriteMeter(Arc<Mutex<f64>>);

impl WriteMeter {
    /// A client that does what `client` does, and counts.
    pub fn on(&self, client: &Client) -> Client {
        Client::from_conf(client.config().to_builder().interceptor(self.clone()).build())
    }

    /// What was written since this was asked last.
    pub fn take(&self) -> f64 {
        std::mem::take(&mut *self.0.lock().expect("nobody panics in here"))
    }

    fn add(&self, used: Option<&ConsumedCapacity>) {
        *self.0.lock().expect("nobody panics in here") += used.and_then(|used| used.capacity_units).unwrap_or_default();
    }
}

impl Intercept for WriteMeter {
    fn name(&self) -> &'static str {
        "write-meter"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let input = context.input_mut();
        if let Some(put) = input.downcast_mut::<PutItemInput>() {
            put.return_consumed_capacity = Some(ReturnConsumedCapacity::Indexes);
        } else if let Some(update) = input.downcast_mut::<UpdateItemInput>() {
            update.return_consumed_capacity = Some(ReturnConsumedCapacity::Indexes);
        }
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Ok(output) = context.output_or_error() {
            self.add(output.downcast_ref::<PutItemOutput>().and_then(|put| put.consumed_capacity.as_ref()));
            self.add(output.downcast_ref::<UpdateItemOutput>().and_then(|update| update.consumed_capacity.as_ref()));
        }
        Ok(())
    }
}
