//! What an inspection says of the installation in memory: judged by the code that judges each installation.

use api::views::ToWire;
use domain::installation::{
    Account, AcmUse, BalancerUse, Capacity, Facts, InstallationStatus, Standing, Subscription, Subscriptions,
};
use domain::overview::Registrations;
use inspect_installation::{Installation, InstalledAuthority, Reserved, judge};
use time::{Duration, OffsetDateTime};
use vocabulary::certificate::{
    AcmForecast, AcmQuotas, DEFAULT_BALANCER_QUOTA, ImportedLife, ListenerArn, ListenerPools, LoadBalancerArn, Target,
};
use vocabulary::dns::Issuer;
use wire::{InstallationCheck, Used};

use crate::fixture::ZONE;

const DIRECTORY: &str = "https://acme.ca.example/directory";

/// An installation with something to see in each state: nobody gets its messages, and ACM's quota is nearly used up.
pub(crate) fn installation() -> Vec<InstallationCheck> {
    let now = OffsetDateTime::now_utc();
    let checks = judge(&facts(now), &deployed(), now);
    let shown = checks.iter().map(|check| {
        let failed = check.status == InstallationStatus::Failed;
        let since = failed.then(|| now - Duration::hours(5));
        let mut used: Vec<Used> = check.used.iter().map(ToWire::to_wire).collect();
        // The API adds what it has counted of the CA's limit.
        used.extend((check.name == "acme-account").then(|| Used { of: "new-orders".into(), percent: 34 }));
        InstallationCheck { since, used, ..check.to_wire() }
    });
    shown.collect()
}

fn facts(now: OffsetDateTime) -> Facts {
    let mut facts = testkit::inspection::healthy_installation(now);
    let pending = Subscription { protocol: "email".into(), endpoint: "ops@platform.example".into(), pending: true };
    facts.subscriptions = Ok(Subscriptions { all: vec![pending], pending: 1 });
    if let Ok(zone) = &mut facts.zone {
        zone.name = ZONE.into();
    }
    for seen in &mut facts.authorities {
        seen.account = Ok(Account::Registered { url: "https://acme.ca.example/acct/81".into() });
        seen.standing = Standing::Valid;
    }
    let (not_before, not_after) = (now - Duration::days(40), now + Duration::days(50));
    let life = ImportedLife { not_before, not_after, created_at: Some(now - Duration::days(90)) };
    facts.imported = Ok(vec![life; 2_275]);
    facts.capacity = Ok(capacity(now));
    facts
}

fn capacity(now: OffsetDateTime) -> Capacity {
    let balancer = |name: &str, used| BalancerUse {
        balancer: LoadBalancerArn::from(&listener(name)),
        role: None,
        used: Some(used),
        most: DEFAULT_BALANCER_QUOTA,
        most_unknown: None,
        registrations: Registrations { endpoints: used, new_lately: 5 },
        as_of: Some(now),
        tried_at: now,
        fault: None,
    };
    let home = Target { region: home(), role: None };
    let acm = AcmUse {
        target: home,
        forecast: Some(AcmForecast { certificates: 2_275, imports_a_year: 13_000, new_lately: 60 }),
        quotas: AcmQuotas { certificates: 2_500, imports: 100_000 },
        quotas_unknown: None,
        as_of: Some(now),
        tried_at: now,
        fault: None,
    };
    let balancers = vec![balancer("edge-1", 19), balancer("edge-2", 15), balancer("internal-1", 6)];
    Capacity { listed_at: Some(now), balancers, acm: vec![acm], ..Capacity::default() }
}

fn listener(balancer: &str) -> ListenerArn {
    let arn = format!("arn:aws:elasticloadbalancing:eu-central-1:111122223333:listener/app/{balancer}/1/2");
    arn.parse().expect("a listener")
}

fn home() -> vocabulary::certificate::Region {
    "eu-central-1".parse().expect("a region")
}

fn deployed() -> Installation {
    let members = ["edge-1", "edge-2"]
        .map(|name| format!(r#"{{"listener": "{}", "target": "{name}.platform.example"}}"#, listener(name)));
    let pools: ListenerPools = format!(r#"{{"eu": [{}]}}"#, members.join(",")).parse().expect("pools");
    let arn = |service: &str, name: &str| format!("arn:aws:{service}:eu-central-1:111122223333:{name}");
    Installation {
        stack: "production".into(),
        delegation_zone: ZONE.into(),
        authorities: vec![InstalledAuthority {
            directory: DIRECTORY.into(),
            profile: None,
            issuer: Issuer { identities: vec!["ca.example".into()], account: None },
        }],
        contact: Some("ops@platform.example".into()),
        binds_account: false,
        account_secret: arn("secretsmanager", "secret:production-account"),
        alerts_topic: arn("sns", "production-alerts"),
        records_to_writer: "14e0db71-5d35-4eb5-b481-8945cf9d10c2".into(),
        dead_letters: "https://sqs.eu-central-1.amazonaws.com/111122223333/production-dead-letters".into(),
        state_machine: arn("states", "stateMachine:production-issue"),
        silence: Duration::minutes(15),
        issuer: None,
        acm_quotas: None,
        home: home(),
        pools,
        reserved: Reserved { api: 20, challenges: 50 },
    }
}
