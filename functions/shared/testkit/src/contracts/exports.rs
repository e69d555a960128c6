use domain::ports::{ExportMaterial, KeyExport};
use time::{Duration, OffsetDateTime};
use vocabulary::certificate::CertificateKey;
use vocabulary::names::EndpointId;

/// `id` is one that no other test uses. `current`: the serial that the reader sees.
pub async fn key_export(exports: &impl KeyExport, id: &EndpointId, current: impl AsyncFn() -> Option<String>) {
    let keys = [CertificateKey::generate(), CertificateKey::generate()];
    let material = |generation: u64, serial| ExportMaterial {
        endpoint: id,
        domain: "exported.example.com",
        leaf_pem: "-----BEGIN CERTIFICATE-----\nbGVhZg==\n-----END CERTIFICATE-----\n",
        issuers_pem: "",
        key: &keys[usize::from(generation > 1)],
        generation,
        serial,
        not_after: OffsetDateTime::UNIX_EPOCH + Duration::days(20_000),
    };
    assert!(exports.reader().is_some(), "somebody may read");
    exports.withdraw(id, None).await.expect("withdrawing nothing is fine");
    assert_eq!(current().await, None);

    let prepared = async || exports.prepare(id, "exported.example.com").await.expect("prepared");
    let arn = prepared().await;
    assert!(arn.contains(&exports.name_of(id)), "{arn}");
    assert_eq!((prepared().await, current().await), (arn.clone(), None), "twice is fine, and it is without a value");
    for _ in 0..2 {
        exports.write(&arn, material(1, "AB01")).await.expect("written, and twice is fine");
        assert_eq!(current().await.as_deref(), Some("AB01"));
    }
    assert_eq!(prepared().await, arn, "the secret stays the same");
    exports.write(&arn, material(2, "AB02")).await.expect("written");
    assert_eq!(current().await.as_deref(), Some("AB02"), "the newest is current");

    exports.withdraw(id, Some(&arn)).await.expect("withdrawn");
    exports.withdraw(id, Some(&arn)).await.expect("twice is fine");
    assert_eq!(current().await, None);
    let again = prepared().await;
    exports.write(&again, material(2, "AB02")).await.expect("written");
    assert_eq!(current().await.as_deref(), Some("AB02"), "what was turned off can be turned on at once");
    exports.withdraw(id, Some(&again)).await.expect("withdrawn");
}
