//! Which zone a name lies in, and which servers serve it.

use hickory_resolver::proto::rr::{Name, RecordType};
use vocabulary::dns::Unanswered;

use super::recursion::{Recursion, Step};
use super::zone::{Cut, Located, Zone, is_public_suffix};

/// The closest zone above a name, and why no closer one was found.
pub(super) struct Nearest {
    pub zone: Zone,
    pub nxdomain: bool,
    pub failed: Option<Unanswered>,
}

impl Recursion {
    /// Finds the zone that `name` lies in.
    pub(crate) async fn locate(&self, name: &Name) -> Located {
        let Nearest { zone, nxdomain, failed } = self.nearest(name, &[]).await;
        match failed {
            _ if !is_public_suffix(&zone.apex) || zone.apex == *name => Located::Zone(zone),
            Some(why) => Located::Unknown(why),
            // A suffix that is not a zone of its own (`chiyoda.tokyo.jp`) is served with the zone around it.
            None if is_public_suffix(name) => Located::Zone(zone),
            None => Located::Absent { nxdomain },
        }
    }

    /// The zone that has the record at `name`. If `name` is a challenge name that is its own zone, the servers of the zone
    /// around it say so.
    pub(crate) async fn locate_around(&self, name: &Name) -> Located {
        match name.iter().next().is_some_and(|label| label.starts_with(b"_")) {
            true => self.locate(&name.base_name()).await,
            false => self.locate(name).await,
        }
    }

    /// Descends from the root, label by label. `path` are the name servers that wait for this lookup.
    pub(super) async fn nearest(&self, name: &Name, path: &[Name]) -> Nearest {
        let mut nearest = Nearest { zone: self.root(), nxdomain: false, failed: None };
        let all = name.iter().count();
        let mut labels = 1;
        while labels <= all {
            let candidate = name.trim_to(labels);
            let mut step = self.step(&nearest.zone, &candidate).await;
            if matches!(step, Step::NoSuchName) && labels < all {
                // Some servers deny names that have only names below them (against RFC 8020); resolvers cope with that.
                step = self.step(&nearest.zone, name).await;
                if matches!(step, Step::Inside) {
                    break;
                }
            }
            match step {
                Step::Below(cut) => {
                    labels = cut.apex.iter().count();
                    let mut servers = self.servers(&cut, path).await;
                    if cut.is_own && servers.iter().all(|server| server.address.is_err()) {
                        // Their addresses are in the zone itself, which the parent's servers serve as well.
                        servers = nearest.zone.servers;
                    }
                    nearest = Nearest { zone: Zone { apex: cut.apex, servers }, nxdomain: false, failed: None };
                }
                Step::Inside => {}
                Step::NoSuchName => {
                    nearest.nxdomain = true;
                    break;
                }
                Step::Failed(why) => {
                    // A server that refuses may still know the zone below; a silent server is silent for all names.
                    let is_over = !matches!(why, Unanswered::Refused | Unanswered::NotAuthoritative);
                    nearest.failed.get_or_insert(why);
                    if is_over {
                        break;
                    }
                }
            }
            labels += 1;
        }
        nearest
    }

    /// Whether the root answers. It is queried even after the time for all other queries is over.
    pub(crate) async fn root_answers(&self) -> bool {
        let root = self.root();
        let asked = self.again().ask_any(&root, &root.apex, RecordType::SOA, false, |_| Ok(())).await;
        asked.is_ok()
    }

    /// The name servers that the parent of `zone` names for it, sorted; none if the parent does not delegate it.
    ///
    /// # Errors
    ///
    /// No server of the parent answers, or none is known.
    pub(crate) async fn delegated(&self, zone: &Name) -> Result<Vec<String>, Unanswered> {
        let above = self.nearest(&zone.base_name(), &[]).await;
        match self.step(&above.zone, zone).await {
            Step::Below(cut) if cut.apex == *zone => Ok(cut.names()),
            Step::Below(_) | Step::Inside | Step::NoSuchName => Ok(Vec::new()),
            Step::Failed(why) => Err(why),
        }
    }

    /// The name servers in the zone's own NS records, from the first of its servers that answers; sorted.
    pub(crate) async fn names_itself(&self, zone: &Zone) -> Option<Vec<Name>> {
        let message = self.ask_any(zone, &zone.apex, RecordType::NS, false, |message| self.says(message)).await.ok()?;
        let cut = Cut::new(zone.apex.clone(), message.answers.iter(), &message.additionals);
        (!cut.hosts.is_empty()).then(|| {
            let mut hosts = cut.hosts;
            hosts.sort();
            hosts.dedup();
            hosts
        })
    }
}
