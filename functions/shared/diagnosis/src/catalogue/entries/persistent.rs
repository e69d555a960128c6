//! Checks of the TXT record at `_validation-persist`.

use vocabulary::guidance::WaitingOn;

use crate::catalogue::check::{Area, Check, Entry};
use crate::report::Severity;

pub(super) const PERSISTENT: [Entry; 5] = [
    Entry {
        check: Check::PersistentMissing,
        name: "persistent-missing",
        area: Area::Persistent,
        severity: Severity::Error,
        actor: WaitingOn::DomainOwner,
        title: "The persistent record is missing",
        explanation: "This endpoint is validated by a TXT record that stays where it is (dns-persist-01): it lets \
                      the platform's account at the CA order certificates for the name. It must stand at the name \
                      itself: not every CA follows an alias there. Without it there is no certificate.",
        fix: "Create the TXT record.",
    },
    Entry {
        check: Check::PersistentElsewhere,
        name: "persistent-elsewhere",
        area: Area::Persistent,
        severity: Severity::Error,
        actor: WaitingOn::DomainOwner,
        title: "The persistent record is another account's",
        explanation: "The TXT records at the name let another CA or another ACME account issue, or are no persistent \
                      records at all. The account is compared byte for byte: it is another one also when only the letter \
                      case or a slash at its end differs. Records of others do no harm beside the right one.",
        fix: "Create the TXT record with this installation's CA and account.",
    },
    Entry {
        check: Check::PersistentMalformed,
        name: "persistent-malformed",
        area: Area::Persistent,
        severity: Severity::Error,
        actor: WaitingOn::DomainOwner,
        title: "The persistent record cannot be read",
        explanation: "The TXT record names the right CA, but is not written as the method wants it (RFC 8659 §4.2): a “;” \
                      at its end, a parameter that is there twice, a blank within a value, or no `accounturi`. A CA \
                      passes such a record over.",
        fix: "Replace the TXT record by the one that is shown, to the letter.",
    },
    Entry {
        check: Check::PersistentExpired,
        name: "persistent-expired",
        area: Area::Persistent,
        severity: Severity::Error,
        actor: WaitingOn::DomainOwner,
        title: "The persistent record has expired",
        explanation: "The TXT record has an end (`persistUntil`, in seconds since 1970), which has passed, or passes before \
                      the next renewal. The platform asks for none: its owner wrote it.",
        fix: "Write a later `persistUntil`, or leave it out.",
    },
    Entry {
        check: Check::PersistentWildcard,
        name: "persistent-wildcard",
        area: Area::Persistent,
        severity: Severity::Error,
        actor: WaitingOn::DomainOwner,
        title: "The persistent record does not cover the wildcard",
        explanation: "For a wildcard the TXT record must say `policy=wildcard`. Without it the record is good for the name \
                      alone, and an order for both fails.",
        fix: "Add `policy=wildcard` to the TXT record.",
    },
];
