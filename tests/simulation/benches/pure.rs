//! `make bench`: the pure parts that every attempt, check and page goes through.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use diagnosis::facts::{AuthorizationFacts, Dnssec, Facts, Surroundings, ZoneFacts, ZoneState};
use diagnosis::judge::diagnose;
use diagnosis::subject::Subject;
use domain::endpoint::Endpoint;
use domain::overview::Summary;
use domain::status::status_of;
use simulation::{Around, simulate};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use vocabulary::acme::Reachability;
use vocabulary::certificate::chain::leaf_serial;
use vocabulary::dns::{Answer, Issuer, Platform, ServerAnswer, TenantProof};
use vocabulary::names::{DelegationLabel, EndpointId, EndpointNames, TenantId};

const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

fn endpoint(number: u128) -> Endpoint {
    let names = EndpointNames::parse(&format!("shop-{number}.example.com"), &[], 9).expect("valid names");
    let random = |salt: u128| (number << 8 | salt).to_be_bytes();
    let (id, label) = (EndpointId::from_random(random(1)), DelegationLabel::from_random(random(2)));
    let mut endpoint = Endpoint::register(id, TenantId::fallback(), names, Reachability::Internal, label, NOW);
    let held = testkit::installed(&endpoint, NOW);
    (endpoint.due_at, endpoint.certificate) = (Some(held.renew_at), Some(held));
    endpoint
}

/// The delegation is missing at both name servers.
fn facts(subject: &Subject) -> Facts {
    let answer = |answer: Answer| {
        ["ns1.example.com", "ns2.example.com"]
            .map(|server| ServerAnswer { server: server.into(), answer: answer.clone() })
    };
    let zone = ZoneFacts {
        name: "example.com".into(),
        state: ZoneState::Served {
            apex: "example.com".into(),
            servers: answer(Answer::Records(vec!["soa".into()])).into(),
            dnssec: Dnssec::Unsigned,
            differing: None,
        },
    };
    let base = subject.names.primary().base.clone();
    Facts {
        issuer: Issuer { identities: vec!["ca.example".into()], account: None },
        authorization_names: vec![AuthorizationFacts {
            base,
            zone,
            cname: answer(Answer::NxDomain).into(),
            txt: answer(Answer::NxDomain).into(),
            chain: None,
            doubled: None,
            leftover: vec![],
            persistent: vec![],
            around: Surroundings::default(),
            persistent_around: Surroundings::default(),
        }],
        caa: vec![],
        hosts: vec![],
        platform: None,
        tls: None,
        bogus: vec![],
        root_answers: true,
    }
}

fn pure(criterion: &mut Criterion) {
    let endpoints: Vec<_> = (0..1000).map(endpoint).collect();
    criterion.bench_function("parse the names of an endpoint", |bencher| {
        let also = ["*.shop.example.com".to_owned()];
        bencher.iter(|| EndpointNames::parse(black_box("shop.example.com"), &also, 9).expect("valid names"));
    });
    criterion.bench_function("read the serial of a certificate", |bencher| {
        let key = rcgen::KeyPair::generate().expect("randomness");
        let params = rcgen::CertificateParams::new(vec!["shop.example.com".to_owned()]).expect("a name");
        let pem = params.self_signed(&key).expect("signs").pem();
        bencher.iter(|| leaf_serial(black_box(&pem)).expect("a certificate"));
    });
    criterion.bench_function("diagnose a delegation that is missing", |bencher| {
        let platform = Platform {
            delegation_zone: "acme.platform.example".into(),
            endpoint_target: "edge.platform.example".parse().expect("a target"),
            tenant_proof: TenantProof::On,
            reserved: vec![],
        };
        let names = EndpointNames::parse("shop.example.com", &[], 9).expect("valid names");
        let subject = Subject::unregistered(names, Reachability::Internal.into(), &platform);
        let facts = facts(&subject);
        bencher.iter(|| diagnose(black_box(&subject), black_box(&facts), NOW));
    });
    criterion.bench_function("sum up 1,000 endpoints", |bencher| {
        bencher.iter(|| {
            let mut summary = Summary::default();
            endpoints.iter().for_each(|endpoint| summary.add(endpoint, &status_of(endpoint, NOW), NOW));
            summary
        });
    });
    criterion.bench_function("plan a day of 1,000 endpoints, minute by minute", |bencher| {
        let around =
            Around { length: Duration::DAY, revocation: None, outage: None, ..Around::year(1000, Duration::days(45)) };
        bencher.iter(|| simulate(black_box(&around)));
    });
}

criterion_group!(benches, pure);
criterion_main!(benches);
