use domain::ports::KeyVault;
use vocabulary::certificate::CertificateKey;
use vocabulary::names::EndpointId;

/// `id` is one that no other test uses.
pub async fn key_vault(vault: &impl KeyVault, id: &EndpointId) {
    assert!(vault.load(id, 1).await.expect("answers").is_none(), "nothing is there before");
    vault.forget(id, 1).await.expect("forgetting nothing is fine");

    let first = CertificateKey::generate();
    let public = first.public_key();
    vault.ensure(id, 1, || first).await.expect("stored");
    vault.ensure(id, 1, CertificateKey::generate).await.expect("stored before");
    let loaded = vault.load(id, 1).await.expect("answers").expect("is there");
    assert_eq!(loaded.public_key(), public, "a generation has one key for good");

    vault.ensure(id, 2, CertificateKey::generate).await.expect("stored");
    let second = vault.load(id, 2).await.expect("answers").expect("is there");
    assert_ne!(second.public_key(), public, "another generation has another key");

    vault.forget(id, 1).await.expect("forgotten");
    vault.forget(id, 1).await.expect("forgotten twice");
    assert!(vault.load(id, 1).await.expect("answers").is_none(), "the key is gone");
    assert!(vault.load(id, 2).await.expect("answers").is_some(), "a later one is not");
    vault.forget(id, 2).await.expect("forgotten");
}
