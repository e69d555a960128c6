use std::collections::BTreeSet;

use adapters::acm::Acm;
use adapters::acme::{self, AcmeConfig};
use adapters::alerts;
use adapters::cloudwatch::Alarms;
use adapters::dynamodb::EndpointsTable;
use adapters::key_vault::EncryptedKeys;
use adapters::lambda::{self, InspectFunction};
use adapters::oidc::OpenIdProvider;
use adapters::probe::EndpointProber;
use adapters::route53::DelegationZone;
use adapters::s3::ChallengeBucket;
use adapters::scheduler::NamedSchedule;
use adapters::secrets_manager::AccountSecret;
use adapters::sns::AlertsTopic;
use adapters::sqs::DeadLetters;
use adapters::step_functions::StateMachine;
use adapters::zone_cut::ZoneCut;
use domain::installation::{
    AuthorityFacts, Delegation, Facts, HostedZone, LONGEST_ATTEMPT, Observed, Resource, ResourceState, Standing, Task,
    TaskFacts,
};
use domain::ports::{CapacityLog, CertificateInspector};
use futures::future::join_all;
use time::OffsetDateTime;

use crate::environment::Wired;
use crate::wiring::Wiring;

/// All the checks that an installation is judged by. Reads only.
pub struct Inspection {
    lambda: aws_sdk_lambda::Client,
    /// Those that neither the state machine nor a schedule starts.
    functions: Vec<String>,
    records_to_writer: String,
    endpoints: EndpointsTable,
    keys: EncryptedKeys,
    tokens: ChallengeBucket,
    state_machine: StateMachine,
    zone: DelegationZone,
    zone_name: String,
    cut: ZoneCut,
    prober: EndpointProber,
    endpoint_target: String,
    account: AccountSecret,
    acm: Acm,
    /// The CAs in order.
    acme: Vec<AcmeConfig>,
    schedules: [(Task, NamedSchedule); 3],
    alarms: Alarms,
    alerts: AlertsTopic,
    dead_letters: DeadLetters,
    issuer: Option<OpenIdProvider>,
}

/// For the CA to say what it thinks of our account: three requests. The function has 25 seconds for everything.
const LONGEST_STANDING: std::time::Duration = std::time::Duration::from_secs(12);

impl Wiring {
    /// The function that inspects the installation, for whoever may ask it to.
    pub fn inspector(&self) -> Wired<InspectFunction> {
        let name = self.environment().required("INSPECT_FUNCTION")?;
        let reconciles = self.environment().optional("RECONCILE_FUNCTION");
        Ok(InspectFunction::new(aws_sdk_lambda::Client::new(&self.sdk), name, reconciles))
    }

    pub fn inspection(&self) -> Wired<Inspection> {
        let environment = self.environment();
        let cut = ZoneCut::new(self.dns()?);
        // CloudFormation calls an alarm STACK-LOGICALID-RANDOM.
        let alarms = format!("{}-", environment.required("STACK_NAME")?);
        let functions = environment.required("FUNCTIONS")?;
        let queue = environment.required("SCAN_DEAD_LETTERS")?;
        let scheduler = aws_sdk_scheduler::Client::new(&self.sdk);
        Ok(Inspection {
            lambda: aws_sdk_lambda::Client::new(&self.sdk),
            functions: functions.split(',').map(str::to_owned).collect(),
            records_to_writer: environment.required("RECORDS_TO_WRITER")?,
            endpoints: self.endpoints()?,
            keys: self.keys()?,
            tokens: self.tokens()?,
            state_machine: self.state_machine()?,
            zone: self.delegation_zone()?,
            zone_name: self.delegation_zone_name()?,
            cut,
            prober: self.prober()?,
            endpoint_target: self.platform()?.endpoint_target.to_string(),
            account: self.account_secret()?,
            acm: self.acm()?,
            acme: self.acme_configs(false)?,
            schedules: [
                (Task::Scan, NamedSchedule::new(scheduler.clone(), environment.required("SCAN_SCHEDULE")?)),
                (Task::Advice, NamedSchedule::new(scheduler.clone(), environment.required("ADVICE_SCHEDULE")?)),
                (Task::Health, NamedSchedule::new(scheduler, environment.required("HEALTH_SCHEDULE")?)),
            ],
            alarms: Alarms::new(self.sdk.clone(), alarms, environment.required("URL_SUFFIX")?),
            alerts: self.alerts_topic()?,
            dead_letters: DeadLetters::new(aws_sdk_sqs::Client::new(&self.sdk), queue),
            issuer: self.open_id_provider()?,
        })
    }
}

