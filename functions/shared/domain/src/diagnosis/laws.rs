//! What holds for all facts, however odd.
