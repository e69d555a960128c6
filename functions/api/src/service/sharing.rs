use domain::endpoint::{DEFAULT_LIFE, Endpoint, EventKind, LONGEST_LIFE, Share, ShareToken};
use domain::ports::{EndpointReader, ShareLinks};
use time::{Duration, OffsetDateTime};
use vocabulary::names::{Caller, Origin};
use vocabulary::text::counted;
use wire::{EndpointView, NewShare};

use super::{Ports, Service, act, random, sha256};
use crate::http::problem::Problem;
use crate::views::{ToWire, message};

/// Open links of one endpoint at a time.
const MOST_LINKS: usize = 50;

impl<P: Ports> Service<P> {
    /// Makes a link to the domain owner's page. `base_url` has no slash at its end.
    pub(crate) async fn share(
        &self,
        caller: &Caller,
        reference: &str,
        life: Option<Duration>,
        base_url: &str,
        now: OffsetDateTime,
    ) -> Result<NewShare, Problem> {
        let endpoint = self.find(caller, reference).await?;
        let life = life.unwrap_or(DEFAULT_LIFE);
        if life < Duration::DAY || life > LONGEST_LIFE {
            let detail = format!("A link works for 1 to {} days.", LONGEST_LIFE.whole_days());
            return Err(Problem::invalid_field("expires_in_days", detail));
        }
        if self.store().links(&endpoint.id, now).await?.len() >= MOST_LINKS {
            let detail = format!("{} has {MOST_LINKS} open links.", endpoint.names.primary());
            let remedy = "Revoke those that are no longer used.";
            return Err(Problem::conflict("too-many-links", "There are too many links", detail, remedy));
        }
        let token = ShareToken::from_random(endpoint.id.clone(), random()).expose();
        let share =
            Share { id: sha256(&token), created_by: caller.origin.clone(), created_at: now, expires_at: now + life };
        let summary = format!(
            "Link {} to the domain owner's page created, valid for {}.",
            short(&share.id),
            counted(life.whole_days().unsigned_abs(), "day")
        );
        let event = act(EventKind::LinkCreated, &caller.origin, summary, now);
        self.store().create(&endpoint.id, &share, &event).await?;
        let url = format!("{base_url}/records/{token}");
        let view = self.view(&endpoint, now).await?;
        let mail = message(&view, &self.installation.brand, &url, Some(share.expires_at));
        Ok(NewShare { share: share.to_wire(), url, mail: Some(mail) })
    }

    /// The links that are open.
    pub(crate) async fn shares(
        &self,
        caller: &Caller,
        reference: &str,
        now: OffsetDateTime,
    ) -> Result<Vec<Share>, Problem> {
        let endpoint = self.find(caller, reference).await?;
        let links = self.store().links(&endpoint.id, now).await?;
        Ok(links.into_iter().map(|link| Share { created_by: link.created_by.seen_by(&caller.scope), ..link }).collect())
    }

    pub(crate) async fn revoke_share(
        &self,
        caller: &Caller,
        reference: &str,
        share: &str,
        now: OffsetDateTime,
    ) -> Result<(), Problem> {
        let endpoint = self.find(caller, reference).await?;
        if !is_share_id(share) {
            return Err(Problem::unknown_link());
        }
        let event = act(EventKind::LinkRevoked, &caller.origin, format!("Link {} revoked.", short(share)), now);
        match self.store().revoke(&endpoint.id, share, &event).await? {
            true => Ok(()),
            false => Err(Problem::unknown_link()),
        }
    }

    /// What the domain owner's page shows.
    pub(crate) async fn shared(&self, token: &str, now: OffsetDateTime) -> Result<EndpointView, Problem> {
        let (endpoint, _) = self.open_link(token, now).await?;
        self.view(&endpoint, now).await
    }

    /// Checks the endpoint that a link opens.
    pub(crate) async fn check_shared(
        &self,
        token: &str,
        address: Option<&str>,
        now: OffsetDateTime,
    ) -> Result<EndpointView, Problem> {
        let (endpoint, share) = self.open_link(token, now).await?;
        self.count_check_of(&endpoint.tenant, endpoint.names.iter().count(), now).await?;
        let who = format!("link {}", short(&share.id));
        let by = Origin { who, address: address.map(ToOwned::to_owned), operator: false };
        self.check_in_turn(&endpoint, &by, now).await
    }

