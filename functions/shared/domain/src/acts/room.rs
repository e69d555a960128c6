//! How many attempts an account can carry at once.

/// Concurrent Lambda invocations that a new AWS account has. Source: AWS Lambda quotas.
pub const SMALLEST_CONCURRENCY: u32 = 10;

/// How many attempts may run at once where so many Lambda invocations can. At least one.
///
/// An attempt runs one step at a time. A fifth, and two at the least, is left to the API, the challenges and the schedules.
pub fn attempts_at_once(concurrency: u32) -> u32 {
    concurrency.saturating_sub((concurrency / 5).max(2)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_room_is_always_left_to_others() {
        let at_once = [0, 2, 3, SMALLEST_CONCURRENCY, 11, 100, 1000].map(attempts_at_once);
        assert_eq!(at_once, [1, 1, 1, 8, 9, 80, 800]);
    }
}
