//! A CA in memory.

mod answers;
mod knobs;
mod memory;
mod state;

pub use memory::MemoryCa;
