//! Counts imports, those that point up, and circles: `cargo run -p house`.

use std::path::Path;

use anyhow::Result;
use house::{arrows, circles, crates, layers, upward};

fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    println!("{:<22} {:>7} {:>4} {:>7}", "crate", "imports", "up", "circles");
    for (name, folder) in crates(&root)? {
        let arrows = arrows(&folder)?;
        let order = layers(&name);
        let up = order.map(|layers| upward(&arrows, layers)).unwrap_or_default();
        let circles = circles(&arrows, order.is_none());
        println!("{name:<22} {:>7} {:>4} {:>7}", arrows.len(), up.len(), circles.len());
        up.iter().for_each(|arrow| println!("    up      {} -> {}", arrow.from.join("::"), arrow.to.join("::")));
        circles.iter().for_each(|files| println!("    circle  {}", files.join(" ")));
    }
    Ok(())
}
