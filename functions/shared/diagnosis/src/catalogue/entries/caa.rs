//! Checks of the CAA records.

use vocabulary::guidance::WaitingOn;

use crate::catalogue::check::{Area, Check, Entry};
use crate::report::Severity;

pub(super) const CAA: [Entry; 5] = [
    Entry {
        check: Check::CaaForbids,
        name: "caa-forbids",
        area: Area::Caa,
        severity: Severity::Error,
        actor: WaitingOn::DomainOwner,
        title: "CAA forbids the CA",
        explanation: "CAA records say which CAs may issue for a domain (RFC 8659). The nearest ones, at the name, where \
                      it is an alias of another, or above it, do not allow this installation's CA; for a wildcard, \
                      `issuewild` goes before `issue`. A record with a slip in it allows nobody.",
        fix: "Add a CAA record that allows the CA, beside those that are there.",
    },
    Entry {
        check: Check::CaaAccount,
        name: "caa-account",
        area: Area::Caa,
        severity: Severity::Error,
        actor: WaitingOn::DomainOwner,
        title: "CAA allows another account only",
        explanation: "The CAA record allows the CA, but binds it to one ACME account by `accounturi` (RFC 8657). It is \
                      compared byte for byte. Added after the first certificate, it breaks the next renewal.",
        fix: "Write this installation's account URL into `accounturi`, or leave the parameter out.",
    },
    Entry {
        check: Check::CaaMethod,
        name: "caa-method",
        area: Area::Caa,
        severity: Severity::Error,
        actor: WaitingOn::DomainOwner,
        title: "CAA forbids the validation method",
        explanation: "The CAA record allows the CA, but `validationmethods` (RFC 8657) does not have the method by \
                      which this name is validated.",
        fix: "Add the method to `validationmethods`, or leave the parameter out.",
    },
    Entry {
        check: Check::CaaCritical,
        name: "caa-critical",
        area: Area::Caa,
        severity: Severity::Error,
        actor: WaitingOn::DomainOwner,
        title: "CAA has an unknown property that is critical",
        explanation: "A CAA record with the critical flag and a property that the CA does not know forbids it to issue \
                      (RFC 8659 §4.1). It is often a slip of the keyboard: `isue`, or 128 for the flag. Let's Encrypt \
                      takes 1 for that flag, too, and does not know `contactemail` and `contactphone`.",
        fix: "Correct the property's name, or set the flag to 0.",
    },
    Entry {
        check: Check::CaaUnanswered,
        name: "caa-unanswered",
        area: Area::Caa,
        severity: Severity::Error,
        actor: WaitingOn::DomainOwner,
        title: "The question for CAA is not answered",
        explanation: "The name servers answer other questions, but not the one for CAA. A CA must take that for a \
                      refusal (RFC 8659 §4, BR 3.2.2.8). Old or home-made name servers fail at types they do not know.",
        fix: "Update the name server software or move the zone; “no CAA records” must be an answer, not an error.",
    },
];
