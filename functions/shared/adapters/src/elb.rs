//! Elastic Load Balancing: the certificates of Application and Network Load Balancers' listeners.

use std::collections::BTreeSet;

use aws_sdk_elasticloadbalancingv2::Client;
use aws_sdk_elasticloadbalancingv2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_elasticloadbalancingv2::types::Certificate;
use domain::ports::{Detachment, FaultKind, Listeners, ServiceFault};
use vocabulary::certificate::{ListenerArn, LoadBalancerArn};

use crate::aws::fault;

const DESCRIBE: &str = "elasticloadbalancing:DescribeListenerCertificates";

/// The listeners of one account and region.
#[derive(Clone, Debug)]
pub struct LoadBalancers {
    client: Client,
}

/// A certificate of a listener.
struct Attached {
    arn: String,
    is_default: bool,
}

impl LoadBalancers {
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// All certificates of the listener, the default one possibly twice; `None` if there is no such listener.
    async fn attached(&self, listener: &ListenerArn) -> Result<Option<Vec<Attached>>, ServiceFault> {
        let (mut all, mut marker) = (Vec::new(), None);
        loop {
            let page = self.client.describe_listener_certificates().listener_arn(listener.as_str());
            let page = match page.set_marker(marker).send().await {
                Ok(page) => page,
                Err(error) if is_no_listener(&error) => return Ok(None),
                Err(error) => return Err(fault(DESCRIBE, error)),
            };
            all.extend(page.certificates().iter().filter_map(|certificate| {
                let arn = certificate.certificate_arn()?.to_owned();
                Some(Attached { arn, is_default: certificate.is_default().unwrap_or_default() })
            }));
            marker = page.next_marker.filter(|marker| !marker.is_empty());
            if marker.is_none() {
                return Ok(Some(all));
            }
        }
    }
}

impl Listeners for LoadBalancers {
    async fn certificates_of(&self, listener: &ListenerArn) -> Result<Option<Vec<String>>, ServiceFault> {
        let attached = self.attached(listener).await?;
        Ok(attached.map(|attached| {
            let mut arns: Vec<String> = attached.into_iter().map(|attached| attached.arn).collect();
            arns.sort();
            arns.dedup();
            arns
        }))
    }

    async fn certificates_on(&self, balancer: &LoadBalancerArn) -> Result<Option<u32>, ServiceFault> {
        let mut pages = self.client.describe_listeners().load_balancer_arn(balancer.as_str()).into_paginator().send();
        let mut count = 0;
        while let Some(page) = pages.next().await {
            let page = match page {
                Ok(page) => page,
                Err(error) if error.code() == Some("LoadBalancerNotFound") => return Ok(None),
                Err(error) => return Err(fault("elasticloadbalancing:DescribeListeners", error)),
            };
            let secure = page.listeners().iter().filter(|listener| !listener.certificates().is_empty());
            for listener in secure.filter_map(|listener| listener.listener_arn()?.parse().ok()) {
                // A listener deleted since then has no certificates.
                let attached = self.attached(&listener).await?.unwrap_or_default();
                let default: BTreeSet<_> = attached.iter().filter(|it| it.is_default).map(|it| &it.arn).collect();
                let all: BTreeSet<_> = attached.iter().map(|it| &it.arn).collect();
                count += all.difference(&default).count();
            }
        }
        Ok(Some(u32::try_from(count).unwrap_or(u32::MAX)))
    }

    async fn attach(&self, listener: &ListenerArn, certificate_arn: &str) -> Result<(), ServiceFault> {
        let certificate = Certificate::builder().certificate_arn(certificate_arn).build();
        let request = self.client.add_listener_certificates().listener_arn(listener.as_str());
        match request.certificates(certificate).send().await {
            Ok(_) => Ok(()),
            Err(error) => {
                let unknown = error.code() == Some("CertificateNotFound");
                let fault = fault("elasticloadbalancing:AddListenerCertificates", error);
                // It has just been imported, and load balancers do not know it yet.
                Err(if unknown { ServiceFault { kind: FaultKind::Unavailable, ..fault } } else { fault })
            }
        }
    }

    async fn detach(&self, listener: &ListenerArn, certificate_arn: &str) -> Result<Detachment, ServiceFault> {
        let Some(attached) = self.attached(listener).await? else { return Ok(Detachment::Gone) };
        let own: Vec<_> = attached.iter().filter(|attached| attached.arn == certificate_arn).collect();
        if own.iter().any(|attached| attached.is_default) {
            return Ok(Detachment::IsDefault);
        }
        if own.is_empty() {
            return Ok(Detachment::Gone);
        }
        let certificate = Certificate::builder().certificate_arn(certificate_arn).build();
        let request = self.client.remove_listener_certificates().listener_arn(listener.as_str());
        match request.certificates(certificate).send().await {
            Ok(_) => Ok(Detachment::Gone),
            Err(error) if is_no_listener(&error) => Ok(Detachment::Gone),
            Err(error) => Err(fault("elasticloadbalancing:RemoveListenerCertificates", error)),
        }
    }
}

fn is_no_listener<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    error.code() == Some("ListenerNotFound")
}
