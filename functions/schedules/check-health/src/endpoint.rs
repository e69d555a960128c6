//! The check of one endpoint.

use diagnosis::report::{CheckReport, CheckSummary};
use domain::acts::notify::tell;
use domain::alert::NotificationPolicy;
use domain::alert::notifications::decide;
use domain::endpoint::{Endpoint, Event, EventKind, Health, SymptomKind};
use domain::health::{AtListener, InAcm, Seen, pace};
use domain::ports::{
    CertificateInspector, Destinations, HealthIndex, Listeners, Notifier, Prober, ServiceFault, SharedCauses, Sight,
};
use futures::future::join_all;
use time::{Duration, OffsetDateTime};
use vocabulary::certificate::{CertificateCopy, InstalledCertificate, ListenerArn, Region, Target};
use vocabulary::dns::Platform;
use vocabulary::names::{EndpointId, Origin};

/// What a check needs, and the channels of its notifications.
pub struct Ports<'a, S, L, C, N, U> {
    pub store: &'a S,
    pub prober: &'a L,
    pub destinations: &'a C,
    pub notifier: &'a N,
    pub causes: &'a U,
}

/// What the installation was deployed with.
#[derive(Clone, Debug)]
pub struct Settings {
    pub platform: Platform,
    /// The time between two checks of an endpoint, unless its certificate is short-lived.
    pub longest: Duration,
    /// Base URL of the links in messages.
    pub dashboard: Option<String>,
    /// How long a new endpoint may wait for its first DNS records before anybody is notified.
    pub setup_patience: Duration,
}

/// The outcome of an endpoint's check.
pub(crate) enum Checked {
    Kept {
        ailing: bool,
        another_served: bool,
        /// What the certificate has left of its lifetime, in whole percent.
        life_left: u32,
        told: u32,
    },
    /// It has changed since it was read, or is about to: an attempt is at work on it.
    Busy,
}

/// Checks the endpoint, stores the result, and notifies people of what is news: in this order, so that they can read about
/// it. After a crash in between the next check does that, as the stored notifications do not have the message yet.
pub(crate) async fn check<S, L, C, N, U>(
    ports: &Ports<'_, S, L, C, N, U>,
    settings: &Settings,
    id: &EndpointId,
    now: OffsetDateTime,
) -> Result<Checked, ServiceFault>
where
    S: HealthIndex + Sync,
    L: Prober + Sync,
    C: Destinations<Certificates: CertificateInspector> + Sync,
    N: Notifier + Sync,
    U: SharedCauses + Sync,
{
    let Some(mut endpoint) = ports.store.find(id).await? else { return Ok(Checked::Busy) };
    let Some(held) = endpoint.certificate.clone().filter(|_| !endpoint.removing && endpoint.lease_until.is_none())
    else {
        return Ok(Checked::Busy);
    };
    let subject = endpoint.subject(&settings.platform);
    let places = places(ports.destinations, &endpoint, &held);
    let (report, places) = futures::join!(ports.prober.probe(&subject, now), places);
    let sight = sight(&endpoint, &held, report, &places, settings.longest, now);
    if !ports.store.record_health(&endpoint, &sight).await? {
        return Ok(Checked::Busy);
    }
    let ailing = sight.health.confirmed().next().is_some();
    let another_served = sight.health.confirmed().any(|symptom| symptom.kind == SymptomKind::AnotherServed);
    (endpoint.health, endpoint.check) = (Some(sight.health), Some(sight.summary));
    let dashboard = settings.dashboard.as_deref();
    let decision = decide(&endpoint, now, &NotificationPolicy { dashboard, setup_patience: settings.setup_patience });
    tell(ports.notifier, ports.causes, &endpoint, &decision, dashboard, now).await?;
    if decision.notifications != endpoint.told || endpoint.unsent.is_some() {
        // Another run may have sent the same in the meantime; then its record is kept.
        ports.store.save_notified(&endpoint, &decision.notifications).await?;
    }
    let told = u32::try_from(decision.alerts.len()).unwrap_or(u32::MAX);
    Ok(Checked::Kept { ailing, another_served, life_left: life_left(&held, now), told })
}

/// Rounded down, so that it is under a tenth exactly when it is less than 10.
fn life_left(held: &InstalledCertificate, now: OffsetDateTime) -> u32 {
    let (life, left) = ((held.not_after - held.not_before).whole_seconds(), (held.not_after - now).whole_seconds());
    u32::try_from(left.saturating_mul(100) / life.max(1)).unwrap_or(0)
}

