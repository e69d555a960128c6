//! How many queries one check may send, so that nobody can use it to attack name servers.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use hickory_resolver::proto::rr::{Name, RecordType};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use vocabulary::dns::Unanswered;

use super::zone::is_public_suffix;

/// For a check of one name. One with a wrong record takes about sixty, including what surrounds the record and signatures.
const MOST: usize = 300;
/// To one server. Small zones have all their records on each of two servers.
const MOST_OF_ONE: usize = 120;
/// Additional queries per additional name, which may have its own zone with several servers.
const FURTHER: usize = 40;
/// A name in a known zone takes at most seven queries to one server: the zone cut, the delegation and what stands beside it,
/// CAA, and alias and addresses of its host. `docs/explanation/security.md` has the measurements.
const FURTHER_OF_ONE: usize = 7;

/// The most concurrent queries to a server that has not answered yet.
const MOST_AT_FIRST: usize = 4;
/// How often a server may refuse one record type in one registered domain before the check stops sending it such queries. Not
/// at once: a server that refuses a zone may serve one below it.
const MOST_REFUSALS: usize = 3;
/// How often a server that has answered nothing may refuse any query before the check stops querying it.
const MOST_REFUSALS_OF_ONE: usize = 10;
/// How often a server may be silent; every two answers allow one more time. A query without an answer has been sent several
/// times.
const MOST_SILENCES: usize = 3;

/// The queries that a check has left.
#[derive(Debug)]
pub(super) struct Questions {
    limits: (usize, usize),
    asked: Mutex<Asked>,
}

#[derive(Debug, Default)]
struct Asked {
    all: usize,
    servers: HashMap<SocketAddr, OfServer>,
    refusals: HashMap<(SocketAddr, Name, RecordType), usize>,
}

#[derive(Debug)]
struct OfServer {
    asked: usize,
    answered: usize,
    refused: usize,
    silent: usize,
    /// Closed once the server has answered.
    at_first: Arc<Semaphore>,
}

impl Default for OfServer {
    fn default() -> Self {
        let at_first = Arc::new(Semaphore::new(MOST_AT_FIRST));
        Self { asked: 0, answered: 0, refused: 0, silent: 0, at_first }
    }
}

/// The result of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Came {
    Answer,
    Refusal,
    Nothing,
}

impl Questions {
    /// For a check of this many names.
    pub(super) fn for_names(names: usize) -> Self {
        let further = names.saturating_sub(1);
        Self { limits: (MOST + FURTHER * further, MOST_OF_ONE + FURTHER_OF_ONE * further), asked: Mutex::default() }
    }

    fn asked(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().expect("nothing panics while it holds the lock")
    }

    /// Waits until `server` has answered once, or has few pending queries. Keep the permit until the query has ended.
    pub(super) async fn turn(&self, server: SocketAddr) -> Option<OwnedSemaphorePermit> {
        let at_first = self.asked().servers.entry(server).or_default().at_first.clone();
        at_first.acquire_owned().await.ok()
    }

    /// Counts a query to `server`.
    ///
    /// # Errors
    ///
    /// The server must not be queried: it refuses such queries, is silent, or has received enough queries.
    pub(super) fn take(&self, server: SocketAddr, name: &Name, kind: RecordType) -> Result<(), Unanswered> {
        let mut asked = self.asked();
        let refusals = asked.refusals.get(&(server, registered(name), kind)).copied().unwrap_or_default();
        if refusals >= MOST_REFUSALS {
            return Err(Unanswered::Refused);
        }
        let (all, of_one) = self.limits;
        let is_over = asked.all >= all;
        let known = asked.servers.entry(server).or_default();
        if known.silent >= MOST_SILENCES + known.answered / 2 {
            return Err(Unanswered::TimedOut);
        }
        let refuses = known.answered == 0 && known.refused >= MOST_REFUSALS_OF_ONE;
        if is_over || refuses || known.asked >= of_one {
            return Err(Unanswered::NotAsked);
        }
        known.asked += 1;
        asked.all += 1;
        Ok(())
    }

