//! Which file imports which, and whether the layers hold.
//!
//! The compiler keeps the order of crates. Inside a crate it keeps none: this reads the paths of every file that begin with
//! `crate`, `self` or `super`, in imports and in code, leaves out what only tests see, and says what points up and what goes
//! round in a circle.

mod imports;
mod layers;
mod tree;

pub use imports::{Arrow, arrows};
pub use layers::{Layers, circles, layers, upward};
pub use tree::{CrateFolder, crates, ours_among_dependencies};