impl Inspection {
    /// Inspects everything, side by side.
    pub async fn describe(&self, now: OffsetDateTime) -> Facts {
        let ((resources, tasks), (zone, delegation), target_caa, authorities, records_to_writer) = futures::join!(
            self.resources_and_tasks(),
            self.zone(),
            self.prober.caa_at(&self.endpoint_target, now),
            join_all(self.acme.iter().map(|ca| self.authority(ca))),
            lambda::describe_mapping(&self.lambda, &self.records_to_writer),
        );
        let (alarms, subscriptions, refused, dead_letters, issuer, long_attempts, imported, capacity, concurrency) = futures::join!(
            self.alarms.describe(),
            self.alerts.describe(),
            alerts::describe_refused(&self.endpoints),
            self.dead_letters.describe(),
            self.issuer(now),
            self.state_machine.running_since(now - LONGEST_ATTEMPT),
            self.acm.imported(),
            self.endpoints.capacity(),
            lambda::concurrency(&self.lambda),
        );
        Facts {
            resources,
            zone,
            delegation,
            target_caa,
            authorities,
            tasks,
            alarms,
            subscriptions,
            refused,
            records_to_writer,
            dead_letters,
            issuer,
            long_attempts,
            imported,
            capacity,
            concurrency,
        }
    }

    async fn authority(&self, ca: &AcmeConfig) -> AuthorityFacts {
        let (account, directory, standing) = futures::join!(
            self.account.describe(&ca.directory),
            acme::directory::describe(ca),
            tokio::time::timeout(LONGEST_STANDING, acme::standing::describe(ca, &self.account)),
        );
        let standing = standing.unwrap_or_else(|_| Standing::Unknown("it does not answer in time".into()));
        AuthorityFacts { account, standing, directory }
    }

    /// The functions are those that the state machine and the schedules name: what they start is what has to be there.
    async fn resources_and_tasks(&self) -> (Vec<Resource>, Vec<TaskFacts>) {
        let named = |name: &str, state: Observed<ResourceState>| Resource { name: name.to_owned(), state };
        let (endpoints, keys, key, tokens, machine, tasks) = futures::join!(
            self.endpoints.describe(),
            self.keys.describe_table(),
            self.keys.describe_kms_key(),
            self.tokens.describe(),
            self.state_machine.describe(),
            self.tasks(),
        );
        let (machine, steps) = match machine {
            Ok((state, steps)) => (Ok(state), steps),
            Err(fault) => (Err(fault), BTreeSet::new()),
        };
        // The function of the health checks has asked for this inspection, so it is there.
        let scheduled = tasks.iter().filter(|facts| facts.task != Task::Health);
        let scheduled = scheduled.filter_map(|facts| facts.schedule.as_ref().ok()?.function.clone());
        let functions: BTreeSet<_> = steps.into_iter().chain(scheduled).chain(self.functions.iter().cloned()).collect();
        let functions = functions.into_iter().map(async |name| {
            let state = lambda::describe(&self.lambda, &name).await;
            Resource { name: format!("function {name}"), state }
        });
        let functions = join_all(functions).await;
        let mut resources = vec![
            named("table EndpointsTable", endpoints),
            named("table KeysTable", keys),
            named("KMS key KeysKey", key),
            named("bucket TokenBucket", tokens),
            named("state machine IssueCertificateStateMachine", machine),
        ];
        resources.extend(functions);
        (resources, tasks)
    }

    async fn tasks(&self) -> Vec<TaskFacts> {
        let inspected = self.schedules.iter().map(async |(task, schedule)| {
            let (schedule, last_run) = futures::join!(schedule.describe(), self.endpoints.last_run(*task));
            TaskFacts { task: *task, schedule, last_run }
        });
        join_all(inspected).await
    }

    async fn zone(&self) -> (Observed<HostedZone>, Delegation) {
        let zone = self.zone.describe().await;
        let name_servers = zone.as_ref().map(|zone| zone.name_servers.clone()).unwrap_or_default();
        let delegation = self.cut.describe(&self.zone_name, &name_servers).await;
        (zone, delegation)
    }

    async fn issuer(&self, now: OffsetDateTime) -> Option<Result<(), String>> {
        match &self.issuer {
            Some(provider) => Some(provider.describe(now).await.map_err(|fault| fault.to_string())),
            None => None,
        }
    }
}