    /// Records the result of a query to `server`.
    pub(super) fn came(&self, came: Came, server: SocketAddr, name: &Name, kind: RecordType) {
        let mut asked = self.asked();
        let known = asked.servers.entry(server).or_default();
        match came {
            Came::Answer => {
                known.answered += 1;
                known.at_first.close();
            }
            Came::Refusal => known.refused += 1,
            Came::Nothing => known.silent += 1,
        }
        if came == Came::Refusal {
            *asked.refusals.entry((server, registered(name), kind)).or_default() += 1;
        }
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

    fn name(text: &str) -> Name {
        Name::from_ascii(text).expect("a name")
    }

    /// How many queries these servers get in total when each is tried `each` times.
    fn queries(questions: &Questions, each: usize, servers: impl IntoIterator<Item = u8>) -> usize {
        let host = name("www.shop.example.");
        let one = |last| (0..each).filter(|_| questions.take(server(last), &host, RecordType::A).is_ok()).count();
        servers.into_iter().map(one).sum()
    }

    #[test]
    fn queries_are_limited_per_server_and_in_total() {
        let questions = Questions::for_names(1);
        assert_eq!(queries(&questions, 1000, [1]), MOST_OF_ONE);
        assert_eq!(MOST_OF_ONE + queries(&questions, 1000, 2..200), MOST);
        assert_eq!(
            questions.take(server(255), &name("shop.example."), RecordType::NS),
            Err(Unanswered::NotAsked),
            "nothing is said against it"
        );
    }

    #[test]
    fn additional_names_add_to_the_queries_of_a_check() {
        let questions = Questions::for_names(97);
        assert_eq!(queries(&questions, 9999, [1]), MOST_OF_ONE + 96 * FURTHER_OF_ONE);
        assert_eq!(MOST_OF_ONE + 96 * FURTHER_OF_ONE, 792, "as docs/explanation/security.md says");
    }

    #[test]
    fn a_server_that_refused_three_times_is_not_sent_such_a_query_again() {
        let questions = Questions::for_names(1);
        let query = |of, host: &str, kind| questions.take(of, &name(host), kind);
        for host in ["a.shop.example.", "b.shop.example.", "shop.example."] {
            assert_eq!(query(server(1), "www.shop.example.", RecordType::TXT), Ok(()));
            questions.came(Came::Refusal, server(1), &name(host), RecordType::TXT);
        }
        assert_eq!(query(server(1), "www.shop.example.", RecordType::TXT), Err(Unanswered::Refused));
        for (of, host, kind) in [
            (server(2), "www.shop.example.", RecordType::TXT),
            (server(1), "www.other.example.", RecordType::TXT),
            (server(1), "www.shop.example.", RecordType::CAA),
        ] {
            assert_eq!(query(of, host, kind), Ok(()), "{of} {host} {kind}");
        }
    }

    #[test]
    fn a_server_that_refuses_every_query_is_soon_left_alone_and_one_that_answers_is_not() {
        for (answers, left) in [(false, Err(Unanswered::NotAsked)), (true, Ok(()))] {
            let questions = Questions::for_names(97);
            if answers {
                questions.came(Came::Answer, server(1), &name("good.example."), RecordType::NS);
            }
            for domain in 0..MOST_REFUSALS_OF_ONE {
                let domain = name(&format!("shop-{domain}.example."));
                assert_eq!(questions.take(server(1), &domain, RecordType::NS), Ok(()));
                questions.came(Came::Refusal, server(1), &domain, RecordType::NS);
            }
            assert_eq!(questions.take(server(1), &name("last.example."), RecordType::NS), left);
        }
    }

    #[test]
    fn a_silent_server_is_queried_three_times_and_one_that_answers_in_between_longer() {
        for (answers, more) in [(0, 0), (1, 0), (10, 5)] {
            let questions = Questions::for_names(97);
            let host = name("www.shop.example.");
            (0..answers).for_each(|_| questions.came(Came::Answer, server(1), &host, RecordType::A));
            for _ in 0..MOST_SILENCES + more {
                assert_eq!(questions.take(server(1), &host, RecordType::A), Ok(()));
                questions.came(Came::Nothing, server(1), &host, RecordType::A);
            }
            assert_eq!(questions.take(server(1), &host, RecordType::A), Err(Unanswered::TimedOut), "{answers}");
        }
    }

    #[tokio::test]
    async fn a_server_that_has_not_answered_yet_gets_few_queries_at_a_time() {
        let questions = Questions::for_names(97);
        let mut kept = Vec::new();
        for _ in 0..MOST_AT_FIRST {
            kept.push(questions.turn(server(1)).await.expect("one of the first"));
        }
        let waits = questions.turn(server(1));
        tokio::pin!(waits);
        assert!(futures::poll!(&mut waits).is_pending());
        questions.came(Came::Answer, server(1), &name("shop.example."), RecordType::SOA);
        assert!(waits.await.is_none() && questions.turn(server(1)).await.is_none(), "nobody waits any more");
    }
}
