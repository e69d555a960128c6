//! How many questions one check may ask, so that a check is no weapon against name servers.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Mutex;

use hickory_resolver::proto::rr::{Name, RecordType};

use super::zone::is_public_suffix;

/// For a check of one name. One whose record is wrong takes about sixty, with what stands around it and signatures.
const MOST: usize = 600;
/// Of one server. Small zones have all their records at each of two servers.
const MOST_OF_ONE: usize = 120;
/// More for each further name, which has records of its own.
const FURTHER: usize = 60;
const FURTHER_OF_ONE: usize = 24;

/// So often a server may refuse one type of record in one registered domain before it counts as refusing it altogether.
/// Not at once: who refuses a zone may serve one below it.
const MOST_REFUSALS: usize = 3;

/// What is left to ask.
#[derive(Debug)]
pub(super) struct Questions {
    limits: (usize, usize),
    asked: Mutex<Asked>,
}

#[derive(Debug, Default)]
struct Asked {
    all: usize,
    by_server: HashMap<SocketAddr, usize>,
    refusals: HashMap<(SocketAddr, Name, RecordType), usize>,
}

impl Questions {
    /// For a check of so many names.
    pub(super) fn for_names(names: usize) -> Self {
        let further = names.saturating_sub(1);
        Self { limits: (MOST + FURTHER * further, MOST_OF_ONE + FURTHER_OF_ONE * further), asked: Mutex::default() }
    }

    /// Whether `server` may be asked one more.
    pub(super) fn take(&self, server: SocketAddr) -> bool {
        let mut asked = self.asked.lock().expect("nothing panics while it holds the lock");
        let (all, of_one) = self.limits;
        let already = asked.by_server.get(&server).copied().unwrap_or_default();
        if asked.all >= all || already >= of_one {
            return false;
        }
        asked.all += 1;
        asked.by_server.insert(server, already + 1);
        true
    }

    /// Notes that `server` has refused such a question.
    pub(super) fn refused(&self, server: SocketAddr, name: &Name, kind: RecordType) {
        let mut asked = self.asked.lock().expect("nothing panics while it holds the lock");
        *asked.refusals.entry((server, registered(name), kind)).or_default() += 1;
    }

    /// Whether `server` is not asked such a question any more, since it refuses them.
    pub(super) fn is_refusing(&self, server: SocketAddr, name: &Name, kind: RecordType) -> bool {
        let asked = self.asked.lock().expect("nothing panics while it holds the lock");
        asked.refusals.get(&(server, registered(name), kind)).is_some_and(|refusals| *refusals >= MOST_REFUSALS)
    }
}

/// The registered domain that `name` lies in, or `name` where there is none.
fn registered(name: &Name) -> Name {
    let levels = 1..=name.iter().count();
    let found = levels.map(|labels| name.trim_to(labels)).find(|level| !is_public_suffix(level));
    found.unwrap_or_else(|| name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(last: u8) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, last], 53))
    }

    #[test]
    fn one_server_is_asked_so_often_and_all_of_them_so_often() {
        let questions = Questions::for_names(1);
        let one = (0..1000).filter(|_| questions.take(server(1))).count();
        assert_eq!(one, MOST_OF_ONE);
        let all = one + (0..1000).filter(|i| questions.take(server((i % 200) as u8 + 2))).count();
        assert_eq!(all, MOST);
        assert!(!questions.take(server(255)));
    }

    #[test]
    fn who_has_refused_three_times_is_not_asked_such_a_question_again() {
        let questions = Questions::for_names(1);
        let name = |text: &str| Name::from_ascii(text).expect("a name");
        for host in ["a.shop.example.", "b.shop.example.", "shop.example."] {
            assert!(!questions.is_refusing(server(1), &name("www.shop.example."), RecordType::TXT));
            questions.refused(server(1), &name(host), RecordType::TXT);
        }
        assert!(questions.is_refusing(server(1), &name("www.shop.example."), RecordType::TXT));
        for (of, host, kind) in [
            (server(2), "www.shop.example.", RecordType::TXT),
            (server(1), "www.other.example.", RecordType::TXT),
            (server(1), "www.shop.example.", RecordType::CAA),
        ] {
            assert!(!questions.is_refusing(of, &name(host), kind), "{of} {host} {kind}");
        }
    }

    #[test]
    fn further_names_have_questions_of_their_own() {
        let questions = Questions::for_names(97);
        assert_eq!((0..9999).filter(|_| questions.take(server(1))).count(), MOST_OF_ONE + 96 * FURTHER_OF_ONE);
    }
}
