//! How many questions one check may ask, so that a check is no weapon against name servers.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Mutex;

/// For a check of one name. One whose record is wrong takes about sixty, with what stands around it and signatures.
const MOST: usize = 600;
/// Of one server. Small zones have all their records at each of two servers.
const MOST_OF_ONE: usize = 120;
/// More for each further name, which has records of its own.
const FURTHER: usize = 60;
const FURTHER_OF_ONE: usize = 24;

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
    fn further_names_have_questions_of_their_own() {
        let questions = Questions::for_names(97);
        assert_eq!((0..9999).filter(|_| questions.take(server(1))).count(), MOST_OF_ONE + 96 * FURTHER_OF_ONE);
    }
}
