use domain::ports::{Place, Room};
use futures::future::join_all;

use super::whole_second;

/// `room` is for eight attempts, and none is taken. The test takes a few seconds at most: room that is taken without a start is
/// free again some time after that.
pub async fn room(room: &(impl Room + Sync)) {
    let take = async |wanted, place| room.take_room(wanted, place, whole_second()).await.expect("answers");
    let at_once = join_all((0..20).map(|_| take(1, Place::Last))).await;
    let taken: Vec<_> = at_once.iter().filter(|taken| taken.attempts == 1).collect();
    assert_eq!(taken.len(), 8, "of twenty at once eight get room");
    assert!(at_once.iter().all(|taken| taken.most == 8));

    let scan = take(5, Place::First).await;
    assert_eq!((scan.attempts, scan.waiting), (0, 5), "the others are known to wait");
    room.give_room_back(taken[0], 1).await.expect("given back");
    let late = take(1, Place::Last).await;
    assert_eq!((late.attempts, late.waiting), (0, 6), "who comes later gets none while others wait");
    let scan = take(6, Place::First).await;
    assert_eq!((scan.attempts, scan.waiting), (1, 5), "those who have waited do");

    for one in &taken[1..4] {
        room.give_room_back(one, 1).await.expect("given back");
    }
    let scan = take(2, Place::First).await;
    assert_eq!((scan.attempts, scan.waiting), (2, 0));
    assert_eq!(take(1, Place::Last).await.attempts, 1, "once nobody waits, whoever comes does");
    assert_eq!(take(1, Place::Last).await.attempts, 0, "and no more than there is");
}
