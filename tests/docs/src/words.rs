//! Words: the old ones of the glossary, and relative pronouns.

/// A phrase that has a better word. Only those that are wrong wherever they stand.
#[derive(Clone, Copy, Debug)]
pub struct OldWord {
    /// Lower case, one blank between words. A star at its end is any end of the word.
    pub old: &'static str,
    pub better: &'static str,
}

const fn old(old: &'static str, better: &'static str) -> OldWord {
    OldWord { old, better }
}

/// What docs/GLOSSARY.md replaced.
pub const OLD_WORDS: &[OldWord] = &[
    old("look at", "check, inspect, read"),
    old("looks at", "checks"),
    old("looked at", "checked"),
    old("looking at", "checking"),
    old("a look", "a check"),
    old("the look", "the check"),
    old("two looks", "two checks"),
    old("last look", "last check"),
    old("look anew", "check again"),
    old("anew", "again"),
    old("mend*", "fix, resolve, recover"),
    old("by itself", "automatically"),
    old("by themselves", "automatically"),
    old("whose move*", "waiting on"),
    old("whose turn", "due"),
    old("who must act", "waiting on"),
    old("who has to act", "waiting on"),
    old("has to be waited for", "waiting on the CA"),
    old("standing record*", "persistent validation record"),
    old("stands in the way", "prevents"),
    old("stand in the way", "prevent"),
    old("that stand in", "fallback"),
    old("that stands in", "fallback"),
    old("stands in for", "fallback"),
    old("further authorities", "fallback CAs"),
    old("further name*", "additional names"),
    old("the engine", "the installation"),
    old("verdict*", "status"),
    old("remedy", "next step"),
    old("remedies", "next steps"),
    old("parked", "paused"),
    old("budget*", "rate limit"),
    old("errand*", "due reason"),
    old("in a row", "consecutive"),
    old("to be had", "issued, obtained"),
    old("can be had", "can be issued"),
    old("is told", "is notified, is reported"),
    old("are told", "are notified, are reported"),
    old("was told", "was notified"),
    old("told once", "notified once"),
    old("well again", "resolved"),
    old("is well", "healthy"),
    old("is away", "unavailable"),
    old("are away", "unavailable"),
    old("owner of the domain", "domain owner"),
    old("domain's owner", "domain owner"),
    old("presents another certificate", "serves a different certificate"),
    old("certificate in place", "current certificate"),
    old("provoke*", "failure drill"),
    old("advised window*", "suggested window"),
    old("renewal advice", "suggested window"),
    old("with one another", "with each other"),
];

/// An old word in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    pub line: usize,
    pub old: &'static str,
    pub better: &'static str,
}

/// The words of `text` in lower case, with their lines.
pub fn words(text: &str) -> Vec<(usize, String)> {
    let lines = text.lines().enumerate();
    let words = lines.flat_map(|(number, line)| {
        let line = line.replace('’', "'");
        let words: Vec<_> = line
            .split(|sign: char| !(sign.is_alphanumeric() || matches!(sign, '\'' | '-' | '…')))
            .map(|word| word.trim_matches(['\'', '-']).to_lowercase())
            .filter(|word| !word.is_empty())
            .map(|word| (number + 1, word))
            .collect();
        words
    });
    words.collect()
}

/// Where `text` uses old words.
pub fn old_words(text: &str) -> Vec<Use> {
    let words = words(text);
    let mut uses = Vec::new();
    for start in 0..words.len() {
        for OldWord { old, better } in OLD_WORDS {
            let mut phrase = old.split(' ').zip(&words[start..]);
            let length = old.split(' ').count();
            let fits = start + length <= words.len()
                && phrase.all(|(old, (_, word))| match old.strip_suffix('*') {
                    Some(stem) => word.starts_with(stem),
                    None => word == old,
                });
            if fits {
                uses.push(Use { line: words[start].0, old, better });
            }
        }
    }
    uses
}

/// Relative pronouns for each 1,000 words.
pub fn relative_pronouns(text: &str) -> f64 {
    let words = words(text);
    let words: Vec<_> = words.iter().filter(|(_, word)| word != "…").collect();
    let pronouns =
        words.iter().filter(|(_, word)| matches!(word.as_str(), "that" | "which" | "who" | "whose" | "whom" | "what"));
    let (pronouns, all) = (u32::try_from(pronouns.count()), u32::try_from(words.len()));
    f64::from(pronouns.unwrap_or(u32::MAX)) * 1000.0 / f64::from(all.unwrap_or(u32::MAX).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_word_is_found_over_the_end_of_a_line_and_with_any_ending() {
        let uses: Vec<_> =
            old_words("It is looked\nat, and mended.").into_iter().map(|found| (found.line, found.old)).collect();
        assert_eq!(uses, [(1, "looked at"), (2, "mend*")]);
        assert_eq!(old_words("Look up the status, and recommend it."), []);
    }

    #[test]
    fn pronouns_are_measured_against_all_words() {
        assert!((relative_pronouns("The one that works, … and nine other words follow here.") - 100.0).abs() < 1.0);
    }
}
