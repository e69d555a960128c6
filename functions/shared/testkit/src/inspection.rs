//! What is seen of an installation of which all is well, for tests to spoil.

use domain::installation::{
    Account, Alarm, AlarmState, AuthorityFacts, Capacity, Concurrency, Delegation, Directory, Facts, HostedZone,
    Resource, ResourceState, Schedule, Standing, Subscription, Subscriptions, Task, TaskFacts,
};
use time::{Duration, OffsetDateTime};
use vocabulary::dns::{Answer, CaaLevel};

/// With one CA, and a minute after each task has run.
pub fn healthy_installation(now: OffsetDateTime) -> Facts {
    let servers = ["ns-1.example".to_owned(), "ns-2.example".to_owned()];
    let resource = |name: &str| Resource { name: name.into(), state: Ok(ResourceState::Ready) };
    let alarm = |name: &str, state| Alarm { name: name.into(), state, reason: "said so".into(), actions_enabled: true };
    Facts {
        resources: vec![resource("table EndpointsTable"), resource("function settle-attempt")],
        zone: Ok(HostedZone { name: "acme.example.net".into(), private: false, name_servers: servers.to_vec() }),
        delegation: Delegation {
            at_parent: Ok(servers.to_vec()),
            servers: servers.map(|server| (server, Ok(()))).into(),
        },
        target_caa: CaaLevel { name: "edge.platform.example".into(), aliases: Vec::new(), answer: Answer::NoData },
        authorities: vec![AuthorityFacts {
            account: Ok(Account::NeverStored),
            standing: Standing::NotAsked,
            directory: Ok(Directory {
                profiles: vec!["classic".into(), "shortlived".into()],
                external_account_required: false,
            }),
        }],
        tasks: [Task::Scan, Task::Advice, Task::Health].map(|each| task(each, now)).into(),
        alarms: Ok(vec![
            alarm("managed-https-ScanSilentAlarm", AlarmState::Ok),
            alarm("managed-https-ApiFaultsAlarm", AlarmState::InsufficientData),
        ]),
        subscriptions: Ok(Subscriptions {
            all: vec![Subscription { protocol: "email".into(), endpoint: "ops@example.net".into(), pending: false }],
            pending: 0,
        }),
        records_to_writer: Ok(ResourceState::Ready),
        refused: Ok(Vec::new()),
        dead_letters: Ok(0),
        issuer: None,
        long_attempts: Ok(vec![]),
        imported: Ok(vec![]),
        capacity: Ok(Capacity::default()),
        concurrency: Ok(Concurrency { limit: 1000, unreserved: 1000 }),
    }
}

/// A task that has run a minute ago, on its schedule.
pub fn task(task: Task, now: OffsetDateTime) -> TaskFacts {
    let schedule = Schedule {
        name: format!("{task:?}"),
        enabled: true,
        expression: "rate(1 minute)".into(),
        function: Some("scan-expiring".into()),
    };
    TaskFacts { task, schedule: Ok(schedule), last_run: Ok(Some(now - Duration::MINUTE)) }
}
