//! AWS, the CA, the DNS, the edge and a token issuer on one machine, with the stack deployed as on AWS.
//!
//! ```text
//!                            ┌───────── gate ◄──┐
//!   sam deploy ──► ministack (AWS) ──► functions ─┴─► Pebble (CA)
//!                    │        ▲  moto (ACM) ◄ gate      │  asks
//!          Route 53  │        │ Invoke                  ├──► unbound ─┐
//!            zones   │      edge ◄──────────────────────┘             │
//!                    └──────────────► name servers, from the root ◄───┘
//! ```
//!
//! The gate passes on what AWS would take: it checks each call of a function against the service's model and IAM.
//!
//! `local-cloud up` leaves one running; tests start their own with [`LocalCloud::start`].

mod acm;
mod add_on;
mod aws;
mod aws_limits;
mod bring_up;
mod ca;
mod chain;
mod cloud;
mod cloudwatch;
mod connect_provider;
mod demo;
mod description;
mod dns;
mod dns_lab;
mod edge;
mod emulators;
mod executions;
mod fault;
mod fault_proxy;
mod functions;
mod gate;
mod issuer;
mod key_scan;
mod late_failure;
mod layout;
mod logs;
mod name_servers;
mod options;
mod packed;
mod people;
mod ports;
mod process;
mod redeploy;
mod roles;
mod route53_limits;
mod sam;
mod second_stack;
mod serve;
mod stack;
mod tls;
mod unbound;
mod wait;
mod zones;

pub use ::issuer::Person;
pub use aws::Aws;
pub use aws_limits::{AwsLimits, BALANCER_QUOTA, CERTIFICATES_QUOTA, IMPORTS_QUOTA, Throttle, Units};
pub use ca::Ca;
pub use chain::VerifiedChain;
pub use cloud::{LocalCloud, processes, stop};
pub use cloudwatch::Alarm;
pub use connect_provider::{ConnectPort, ConnectProvider};
pub use demo::{demo, try_domain};
pub use description::Description;
pub use dns::{
    Behaviour, DenialFault, NameServer, ServerEffect, ServerFault, SignatureFault, StaticZone, ds_record, trust_anchor,
};
pub use dns_lab::DnsLab;
pub use emulators::{ACCESS_KEY, ACCOUNT, REGION, SECRET_KEY};
pub use executions::Execution;
pub use fault::{Effect, Fault, pebble};
pub use fault_proxy::{FaultProxy, SeenRequest};
pub use functions::Invocation;
pub use gate::Refusal;
pub use issuer::{IssuerDescription, operator, tenant};
pub use name_servers::NameServers;
pub use options::Deployment;
pub use options::{CaOptions, DEFAULT_NAME, Options, STACK_NAME};
pub use ports::Ports;
pub use process::Process;
pub use route53_limits::Route53Limits;
pub use serve::{ServeOptions, serve};
pub use stack::Resources;
pub use stack::{parameter_fields, texts};
pub use unbound::Opinion;
pub use wait::wait_until;
pub use zones::{OwnerZone, UNREACHABLE};
