//! The API's words as people are told them. One that this program does not know is told as it came.

use wire::{Actor, CertificateState, Mover, Open, Verdict};

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
    fn mover(&self) -> Option<Mover>;

    /// Who it is, in a sentence that ends in “must act”.
    fn as_person(&self) -> &'static str {
        match self.mover() {
            Some(Mover::Customer) => "the domain's owner",
            Some(Mover::Operator) => "the operator of this installation",
            Some(Mover::Ca) => "the certificate authority",
            Some(Mover::Nobody) => "nobody",
            None => "somebody",
        }
    }

    /// The same for a column of a table.
    fn as_word(&self) -> &'static str {
        match self.mover() {
            Some(Mover::Customer) => "customer",
            Some(Mover::Operator) => "operator",
            Some(Mover::Ca) => "CA",
            Some(Mover::Nobody) => "-",
            None => "somebody",
        }
    }
}

impl Person for Open<Mover> {
    fn mover(&self) -> Option<Mover> {
        self.known().copied()
    }
}

impl Person for Open<Actor> {
    fn mover(&self) -> Option<Mover> {
        self.known().map(|actor| Mover::from(*actor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_this_program_does_not_know_is_told_as_it_came() {
        assert_eq!(Open::<Verdict>::Other("lost".into()).as_words(), "lost");
        assert_eq!(Open::<Mover>::Other("registrar".into()).as_person(), "somebody");
        assert_eq!(Open::Known(Actor::Ca).as_person(), Open::Known(Mover::Ca).as_person());
    }
}
