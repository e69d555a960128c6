//! What drives several ports.

pub mod attach_listeners;
pub mod change_capacity;
pub mod check_records;
pub mod choose_ca;
pub mod count_capacity;
pub mod deactivate;
pub mod due_round;
pub mod hold_names;
pub mod notify;
pub mod owned_endpoint;
pub mod room;
pub mod start_attempt;
pub mod take_tokens;

pub use self::change_capacity::change_capacity;
pub use self::choose_ca::{Authorities, Authority, ListedTwice, Passed, TRIES};
pub use self::count_capacity::{Counting, count_capacity};
pub use self::due_round::DueRound;
pub use self::hold_names::{MOVE_GRACE, Taking, judge_names};
pub use self::room::{SMALLEST_CONCURRENCY, attempts_at_once, expected_at, running};
pub use self::take_tokens::{Pace, TENANT_SHARE};
