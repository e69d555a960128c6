//! One file per external system, each the implementation of ports of `domain`.
//!
//! SDK types stay in here: what goes out is the domain's own.

pub mod acm;
pub mod acme;
pub mod alerts;
mod any_certificate;
mod aws;
pub mod cloudwatch;
pub mod dns;
pub mod dynamodb;
pub mod elb;
pub mod event_bridge;
pub mod events;
pub mod functions;
mod http_fault;
pub mod http_probe;
pub mod key_vault;
pub mod look;
pub mod oidc;
pub mod otlp;
pub mod places;
pub mod reach;
pub mod route53;
pub mod s3;
pub mod scheduler;
pub mod secrets_manager;
pub mod sns;
pub mod sqs;
pub mod step_functions;
pub mod tls;
pub mod tls_probe;
pub mod zone_cut;
