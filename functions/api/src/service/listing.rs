use std::collections::{BTreeMap, BinaryHeap};

use domain::endpoint::{Endpoint, EndpointStatus};
use domain::ports::{EndpointReader, Position, Registry};
use domain::status::status_of;
use time::{Date, Duration, OffsetDateTime};
use vocabulary::names::{Caller, Scope};
use wire::{AttentionGroup, EndpointList, EndpointView, Overview, Renewal, RenewalDay, StatusCount};

use super::grouping::Groups;
use super::{Ports, Service};
use crate::http::problem::Problem;
use crate::http::query::{Cursor, EndpointQuery, Filter, Sort, Urgency};
use crate::views::ToWire;

/// Endpoints read at once where all are read.
const READ_AT_ONCE: u32 = 1000;
/// Endpoints read for one page that is filtered: a page may be short, and not be the last.
const MOST_READ_FOR_A_PAGE: usize = 5_000;
/// Endpoints read where all of them have to be: an overview, and the order by attention.
const MOST_READ_IN_ALL: usize = 20_000;
/// What an overview shows of its kinds.
const MOST_ATTENTION: usize = 20;
const MOST_RENEWALS: usize = 50;
const DAYS_AHEAD: i64 = 90;

impl<P: Ports> Service<P> {
    pub(crate) async fn list(
        &self,
        caller: &Caller,
        query: &EndpointQuery,
        now: OffsetDateTime,
    ) -> Result<EndpointList, Problem> {
        let (scope, filter, limit) = (query.scope(caller)?, query.filter()?, query.limit()? as usize);
        match (query.sort, query.cursor()?) {
            (Sort::Domain, Some(Cursor::Domain(after))) => {
                self.list_by_domain(&scope, &filter, Some(after), limit, now).await
            }
            (Sort::Domain, _) => self.list_by_domain(&scope, &filter, None, limit, now).await,
            (Sort::Attention, Some(Cursor::Attention(after))) => {
                self.list_by_attention(&scope, &filter, Some(after), limit, now).await
            }
            (Sort::Attention, _) => self.list_by_attention(&scope, &filter, None, limit, now).await,
        }
    }

