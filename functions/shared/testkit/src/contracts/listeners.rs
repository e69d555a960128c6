use domain::ports::{Detachment, Listeners};
use vocabulary::certificate::{ListenerArn, LoadBalancerArn};

/// `listener` exists and has the certificate `default` as its default one, in the account and region of `other`. The listener
/// `nowhere` does not exist.
pub async fn listeners(
    listeners: &impl Listeners,
    listener: &ListenerArn,
    default: &str,
    other: &str,
    nowhere: &ListenerArn,
) {
    let certificates = async || {
        let mut held = listeners.certificates_of(listener).await.expect("answers").expect("it exists");
        held.sort();
        held
    };
    let counted = async || listeners.certificates_on(&LoadBalancerArn::from(listener)).await;
    let both = || {
        let mut both = vec![default.to_owned(), other.to_owned()];
        both.sort();
        both
    };
    assert_eq!(certificates().await, [default], "its default certificate is one of them, once");
    assert_eq!(counted().await, Ok(Some(0)), "and does not count");
    listeners.attach(listener, other).await.expect("attached");
    assert_eq!(counted().await, Ok(Some(1)));
    assert_eq!(certificates().await, both(), "it can be seen at once");
    listeners.attach(listener, other).await.expect("attaching twice is fine");
    assert_eq!(listeners.detach(listener, other).await, Ok(Detachment::Gone));
    assert_eq!(certificates().await, [default]);
    assert_eq!(listeners.detach(listener, other).await, Ok(Detachment::Gone), "detaching twice is fine");
    assert_eq!(listeners.detach(listener, default).await, Ok(Detachment::IsDefault));
    assert_eq!(certificates().await, [default], "the default one stays");
    assert_eq!(listeners.certificates_of(nowhere).await, Ok(None));
    assert_eq!(counted().await, Ok(Some(0)));
    let balancer = listener.as_str().replace("/app/", "/net/").parse().expect("a listener of none");
    assert_eq!(
        listeners.certificates_on(&LoadBalancerArn::from(&balancer)).await,
        Ok(None),
        "there is no such balancer"
    );
    listeners.attach(nowhere, other).await.expect_err("nothing to attach it to");
    assert_eq!(listeners.detach(nowhere, other).await, Ok(Detachment::Gone), "what does not exist has none");
}
