//! What all AWS services have in common: how they report errors.

mod classes;

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_types::retry::{ErrorKind, ProvideErrorKind};
use domain::ports::{FaultKind, ServiceFault};
use vocabulary::text::printable;

pub(crate) use self::classes::{classify, classify_answer};

/// Classifies the SDK's error by what the caller can do about it, after the SDK's own retries.
pub(crate) fn fault<E>(operation: &'static str, error: SdkError<E, HttpResponse>) -> ServiceFault
where
    E: ProvideErrorMetadata + ProvideErrorKind + std::error::Error,
{
    let kind = match &error {
        SdkError::ServiceError(service) => match service.err().retryable_error_kind() {
            // The service's model declares which errors to retry.
            Some(ErrorKind::TransientError | ErrorKind::ServerError) => FaultKind::Unavailable,
            Some(_) => FaultKind::Throttled,
            None => {
                let code = service.err().meta().code().unwrap_or_default();
                classify_answer(code, Some(service.raw().status().as_u16()))
            }
        },
        SdkError::ConstructionFailure(_) => FaultKind::Refused,
        _ => FaultKind::Unavailable,
    };
    let detail = match &error {
        SdkError::ServiceError(service) => {
            let error = service.err().meta();
            format!("{}: {}", error.code().unwrap_or("no code"), error.message().unwrap_or("no message"))
        }
        other => other.to_string(),
    };
    ServiceFault { operation, kind, detail: printable(&detail, 500) }
}

/// The function's name in its ARN, with or without a version or alias; `None` for any other text.
pub(crate) fn function_name(text: &str) -> Option<String> {
    let (_, rest) = text.strip_prefix("arn:")?.split_once(":function:")?;
    rest.split(':').next().filter(|name| !name.is_empty()).map(str::to_owned)
}

/// The result of a conditional write: `None` if its condition did not hold.
pub(crate) fn conditional<T, E>(
    operation: &'static str,
    result: Result<T, SdkError<E, HttpResponse>>,
) -> Result<Option<T>, ServiceFault>
where
    E: ProvideErrorMetadata + ProvideErrorKind + std::error::Error,
{
    match result {
        Ok(output) => Ok(Some(output)),
        Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(None),
        Err(error) => Err(fault(operation, error)),
    }
}

/// A transaction that conflicted with another one on the same items: sending it again is enough.
pub(crate) fn conflict(operation: &'static str) -> ServiceFault {
    let detail = "another change of the same items is under way".into();
    ServiceFault { operation, kind: FaultKind::Throttled, detail }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_dynamodb::error::ErrorMetadata;
    use aws_sdk_dynamodb::operation::put_item::PutItemError;
    use aws_sdk_dynamodb::types::error::ReplicatedWriteConflictException;
    use aws_smithy_types::body::SdkBody;

    #[test]
    fn the_name_of_a_function_is_found_in_its_arn_alone() {
        let name = |text: &str| function_name(text);
        let issued = Some("managed-https-OpenOrderFunction-1AbC".to_owned());
        assert_eq!(
            name("arn:aws:lambda:eu-central-1:111122223333:function:managed-https-OpenOrderFunction-1AbC"),
            issued
        );
        assert_eq!(name("arn:aws-cn:lambda:cn-north-1:1:function:managed-https-OpenOrderFunction-1AbC:live"), issued);
        assert_eq!(name("arn:aws:states:::sqs:sendMessage.waitForTaskToken"), None);
        assert_eq!(name("OpenOrder"), None);
    }

    #[test]
    fn an_error_that_the_model_calls_retryable_is_retried_whatever_its_code() {
        let error = ReplicatedWriteConflictException::builder().meta(ErrorMetadata::builder().code("New").build());
        let answer = HttpResponse::new(400.try_into().expect("a status"), SdkBody::empty());
        let error = SdkError::service_error(PutItemError::ReplicatedWriteConflictException(error.build()), answer);
        assert_eq!(fault("dynamodb:PutItem", error).kind, FaultKind::Throttled);
    }
}
