//! README and docs as data, so that tests can compare them with the program.

mod commands;
mod links;
mod literals;
mod page;
mod parameters;
mod template;
mod terraform;
mod text;
mod words;

pub use commands::{Command, commands, make_targets};
pub use links::{broken_links, linked_pages, named_pages};
pub use page::{Code, Link, Page, fill_in, pages, root};
pub use parameters::parameters_page;
pub use template::{Described, Group, Template};
pub use terraform::{terraform_outputs, terraform_variables};
pub use text::{Source, readable};
pub use words::{OLD_WORDS, OldWord, Use, old_words, relative_pronouns, words};
