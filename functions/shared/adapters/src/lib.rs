//! One file per external system, each with the implementation of ports of `domain`.
//!
//! SDK types stay in this crate: it returns only the domain's own.

pub mod acm;
pub mod acme;
pub mod address_filter;
pub mod alerts;
pub mod attempt_room;
mod aws;
mod aws_json;
pub mod cloudformation;
pub mod cloudwatch;
pub mod cross_account;
pub mod dns;
pub mod domain_connect;
pub mod dynamodb;
pub mod elb;
pub mod event_bridge;
pub mod events;
mod http_fault;
pub mod http_probe;
pub mod key_export;
pub mod key_vault;
pub mod lambda;
pub mod oidc;
pub mod otlp;
pub mod probe;
pub mod route53;
pub mod s3;
pub mod scheduler;
pub mod secrets_manager;
pub mod service_quotas;
pub mod sns;
pub mod sqs;
pub mod step_functions;
pub mod tls;
pub mod tls_probe;
mod unverified_tls;
pub mod zone_cut;