/// Where the certificate is, as far as that could be seen.
struct Places {
    home: InAcm,
    copies: Vec<(CertificateCopy, InAcm)>,
    listeners: Vec<(ListenerArn, AtListener)>,
}

/// One check for the certificate, one for each additional region, and one for each listener that is known to have it.
async fn places<D>(destinations: &D, endpoint: &Endpoint, held: &InstalledCertificate) -> Places
where
    D: Destinations<Certificates: CertificateInspector> + Sync,
{
    let place = |region: &Region| endpoint.deployment.place(region);
    let home = in_acm(destinations, place(destinations.home()), &held.arn);
    let copies = held.copies.iter().map(async |copy| {
        let seen = in_acm(destinations, place(&copy.region), &copy.arn).await;
        (copy.clone(), seen)
    });
    // An attempt is at work on listeners that are yet to be attached, and its failure says so.
    let wanted = &endpoint.deployment.listeners;
    let attached =
        held.listeners.iter().filter(|known| known.attached_at.is_some() && wanted.contains(&known.listener));
    let listeners = attached.map(async |known| {
        let listener = &known.listener;
        let seen = at_listener(destinations, place(listener.region()), listener, held.arn_in(listener.region())).await;
        (listener.clone(), seen)
    });
    let (home, copies, listeners) = futures::join!(home, join_all(copies), join_all(listeners));
    Places { home, copies, listeners }
}

/// An ACM that does not answer says nothing of the certificate.
async fn in_acm<D>(destinations: &D, place: Target, arn: &str) -> InAcm
where
    D: Destinations<Certificates: CertificateInspector> + Sync,
{
    let seen = async {
        let certificates = destinations.certificates(&place).await?;
        certificates.inspect_certificate(arn).await
    };
    match seen.await {
        Ok(Some(there)) => InAcm::There(there),
        Ok(None) => InAcm::Gone,
        Err(fault) => {
            tracing::warn!(arn, %fault, "the certificate could not be checked");
            InAcm::Unknown
        }
    }
}

async fn at_listener<D: Destinations + Sync>(
    destinations: &D,
    place: Target,
    listener: &ListenerArn,
    arn: Option<&str>,
) -> AtListener {
    let seen = async { destinations.listeners(&place).await?.certificates_of(listener).await };
    match seen.await {
        Ok(Some(held)) if held.iter().any(|known| Some(known.as_str()) == arn) => AtListener::Attached,
        Ok(Some(_)) => AtListener::Without,
        Ok(None) => AtListener::Gone,
        Err(fault) => {
            tracing::warn!(%listener, %fault, "the listener could not be checked");
            AtListener::Unknown
        }
    }
}

/// What the check leaves behind: its report only if it differs from the one before.
fn sight(
    endpoint: &Endpoint,
    held: &InstalledCertificate,
    report: CheckReport,
    places: &Places,
    longest: Duration,
    now: OffsetDateTime,
) -> Sight {
    let before = endpoint.health.as_ref();
    let Places { home, copies, listeners } = places;
    let health = Health::follow(before, endpoint, held, &Seen { report: &report, acm: home, copies, listeners }, now);
    let news = health.news(before).into_iter().zip(0..);
    let events = news.map(|(news, salt)| Event::act(EventKind::Checked, Origin::itself(), news, now, salt)).collect();
    let summary = report.summary();
    let known = endpoint.check.as_ref().is_some_and(|kept| same(kept, &summary));
    let served = before.is_some_and(|before| before.served == health.served);
    let in_turn = pace::check_after(&endpoint.id, &health, held, longest);
    // Silence is a fault only when it has lasted: the next check finds that out soon.
    let is_open = report.unreached.as_ref().is_some_and(|unreached| !unreached.is_overdue(now));
    Sight {
        next_check_at: if is_open { in_turn.min(now + WHILE_UNREACHED) } else { in_turn },
        report: (!known || !served).then_some(report),
        health,
        summary,
        events,
    }
}

/// Until the next check, where name servers gave no answer.
const WHILE_UNREACHED: Duration = Duration::MINUTE;

/// Whether two checks found the same, whenever they did.
fn same(one: &CheckSummary, other: &CheckSummary) -> bool {
    CheckSummary { checked_at: other.checked_at, ..one.clone() } == *other
}
