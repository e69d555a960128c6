//! Feeds a parser unusual input: the corpus in `tests/corpus`, and mutations of it.
//!
//! Everything here runs on stable Rust and in the tests' own build. cargo-fuzz and bolero's engines use coverage, but need
//! nightly's sanitizers or a second build of all crates with other flags; here a corpus of real messages finds what coverage
//! would find. Failing inputs are stored in the corpus as `crash-…`, and so are tests from then on.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Per target. `FUZZ_SECONDS` overrides it, as in `make test` and `make fuzz`.
const SECONDS: u64 = 2;
/// Successive mutations of one input.
const MOST_MUTATIONS: u64 = 8;
const LONGEST: usize = 8192;

/// Calls `check` with each input of `tests/corpus/TARGET`, and then with mutations of them until the time is up.
///
/// # Panics
///
/// `check` panics, or there is no corpus.
pub fn fuzz(target: &str, check: impl Fn(&[u8])) {
    let folder = corpus(target);
    let inputs = read(&folder);
    assert!(!inputs.is_empty(), "no corpus in {}", folder.display());
    for (name, input) in &inputs {
        assert!(passes(&check, input), "{target}: {name} of the corpus");
    }
    let inputs: Vec<Vec<u8>> = inputs.into_iter().map(|(_, input)| input).collect();
    let mut chance = Chance::new();
    let until = Instant::now() + time_for_each();
    let mut tried = 0_u64;
    while Instant::now() < until {
        let input = mutated(&inputs, &mut chance);
        tried += 1;
        if !passes(&check, &input) {
            let kept = folder.join(format!("crash-{:016x}", chance.next()));
            fs::write(&kept, &input).expect("the corpus can be written");
            panic!("{target} fails after {tried} inputs; the input is in {}: {}", kept.display(), input.escape_ascii());
        }
    }
    println!("{target}: {tried} inputs");
}

fn passes(check: &impl Fn(&[u8]), input: &[u8]) -> bool {
    catch_unwind(AssertUnwindSafe(|| check(input))).is_ok()
}

#[expect(clippy::disallowed_methods, reason = "a test that is told how long it may take")]
fn time_for_each() -> Duration {
    let seconds = std::env::var("FUZZ_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(seconds.unwrap_or(SECONDS))
}

fn corpus(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/corpus").join(target)
}

/// The inputs with their names, in a fixed order.
fn read(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut inputs: Vec<_> = entries
        .flatten()
        .map(|entry| {
            let input = fs::read(entry.path()).expect("a file of the corpus");
            (entry.file_name().to_string_lossy().into_owned(), input)
        })
        .collect();
    inputs.sort();
    inputs
}

/// One of `inputs`, changed in a few places.
fn mutated(inputs: &[Vec<u8>], chance: &mut Chance) -> Vec<u8> {
    let mut input = chance.one_of(inputs).clone();
    for _ in 0..=chance.below(MOST_MUTATIONS) {
        let other: &Vec<u8> = chance.one_of(inputs);
        mutate(&mut input, other, chance);
        input.truncate(LONGEST);
    }
    input
}

/// Changes `input` once; `other` gives it parts.
fn mutate(input: &mut Vec<u8>, other: &[u8], chance: &mut Chance) {
    /// Bytes where lengths and counters overflow, and characters that end, quote or separate something.
    const TELLING: &[u8] = b"\x00\x01\x3f\x40\x7f\x80\xbf\xc0\xc1\xff.-_*=;:,\"'\\/ \t\r\n<>&%+@";
    let (from, to) = chance.range(input.len());
    match chance.below(8) {
        0 if !input.is_empty() => {
            let at = chance.index(input.len());
            input[at] ^= 1 << chance.below(8);
        }
        1 if !input.is_empty() => {
            let at = chance.index(input.len());
            input[at] = *chance.one_of(TELLING);
        }
        2 => input.insert(from, *chance.one_of(TELLING)),
        3 => input.insert(from, chance.next() as u8),
        4 => drop(input.drain(from..to)),
        5 => {
            let again = input[from..to].to_vec();
            input.splice(to..to, again);
        }
        6 => {
            let (first, last) = chance.range(other.len());
            input.splice(from..to, other[first..last].iter().copied());
        }
        // Letters outside ASCII: one with two characters in lower case, one that is invisible, one that reverses the direction.
        _ => {
            let letter = chance.one_of(&["ß", "İ", "\u{202e}", "\u{200b}", "ａ", "。", "é", "\u{0}", "𝒂"]);
            input.splice(from..from, letter.bytes());
        }
    }
}

/// xorshift64*: fast, and random enough to try inputs with.
struct Chance(u64);

impl Chance {
    fn new() -> Self {
        let seed =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(1, |since| since.as_nanos());
        Self((seed as u64) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, bound: u64) -> u64 {
        (self.next() >> 33) % bound
    }

    fn index(&mut self, length: usize) -> usize {
        self.below(length as u64) as usize
    }

    fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.index(all.len())]
    }

    /// A part of something of this length, mostly a short one.
    fn range(&mut self, length: usize) -> (usize, usize) {
        let from = self.index(length + 1);
        let longest = (length - from).min(if self.below(4) == 0 { length } else { 8 });
        (from, from + self.index(longest + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mutations_reach_what_no_input_of_the_corpus_has() {
        let inputs = [b"shop.example.com".to_vec(), b"*.example.net".to_vec()];
        let mut chance = Chance::new();
        let tried: Vec<Vec<u8>> = (0..20_000).map(|_| mutated(&inputs, &mut chance)).collect();
        for wanted in [&b".."[..], b"*.*", b"\xc0", b"%", b"."] {
            assert!(tried.iter().any(|input| input.windows(wanted.len()).any(|part| part == wanted)), "{wanted:?}");
        }
        assert!(tried.iter().any(Vec::is_empty) || tried.iter().any(|input| input.len() < 3));
        assert!(tried.iter().all(|input| input.len() <= LONGEST));
    }
}
