use domain::alert::CLAIM;
use domain::endpoint::{Cause, Severity};
use domain::ports::SharedCauses;
use time::Duration;
use vocabulary::guidance::WaitingOn;

use super::{endpoint, whole_second};

/// `seed` is one that no other test uses.
pub async fn shared_causes(causes: &impl SharedCauses, seed: u64) {
    let now = whole_second();
    let (one, two) = (endpoint(seed, now), endpoint(seed + 1, now));
    let cause = Cause::new(format!("Unavailable{seed}"));
    let join = async |endpoint, at| causes.join(&cause, WaitingOn::Ca, endpoint, at).await.expect("joined");

    let leave = async |endpoint: &domain::endpoint::Endpoint, actor| {
        causes.leave(&cause, actor, &endpoint.id).await.expect("left");
        causes.abandoned(&cause, actor).await.expect("answers")
    };
    assert_eq!(leave(&one, WaitingOn::Ca).await, None, "nothing is there before");
    let first = join(&one, now).await;
    assert_eq!((first.since, first.endpoints, first.told), (now, 1, Severity::Info));
    assert_eq!((first.first.as_str(), first.key()), (one.names.primary().to_string().as_str(), format!("{cause}.ca")));
    assert_eq!(join(&one, now + Duration::MINUTE).await, first, "the same again is not counted again");
    let second = join(&two, now + Duration::MINUTE).await;
    assert_eq!((second.since, second.endpoints, &second.first), (now, 2, &first.first), "it began with the first");
    let other = causes.join(&cause, WaitingOn::Operator, &one, now).await.expect("joined");
    assert_eq!(other.endpoints, 1, "whose move it is tells causes apart");
    assert_eq!(leave(&one, WaitingOn::Operator).await, Some(other.clone()));
    causes.close(&other).await.expect("closed");

    // One of many concurrent callers may notify.
    let claim = async |who: &str, severity, at| causes.claim(&first, who, severity, at).await.expect("answers");
    let crowd: Vec<_> = (0..8).map(|n| endpoint(seed + n, now).id.to_string()).collect();
    let claims = crowd.iter().map(|who| claim(who, Some(Severity::Notice), now));
    let won: Vec<_> = futures::future::join_all(claims).await;
    assert_eq!(won.iter().filter(|won| **won).count(), 1, "of eight at once one tells");
    let winner = &crowd[won.iter().position(|won| *won).expect("one")];
    let loser = &crowd[won.iter().position(|won| !*won).expect("seven")];
    assert!(claim(winner, Some(Severity::Notice), now).await, "it may again, after a crash");
    let until = now + CLAIM;
    assert!(!claim(loser, Some(Severity::Notice), until - Duration::SECOND).await);
    assert!(claim(loser, Some(Severity::Notice), until).await, "one that does not come back is not waited for");
    causes.mark_notified(&first, Severity::Notice).await.expect("recorded");
    assert!(!claim(winner, Some(Severity::Notice), until).await, "what was told is not told again");
    assert!(claim(winner, Some(Severity::Error), until).await, "what is worse is");
    causes.mark_notified(&first, Severity::Error).await.expect("recorded");
    assert!(!claim(loser, Some(Severity::Warning), until).await, "and then nothing that is less");
    assert_eq!(join(&one, until).await.told, Severity::Error);
    let lasting = causes.lasting().await.expect("answers");
    assert_eq!(lasting.iter().filter(|known| known.cause == cause).count(), 1);

    // The last endpoint that leaves triggers the notification of the end.
    assert_eq!(leave(&one, WaitingOn::Ca).await, None, "there is another");
    let last = leave(&two, WaitingOn::Ca).await.expect("the last");
    assert_eq!((last.endpoints, last.told), (2, Severity::Error));
    assert_eq!(leave(&two, WaitingOn::Ca).await, Some(last.clone()), "the same again, after a crash");
    let (one_id, two_id) = (one.id.as_str(), two.id.as_str());
    assert!(claim(two_id, None, until).await && !claim(one_id, None, until).await, "one of them");
    causes.close(&last).await.expect("closed");
    causes.close(&last).await.expect("closed twice");
    assert!(!claim(two_id, None, until + CLAIM).await, "there is nothing to tell of any more");
    let anew = join(&two, until).await;
    assert_eq!((anew.since, anew.endpoints, anew.told), (until, 1, Severity::Info), "it begins anew");
    causes.close(&last).await.expect("of another time");
    assert!(!claim(two_id, Some(Severity::Notice), until).await, "what was known then is not what is now");
    assert_eq!(join(&two, until).await, anew, "and is left alone");
    leave(&two, WaitingOn::Ca).await.expect("the last");
    causes.close(&anew).await.expect("closed");
}