    async fn list_by_domain(
        &self,
        scope: &Scope,
        filter: &Filter,
        mut after: Option<Position>,
        limit: usize,
        now: OffsetDateTime,
    ) -> Result<EndpointList, Problem> {
        // One more than the page has tells whether there is another one.
        let at_once = if filter.is_open() { u32::try_from(limit + 1).unwrap_or(READ_AT_ONCE) } else { READ_AT_ONCE };
        let (mut endpoints, mut read) = (Vec::new(), 0);
        let next = 'pages: loop {
            let page = self.store().list(scope, after.as_ref(), at_once).await?;
            read += page.endpoints.len();
            for endpoint in &page.endpoints {
                if endpoints.len() == limit {
                    break 'pages after;
                }
                after = Some(Position::of(endpoint));
                if filter.takes(endpoint, &status_of(endpoint, now), now) {
                    endpoints.push(self.view_with(endpoint, None, now));
                }
            }
            match page.next {
                None => break None,
                next if read >= MOST_READ_FOR_A_PAGE => break next,
                next => after = next,
            }
        };
        let next_cursor = next.map(|position| Cursor::Domain(position).write());
        Ok(EndpointList { endpoints, next_cursor, truncated: false })
    }

    async fn list_by_attention(
        &self,
        scope: &Scope,
        filter: &Filter,
        after: Option<Urgency>,
        limit: usize,
        now: OffsetDateTime,
    ) -> Result<EndpointList, Problem> {
        let mut first = First::new(limit + 1);
        let truncated = self
            .walk(scope, |endpoint| {
                let report = status_of(&endpoint, now);
                let urgency = Urgency::of(&endpoint, &report);
                if after.as_ref().is_none_or(|after| urgency > *after) && filter.takes(&endpoint, &report, now) {
                    first.offer(urgency, endpoint);
                }
            })
            .await?;
        let mut found = first.in_order();
        let more = found.len() > limit;
        found.truncate(limit);
        let next_cursor = found.last().filter(|_| more).map(|(urgency, _)| Cursor::Attention(urgency.clone()).write());
        Ok(EndpointList { endpoints: self.views(found, now), next_cursor, truncated })
    }

    pub(crate) async fn overview(&self, caller: &Caller, now: OffsetDateTime) -> Result<Overview, Problem> {
        let mut counts: BTreeMap<EndpointStatus, usize> =
            EndpointStatus::ALL.into_iter().map(|status| (status, 0)).collect();
        let (mut urgent, mut next) = (First::new(MOST_ATTENTION), First::new(MOST_RENEWALS));
        let (mut groups, mut days) = (Groups::default(), BTreeMap::<Date, usize>::new());
        let truncated = self
            .walk(&caller.scope, |endpoint| {
                let report = status_of(&endpoint, now);
                *counts.entry(report.status).or_default() += 1;
                if let Some(held) = endpoint.certificate.as_ref().filter(|_| !endpoint.removing) {
                    let (domain, id) = (endpoint.names.primary().to_string(), endpoint.id.to_string());
                    next.offer((held.renew_at, domain, id), ());
                    let day = held.renew_at.max(now).date();
                    if day < now.date().saturating_add(Duration::days(DAYS_AHEAD)) {
                        *days.entry(day).or_default() += 1;
                    }
                }
                if !matches!(report.status, EndpointStatus::Ready | EndpointStatus::Paused | EndpointStatus::Issuing) {
                    let urgency = Urgency::of(&endpoint, &report);
                    groups.add(&urgency, &endpoint, &report, now);
                    urgent.offer(urgency, endpoint);
                }
            })
            .await?;
        let renewals = next.in_order().into_iter().map(|((at, domain, id), ())| Renewal { id, domain, at });
        Ok(Overview {
            total: counts.values().sum(),
            statuses: counts
                .into_iter()
                .map(|(status, count)| StatusCount { status: status.to_wire().into(), count })
                .collect(),
            attention: self.views(urgent.in_order(), now),
            groups: self.groups(groups, now).await?,
            renewal_days: days.into_iter().map(|(day, count)| RenewalDay { day: day.to_string(), count }).collect(),
            orders_per_day: self.installation.orders_per_day,
            renewals: renewals.collect(),
            truncated,
        })
    }

    /// The groups, each with its most urgent endpoint as it is now.
    async fn groups(&self, groups: Groups, now: OffsetDateTime) -> Result<Vec<AttentionGroup>, Problem> {
        let shown = groups.in_order(MOST_ATTENTION).into_iter().map(async |(count, cause, id)| {
            let first = self.store().find(&id).await?;
            Ok::<_, Problem>(first.map(|first| {
                let first = self.view_with(&first, None, now);
                AttentionGroup { count, cause, first }
            }))
        });
        Ok(futures::future::try_join_all(shown).await?.into_iter().flatten().collect())
    }

    fn views(&self, endpoints: Vec<(Urgency, Endpoint)>, now: OffsetDateTime) -> Vec<EndpointView> {
        endpoints.iter().map(|(_, endpoint)| self.view_with(endpoint, None, now)).collect()
    }

    /// Reads every endpoint of the scope, up to [`MOST_READ_IN_ALL`]. True if there are more.
    async fn walk(&self, scope: &Scope, mut each: impl FnMut(Endpoint) + Send) -> Result<bool, Problem> {
        let (mut after, mut read) = (None, 0);
        loop {
            let page = self.store().list(scope, after.as_ref(), READ_AT_ONCE).await?;
            for endpoint in page.endpoints {
                if read == MOST_READ_IN_ALL {
                    return Ok(true);
                }
                read += 1;
                each(endpoint);
            }
            after = page.next;
            if after.is_none() {
                return Ok(false);
            }
        }
    }
}

/// The first few of many, without keeping the others.
struct First<K, V> {
    most: usize,
    /// The last of the first on top: the one that goes when an earlier one comes.
    heap: BinaryHeap<Ranked<K, V>>,
}

struct Ranked<K, V> {
    key: K,
    value: V,
}

impl<K: Ord, V> Ord for Ranked<K, V> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key.cmp(&other.key)
    }
}

impl<K: Ord, V> PartialOrd for Ranked<K, V> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<K: Ord, V> PartialEq for Ranked<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<K: Ord, V> Eq for Ranked<K, V> {}

impl<K: Ord, V> First<K, V> {
    fn new(most: usize) -> Self {
        Self { most, heap: BinaryHeap::new() }
    }

    fn offer(&mut self, key: K, value: V) {
        if self.heap.len() == self.most {
            match self.heap.peek() {
                Some(last) if key < last.key => self.heap.pop(),
                _ => return,
            };
        }
        self.heap.push(Ranked { key, value });
    }

    fn in_order(self) -> Vec<(K, V)> {
        self.heap.into_sorted_vec().into_iter().map(|ranked| (ranked.key, ranked.value)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_many_are_kept_in_order_whatever_order_they_come_in() {
        let mut first = First::new(3);
        [5, 1, 9, 3, 7, 2].into_iter().for_each(|n| first.offer(n, n * 10));
        assert_eq!(first.in_order(), [(1, 10), (2, 20), (3, 30)]);
        let mut none = First::new(0);
        none.offer(1, ());
        assert!(none.in_order().is_empty());
    }
}
