//! The API's words as people are told them. One that this program does not know is told as it came.

use wire::{CertificateState, Open, Verdict, WaitingOn};

/// In a sentence or a cell.
pub(crate) trait InWords {
    fn as_words(&self) -> &str;
}

impl InWords for Open<Verdict> {
    fn as_words(&self) -> &str {
        match self {
            Self::Known(Verdict::ActionRequired) => "action required",
            Self::Known(Verdict::Degraded) => "degraded",
            Self::Known(Verdict::Retrying) => "retrying",
            Self::Known(Verdict::WaitingForDns) => "waiting for DNS",
            Self::Known(Verdict::Issuing) => "issuing",
            Self::Known(Verdict::Paused) => "paused",
            Self::Known(Verdict::Ready) => "ready",
            Self::Other(word) => word,
        }
    }
}

impl InWords for Open<CertificateState> {
    fn as_words(&self) -> &str {
        match self {
            Self::Known(CertificateState::None) => "none yet",
            Self::Known(CertificateState::Issuing) => "none yet, on its way",
            Self::Known(CertificateState::Active) => "active",
            Self::Known(CertificateState::Expiring) => "active, its renewal is due",
            Self::Known(CertificateState::Expired) => "expired",
            Self::Known(CertificateState::Failed) => "none yet, the last attempt failed",
            Self::Other(word) => word,
        }
    }
}

/// Whose move it is.
pub(crate) trait Person {
    /// None of somebody that this program does not know.
    fn waiting_on(&self) -> Option<WaitingOn>;

    /// Who it is, in a sentence that ends in “must act”.
    fn as_person(&self) -> &'static str {
        match self.waiting_on() {
            Some(WaitingOn::DomainOwner) => "the domain's owner",
            Some(WaitingOn::Operator) => "the operator of this installation",
            Some(WaitingOn::Ca) => "the certificate authority",
            Some(WaitingOn::Nobody) => "nobody",
            None => "somebody",
        }
    }

    /// The same for a column of a table.
    fn as_word(&self) -> &'static str {
        match self.waiting_on() {
            Some(WaitingOn::DomainOwner) => "customer",
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
    fn what_this_program_does_not_know_is_told_as_it_came() {
        assert_eq!(Open::<Verdict>::Other("lost".into()).as_words(), "lost");
        assert_eq!(Open::<WaitingOn>::Other("registrar".into()).as_person(), "somebody");
    }
}
