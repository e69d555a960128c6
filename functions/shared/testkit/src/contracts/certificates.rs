use domain::ports::{CertificateInspector, CertificateStore, Deletion, ImportMaterial};
use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, IsCa, Issuer, KeyPair, SerialNumber};
use time::{Duration, OffsetDateTime};
use vocabulary::certificate::chain::leaf_serial;
use vocabulary::certificate::installed::normalize_serial;
use vocabulary::certificate::{CertificateKey, CertificateTags};
use vocabulary::names::EndpointId;

/// `id` and `domain` are ones that no other test uses.
pub async fn certificate_inspector(
    store: &(impl CertificateStore + CertificateInspector),
    id: &EndpointId,
    domain: &str,
) {
    let key = CertificateKey::generate();
    let mut params = CertificateParams::new(vec![domain.to_owned()]).expect("ASCII");
    params.serial_number = Some(SerialNumber::from(0xab03_u64));
    let pair = KeyPair::try_from(key.to_pkcs8()).expect("PKCS#8");
    let leaf_pem = params.self_signed(&pair).expect("signs").pem();
    let tags = CertificateTags::default();
    let material = ImportMaterial { endpoint: id, leaf_pem: &leaf_pem, issuers_pem: "", key: &key, tags: &tags };
    let arn = store.import(None, material).await.expect("imported").arn;
    let seen = store.inspect_certificate(&arn).await.expect("answers").expect("there");
    assert_eq!((seen.serial.as_str(), seen.used_by), ("AB03", vec![]), "nothing uses it yet");
    assert_eq!(store.delete(&arn).await, Ok(Deletion::Gone));
    assert_eq!(store.inspect_certificate(&arn).await, Ok(None), "what is gone is no error");
}

/// `id` and `domain` are ones that no other test uses.
pub async fn certificate_store(store: &impl CertificateStore, id: &EndpointId, domain: &str) {
    let issuer_key = KeyPair::generate().expect("randomness");
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = params.self_signed(&issuer_key).expect("signs");
    let issuer = Issuer::new(params, issuer_key);
    let issue = |serial: u64, days: i64| {
        let key = CertificateKey::generate();
        let mut params = CertificateParams::new(vec![domain.to_owned()]).expect("ASCII");
        // As CAs issue today: the name is only in the extension.
        params.distinguished_name = DistinguishedName::new();
        params.not_before = OffsetDateTime::now_utc() - Duration::HOUR;
        params.not_after = OffsetDateTime::now_utc() + Duration::days(days);
        params.serial_number = Some(SerialNumber::from(serial));
        let pair = KeyPair::try_from(key.to_pkcs8()).expect("PKCS#8");
        (params.signed_by(&pair, &issuer).expect("signs").pem(), key)
    };
    let (first, first_key) = issue(0xab01, 30);
    let (second, second_key) = issue(0xab02, 60);
    let issuers_pem = root.pem();
    let tags = |pairs: &[(&str, &str)]| {
        let pairs = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        CertificateTags::parse(pairs.collect()).expect("tags")
    };
    let first_tags = tags(&[("team", "shops"), ("stage", "test")]);
    let material =
        |leaf_pem, key| ImportMaterial { endpoint: id, leaf_pem, issuers_pem: &issuers_pem, key, tags: &first_tags };

    assert_eq!(store.find(domain, "AB01").await, Ok(None), "nothing is there before");
    let held = store.import(None, material(&first, &first_key)).await.expect("imported");
    let arn = held.arn.clone();
    assert_eq!(held.serial, "AB01");
    assert_eq!(store.describe(&arn).await, Ok(Some(held.clone())), "it can be read at once");
    let found = store.find(domain, &normalize_serial("ab:01")).await.expect("answers");
    assert_eq!(found.as_ref(), Some(&held), "it is found by its serial");
    assert_eq!(store.find(domain, "AB02").await, Ok(None));

    let candidate = store.candidate(&arn).await.expect("answers").expect("there");
    assert_eq!(candidate.given_to.as_ref(), Some(id), "its tags say whose it is");
    assert_eq!(leaf_serial(&candidate.pem).as_deref(), Some("AB01"));
    let [_, (_, owner)] = store.tags_of(id);
    assert_eq!(owner, id.as_str());

    let (second_tags, none) = (tags(&[("team", "bank"), ("cost center", "a/1")]), CertificateTags::default());
    for _ in 0..2 {
        store.tag(&arn, &first_tags, &second_tags).await.expect("tagged, however often");
    }
    store.tag(&arn, &second_tags, &none).await.expect("tagged with nothing");
    let candidate = store.candidate(&arn).await.expect("answers").expect("there");
    assert_eq!(candidate.given_to.as_ref(), Some(id), "it is still the endpoint's");

    let again = store.import(Some(&arn), material(&second, &second_key)).await.expect("imported again");
    assert_eq!((again.arn, again.serial.as_str()), (arn.clone(), "AB02"), "the ARN stays");
    store.import(Some(&arn), material(&second, &second_key)).await.expect("imported twice");
    assert_eq!(store.describe(&arn).await.expect("answers").expect("is there").serial, "AB02");

    assert_eq!(store.delete(&arn).await, Ok(Deletion::Gone));
    assert_eq!(store.candidate(&arn).await, Ok(None));
    assert_eq!(store.delete(&arn).await, Ok(Deletion::Gone), "deleting twice is fine");
    assert_eq!(store.describe(&arn).await, Ok(None));
}
