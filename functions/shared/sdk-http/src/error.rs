//! Maps a failed exchange to the SDK's error: its kind decides whether the SDK retries.

use std::error::Error;
use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::retry::ErrorKind;

#[derive(Debug, thiserror::Error)]
#[error("{doing} took longer than {longest:?}")]
pub(crate) struct TooSlow {
    doing: &'static str,
    longest: Duration,
}

impl TooSlow {
    pub(crate) fn connecting(longest: Duration) -> Self {
        Self { doing: "connecting", longest }
    }

    pub(crate) fn answering(longest: Duration) -> Self {
        Self { doing: "the answer", longest }
    }
}

/// The kinds that `aws-smithy-http-client` assigns to the same faults.
pub(crate) fn connector_error(error: BoxError) -> ConnectorError {
    if cause::<TooSlow>(error.as_ref()).is_some() {
        return ConnectorError::timeout(error);
    }
    let Some(hyper) = cause::<hyper::Error>(error.as_ref()) else {
        let connecting = cause::<hyper_util::client::legacy::Error>(error.as_ref());
        let of_io = connecting.is_some_and(hyper_util::client::legacy::Error::is_connect)
            || cause::<std::io::Error>(error.as_ref()).is_some();
        return if of_io { ConnectorError::io(error) } else { ConnectorError::other(error, None) };
    };
    if hyper.is_timeout() {
        ConnectorError::timeout(error)
    } else if hyper.is_user() {
        ConnectorError::user(error)
    } else if hyper.is_closed() || hyper.is_canceled() || cause::<std::io::Error>(hyper).is_some() {
        ConnectorError::io(error)
    } else if hyper.is_incomplete_message() {
        // S3 occasionally ends a connection like this.
        ConnectorError::other(error, Some(ErrorKind::TransientError))
    } else {
        ConnectorError::other(error, None)
    }
}

fn cause<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        next = error.source();
    }
    None
}