    /// The endpoint that a link opens. Whatever is wrong with the link, the answer is the same.
    async fn open_link(&self, token: &str, now: OffsetDateTime) -> Result<(Endpoint, Share), Problem> {
        let parsed: ShareToken = token.parse().map_err(|_| Problem::unknown_link())?;
        let share = self.store().link(&parsed.endpoint, &sha256(parsed.expose())).await?;
        let share = share.filter(|share| share.is_open(now)).ok_or_else(Problem::unknown_link)?;
        let endpoint = self.store().find(&parsed.endpoint).await?.filter(|endpoint| !endpoint.removing);
        Ok((endpoint.ok_or_else(Problem::unknown_link)?, share))
    }
}

/// Enough of a link's id to distinguish it from the others.
fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

fn is_share_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::checking::BETWEEN_CHECKS;
    use crate::service::fixture::Fixture;
    use domain::ports::AuditTrail;

    impl Fixture {
        /// The token of a new link, and the link's id.
        async fn link(&self, life: Option<Duration>) -> (String, String) {
            let id = self.endpoint.id.as_str();
            let made = self.service.share(&self.operator, id, life, "https://api.example", self.now).await;
            let made = made.expect("made");
            let token = made.url.strip_prefix("https://api.example/records/").expect("the domain owner's page");
            (token.to_owned(), made.share.id)
        }
    }

    #[tokio::test]
    async fn a_link_shows_its_endpoint_until_it_expires() {
        let fixture = Fixture::new().await;
        let (token, _) = fixture.link(Some(Duration::DAY)).await;
        let shown = fixture.service.shared(&token, fixture.now + Duration::DAY - Duration::SECOND).await.expect("open");
        assert_eq!(shown.id, fixture.endpoint.id.as_str());
        let expired = fixture.service.shared(&token, fixture.now + Duration::DAY).await.expect_err("expired");
        assert_eq!(expired, Problem::unknown_link());
    }

    #[tokio::test]
    async fn whatever_is_wrong_with_a_link_the_answer_is_the_same() {
        let fixture = Fixture::new().await;
        let (revoked, id) = fixture.link(None).await;
        fixture
            .service
            .revoke_share(&fixture.operator, fixture.endpoint.id.as_str(), &id, fixture.now)
            .await
            .expect("revoked");
        let never = ShareToken::from_random(fixture.endpoint.id.clone(), [0; 32]).expose();
        let elsewhere = ShareToken::from_random(vocabulary::names::EndpointId::from_random([9; 16]), [0; 32]).expose();
        let (open, _) = fixture.link(None).await;
        for bad in [revoked, never, elsewhere, String::new(), "x.y".into(), format!("{open}A"), open.to_uppercase()] {
            assert_eq!(fixture.service.shared(&bad, fixture.now).await.expect_err("no link"), Problem::unknown_link());
            let checked = fixture.service.check_shared(&bad, None, fixture.now).await;
            assert_eq!(checked.expect_err("no link"), Problem::unknown_link());
        }
        assert!(fixture.service.ports.prober.take().is_empty(), "nothing is checked for a link that is none");
        fixture
            .service
            .remove(&fixture.operator, fixture.endpoint.id.as_str(), None, fixture.now)
            .await
            .expect("going");
        assert_eq!(fixture.service.shared(&open, fixture.now).await.expect_err("going"), Problem::unknown_link());
    }

    #[tokio::test]
    async fn a_check_through_a_link_is_limited_and_recorded_under_the_link() {
        let fixture = Fixture::new().await;
        let (token, id) = fixture.link(None).await;
        let first = fixture.service.check_shared(&token, Some("192.0.2.9"), fixture.now).await.expect("checked");
        assert_eq!(first.dns.checked_at, Some(fixture.now));
        // Two who ask too soon wait; one of them checks, and both see what it found.
        let soon = fixture.now + BETWEEN_CHECKS - Duration::MILLISECOND;
        let (second, third) = tokio::join!(
            fixture.service.check_shared(&token, Some("192.0.2.9"), soon),
            fixture.service.check_shared(&token, Some("192.0.2.9"), soon),
        );
        for view in [second, third] {
            assert_eq!(
                view.expect("answered").dns.checked_at,
                Some(soon + BETWEEN_CHECKS),
                "by a check after they had asked"
            );
        }
        assert_eq!(fixture.service.ports.prober.take().len(), 2);

        let told = fixture.service.store().events(&fixture.endpoint.id, None, 9).await.expect("in memory");
        let checks: Vec<_> = told.iter().filter(|event| event.kind == EventKind::Checked).collect();
        assert_eq!(checks.len(), 1, "the third found what the first had found");
        let who = format!("link {}", short(&id));
        let by = Origin { who, address: Some("192.0.2.9".into()), operator: false };
        assert_eq!(checks[0].by, by);
        assert!(told.iter().all(|event| !event.summary.contains(&token)), "a token is in no event");
    }
}
