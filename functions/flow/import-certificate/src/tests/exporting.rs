use super::*;
use vocabulary::certificate::ExportedKey;

fn exported() -> Deployment {
    Deployment { export_key: true, ..Deployment::default() }
}

fn denied() -> ServiceFault {
    let detail = "AccessDeniedException: not you".to_owned();
    ServiceFault { operation: "secretsmanager:PutSecretValue", kind: FaultKind::Denied, detail }
}

#[tokio::test]
async fn without_the_export_no_key_leaves() {
    let fixture = issued().await;
    run(&fixture).await.expect("imported");
    assert!(fixture.exports.secrets().is_empty() && fixture.keys.is_empty());
}

#[tokio::test]
async fn an_exported_certificate_is_in_its_secret_and_in_acm_and_its_key_is_kept_nowhere_else() {
    let fixture = issued_for(exported()).await;
    for _ in 0..2 {
        run(&fixture).await.expect("imported");
        let held = fixture.endpoint().await.certificate.expect("recorded");
        assert_eq!(fixture.exports.current(&fixture.input.endpoint), Some(held.serial.clone()));
        let ExportedKey { secret, serial } = held.export.expect("recorded");
        assert_eq!(serial, Some(held.serial));
        assert!(secret.is_some_and(|arn| arn.contains(fixture.input.endpoint.as_str())));
        assert!(fixture.keys.is_empty(), "it is forgotten here");
    }
    let secrets = fixture.exports.secrets();
    assert!(secrets.values().all(|secret| secret.guarded && secret.versions.len() == 1), "{secrets:?}");
}

#[tokio::test]
async fn a_denied_write_loses_neither_the_certificate_nor_its_key_and_delays_no_listener() {
    let listener = "arn:aws:elasticloadbalancing:eu-central-1:000000000000:listener/app/edge/1/1";
    let deployment = Deployment { listeners: vec![listener.parse().expect("a listener")], ..exported() };
    let fixture = issued_for(deployment).await;
    fixture.exports.refuse(Some(denied()));
    let failure = run(&fixture).await.expect_err("denied");
    assert_eq!((failure.name, failure.waiting_on()), (FailureName::DestinationRefused, WaitingOn::Operator));
    let said = format!("{} {:?}", failure.guidance.summary, failure.guidance.action);
    assert!(said.contains("stack/export/ep-") && said.contains("not you") && said.contains("ExportRoleArn"), "{said}");
    let held = fixture.endpoint().await.certificate.expect("it is recorded");
    assert!(held.listeners[0].attached_at.is_some(), "and serves");
    assert_eq!((fixture.keys.len(), held.export), (1, Some(ExportedKey::default())), "there may be a secret");
    assert!(fixture.endpoint().await.lacks_export_or_tags_alone());

    fixture.exports.refuse(None);
    run(&fixture).await.expect("exported");
    assert_eq!(fixture.exports.current(&fixture.input.endpoint), Some(held.serial), "the same one");
    assert!(fixture.keys.is_empty());
    assert_eq!(fixture.certificates.all().len(), 1);
}

#[tokio::test]
async fn a_transient_failure_is_retried_by_the_flow() {
    let fixture = issued_for(exported()).await;
    for kind in [FaultKind::Throttled, FaultKind::Unavailable] {
        fixture.exports.refuse(Some(ServiceFault { kind, ..denied() }));
        let failure = run(&fixture).await.expect_err("not now");
        assert!(failure.name.mends_itself(), "{failure}");
    }
}

#[tokio::test]
async fn an_installation_that_exports_nothing_any_more_says_so_and_keeps_the_certificate() {
    let fixture = issued_for(exported()).await;
    fixture.exports.forbid();
    let failure = run(&fixture).await.expect_err("not allowed");
    assert!(failure.guidance.summary.contains("ExportRoleArn is empty"), "{failure}");
    assert!(failure.guidance.action.is_some_and(|step| step.contains("--export-key off")));
    assert!(fixture.endpoint().await.certificate.is_some() && fixture.exports.secrets().is_empty());
}

#[tokio::test]
async fn a_run_that_dies_after_any_side_effect_ends_in_one_secret_with_one_version() {
    for effects in 1.. {
        let fixture = issued_for(exported()).await;
        fixture.fuse.set(Some(effects));
        let died = futures::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(run(&fixture))).await.is_err();
        fixture.fuse.set(None);
        run(&fixture).await.expect("the next one ends it");
        let serial = fixture.endpoint().await.certificate.expect("recorded").serial;
        assert_eq!(fixture.exports.current(&fixture.input.endpoint), Some(serial), "after {effects}");
        let secrets = fixture.exports.secrets();
        assert!(secrets.values().all(|secret| secret.guarded && secret.versions.len() == 1), "after {effects}");
        assert!(fixture.keys.is_empty() && fixture.certificates.all().len() == 1, "after {effects}");
        if !died {
            assert!(effects > 6, "only {effects} side effects: not all of them are the run's");
            return;
        }
    }
}

#[tokio::test]
async fn an_export_that_is_turned_off_is_deleted_wherever_a_run_dies() {
    for effects in 1.. {
        let fixture = issued_for(exported()).await;
        run(&fixture).await.expect("exported");
        fixture.endpoints.redeploy(&fixture.input.endpoint, Deployment::default());
        fixture.fuse.set(Some(effects));
        let died = futures::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(run(&fixture))).await.is_err();
        fixture.fuse.set(None);
        run(&fixture).await.expect("the next one ends it");
        assert!(fixture.exports.secrets().is_empty(), "after {effects}");
        assert_eq!(fixture.endpoint().await.certificate.expect("it stays").export, None, "after {effects}");
        if !died {
            assert!(effects > 2, "the deletion and its record");
            return;
        }
    }
}

#[tokio::test]
async fn turning_the_export_off_after_a_denied_first_write_deletes_what_may_exist() {
    let fixture = issued_for(exported()).await;
    fixture.exports.refuse(Some(denied()));
    run(&fixture).await.expect_err("denied");
    fixture.endpoints.redeploy(&fixture.input.endpoint, Deployment::default());
    run(&fixture).await.expect("turned off");
    assert_eq!(fixture.endpoint().await.certificate.expect("it stays").export, None);
    assert!(fixture.keys.is_empty(), "nobody waits for its key any more");
}
