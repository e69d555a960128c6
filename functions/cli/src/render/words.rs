//! The API's words as people read them. A word that this program does not know is shown as it came.

use wire::{CertificateState, EndpointView, Open, Status, WaitingOn};

/// In a sentence or a cell.
pub(crate) trait InWords {
    fn as_words(&self) -> &str;
}

impl InWords for Open<Status> {
    fn as_words(&self) -> &str {
        match self {
            Self::Known(Status::ActionRequired) => "action required",
            Self::Known(Status::Degraded) => "degraded",
            Self::Known(Status::Retrying) => "retrying",
            Self::Known(Status::WaitingForDns) => "waiting for DNS",
            Self::Known(Status::Issuing) => "issuing",
            Self::Known(Status::Paused) => "paused",
            Self::Known(Status::Ready) => "ready",
            Self::Other(word) => word,
        }
    }
}

/// Its status; an endpoint that is being removed is not just paused.
impl InWords for EndpointView {
    fn as_words(&self) -> &str {
        if self.leaves() { "being removed" } else { self.status.as_words() }
    }
}

impl InWords for Open<CertificateState> {
    fn as_words(&self) -> &str {
        match self {
            Self::Known(CertificateState::None) => "none yet",
            Self::Known(CertificateState::Issuing) => "none yet, being issued",
            Self::Known(CertificateState::Active) => "active",
            Self::Known(CertificateState::Expiring) => "active, renewal due",
            Self::Known(CertificateState::Expired) => "expired",
            Self::Known(CertificateState::Failed) => "none yet, the last attempt failed",
            Self::Other(word) => word,
        }
    }
}

/// Who is to act next.
pub(crate) trait Person {
    /// `None` for a value that this program does not know.
    fn waiting_on(&self) -> Option<WaitingOn>;

    /// In a sentence: “waiting on …”.
    fn as_person(&self) -> &'static str {
        match self.waiting_on() {
            Some(WaitingOn::DomainOwner) => "the domain owner",
            Some(WaitingOn::Operator) => "the operator",
            Some(WaitingOn::Ca) => "the CA",
            Some(WaitingOn::Nobody) => "nobody",
            None => "somebody",
        }
    }

    /// In a column of a table.
    fn as_word(&self) -> &'static str {
        match self.waiting_on() {
            Some(WaitingOn::DomainOwner) => "domain owner",
            Some(WaitingOn::Operator) => "operator",
            Some(WaitingOn::Ca) => "CA",
            Some(WaitingOn::Nobody) => "-",
            None => "somebody",
        }
    }
}

impl Person for Open<WaitingOn> {
    fn waiting_on(&self) -> Option<WaitingOn> {
        self.known().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_this_program_does_not_know_is_shown_as_it_came() {
        assert_eq!(Open::<Status>::Other("lost".into()).as_words(), "lost");
        assert_eq!(Open::<WaitingOn>::Other("registrar".into()).as_person(), "somebody");
    }
}
