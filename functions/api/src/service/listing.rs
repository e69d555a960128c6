use domain::endpoint::{Endpoint, EndpointStatus};
use domain::overview::{First, Groups, Summary, Urgency};
use domain::ports::{EndpointPage, Position, Registry};
use domain::status::status_of;
use time::OffsetDateTime;
use vocabulary::names::{Caller, EndpointId, Scope};
use wire::{AttentionGroup, EndpointList, EndpointView, Overview, Renewal, RenewalDay, StatusCount};

use super::summing_up::SummedUp;
use super::{Ports, Service};
use crate::http::problem::Problem;
use crate::http::query::{Cursor, EndpointQuery, Filter, Sort};
use crate::views::{ToWire, tenant_figures};

/// Endpoints read at once where all are read.
const READ_AT_ONCE: u32 = 1000;
/// Endpoints read for one page that is filtered: a page may be short, and not be the last.
const MOST_READ_FOR_A_PAGE: usize = 5_000;
/// Endpoints read where all of them have to be: an overview, and the order by attention.
const MOST_READ_IN_ALL: usize = 20_000;
/// Endpoints, and causes, that an overview shows. Each costs a read unit of DynamoDB, and a whole overview less than fifty.
const MOST_ATTENTION: usize = 12;
/// Tenants whose figures an overview shows.
const MOST_TENANTS: usize = 20;

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
        // One more than the page shows whether there is another page.
        let at_once =
            if filter.takes_all_that_begin() { u32::try_from(limit + 1).unwrap_or(READ_AT_ONCE) } else { READ_AT_ONCE };
        let (mut endpoints, mut read) = (Vec::new(), 0);
        let next = 'pages: loop {
            let page = self.page(scope, filter.prefix(), after.as_ref(), at_once).await?;
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
        if filter.is_open()
            && let Some(summed) = self.summed_up(scope, now).await?
        {
            return self.list_of_summary(summed, after, limit, now).await;
        }
        let mut first = First::new(limit + 1);
        let truncated = self
            .walk(scope, filter.prefix(), |endpoint| {
                let report = status_of(&endpoint, now);
                let urgency = Urgency::of(&endpoint, &report);
                if after.as_ref().is_none_or(|after| urgency > *after) && filter.takes(&endpoint, &report, now) {
                    first.offer(urgency, endpoint);
                }
            })
            .await?;
        let mut found: Vec<_> = first.in_order().collect();
        let more = found.len() > limit;
        found.truncate(limit);
        let next_cursor = found.last().filter(|_| more).map(|(urgency, _)| Cursor::Attention(urgency.clone()).write());
        let endpoints = found.iter().map(|(_, endpoint)| self.view_with(endpoint, None, now)).collect();
        Ok(EndpointList { endpoints, next_cursor, truncated })
    }

    /// A page of the endpoints that needed attention when all were last summed up, in their current state.
    async fn list_of_summary(
        &self,
        summed: SummedUp,
        after: Option<Urgency>,
        limit: usize,
        now: OffsetDateTime,
    ) -> Result<EndpointList, Problem> {
        let known = summed.summary.urgent.in_order().map(|(urgency, ())| urgency);
        let mut page: Vec<_> =
            known.filter(|one| after.as_ref().is_none_or(|after| one > after)).take(limit + 1).collect();
        let more = page.len() > limit;
        page.truncate(limit);
        let next_cursor = page.last().filter(|_| more).map(|urgency| Cursor::Attention(urgency.clone()).write());
        let endpoints = self.as_now(page.iter().map(|urgency| &urgency.endpoint), &summed.read, now).await?;
        // The rest of the list is not in the summary: endpoints with a certificate and nothing to do.
        Ok(EndpointList { endpoints, next_cursor, truncated: !more })
    }

    pub(crate) async fn overview(&self, caller: &Caller, now: OffsetDateTime) -> Result<Overview, Problem> {
        let (summary, as_of, read, truncated) = match self.summed_up(&caller.scope, now).await? {
            Some(SummedUp { summary, as_of, read }) => (summary, Some(as_of), read, false),
            None => {
                let mut summary = Summary::default();
                let add = |endpoint: Endpoint| summary.add(&endpoint, &status_of(&endpoint, now), now);
                let truncated = self.walk(&caller.scope, None, add).await?;
                (summary, None, Vec::new(), truncated)
            }
        };
        let (total, counts) = (summary.total(), summary.counts);
        let count = |status: EndpointStatus| counts.get(&status).copied().unwrap_or_default();
        let statuses =
            EndpointStatus::ALL.map(|status| StatusCount { status: status.to_wire().into(), count: count(status) });
        let urgent: Vec<_> =
            summary.urgent.in_order().take(MOST_ATTENTION).map(|(urgency, ())| urgency.endpoint).collect();
        let renewals = summary.renewals.in_order();
        let renewals =
            renewals.map(|(next, ())| Renewal { id: next.endpoint.to_string(), domain: next.domain, at: next.at });
        let (attention, groups) =
            futures::try_join!(self.as_now(urgent.iter(), &read, now), self.groups(summary.groups, &read, now))?;
        Ok(Overview {
            total,
            statuses: statuses.into(),
            attention,
            groups,
            renewal_days: summary
                .renewal_days
                .into_iter()
                .map(|(day, count)| RenewalDay { day: day.to_string(), count })
                .collect(),
            orders_per_day: self.installation.orders.as_ref().map(|orders| orders.limit.per_day()),
            renewals: renewals.collect(),
            tenants: summary.tenants.largest(MOST_TENANTS).iter().map(tenant_figures).collect(),
            as_of,
            truncated,
        })
    }

    /// The groups, each with its most urgent endpoint as it is now.
    async fn groups(
        &self,
        groups: Groups,
        read: &[Endpoint],
        now: OffsetDateTime,
    ) -> Result<Vec<AttentionGroup>, Problem> {
        let groups = groups.in_order(MOST_ATTENTION);
        let found = self.find_shown(groups.iter().map(|group| &group.urgency.endpoint), read).await?;
        let shown = groups.into_iter().filter_map(|group| {
            let first = found.iter().find(|endpoint| endpoint.id == group.urgency.endpoint)?;
            let first = self.view_with(first, None, now);
            Some(AttentionGroup { count: group.count, cause: group.cause, at_fault: group.at_fault, first })
        });
        Ok(shown.collect())
    }

    /// The endpoints that still need attention.
    async fn as_now(
        &self,
        ids: impl Iterator<Item = &EndpointId>,
        read: &[Endpoint],
        now: OffsetDateTime,
    ) -> Result<Vec<EndpointView>, Problem> {
        let mut found: Vec<_> = self
            .find_shown(ids, read)
            .await?
            .into_iter()
            .map(|endpoint| (Urgency::of(&endpoint, &status_of(&endpoint, now)), endpoint))
            .filter(|(urgency, _)| urgency.needs_attention())
            .collect();
        found.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(found.iter().map(|(_, endpoint)| self.view_with(endpoint, None, now)).collect())
    }

    /// The endpoints to show; those in `read` are taken from there, as they are the newest.
    async fn find_shown(
        &self,
        ids: impl Iterator<Item = &EndpointId>,
        read: &[Endpoint],
    ) -> Result<Vec<Endpoint>, Problem> {
        let ids: Vec<_> = ids.cloned().collect();
        let (known, others): (Vec<_>, Vec<_>) = ids.into_iter().partition(|id| read.iter().any(|one| one.id == *id));
        let known = read.iter().filter(|one| known.contains(&one.id)).cloned();
        Ok(known.chain(self.store().find_all(&others).await?).collect())
    }

    async fn page(
        &self,
        scope: &Scope,
        prefix: Option<&str>,
        after: Option<&Position>,
        limit: u32,
    ) -> Result<EndpointPage, Problem> {
        Ok(match prefix {
            Some(prefix) => self.store().search(scope, prefix, after, limit).await?,
            None => self.store().list(scope, after, limit).await?,
        })
    }

    /// Reads every endpoint of the scope whose domain begins with `prefix`, up to [`MOST_READ_IN_ALL`]. True if there are more.
    async fn walk(
        &self,
        scope: &Scope,
        prefix: Option<&str>,
        mut each: impl FnMut(Endpoint) + Send,
    ) -> Result<bool, Problem> {
        let (mut after, mut read) = (None, 0);
        loop {
            let page = self.page(scope, prefix, after.as_ref(), READ_AT_ONCE).await?;
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
