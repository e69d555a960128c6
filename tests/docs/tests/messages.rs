//! The words of the glossary, in the messages as they are sent.

use documentation::old_words;
use testkit::samples;

#[test]
fn no_message_uses_an_old_word() {
    let sender = samples::sender();
    for alert in samples::alerts() {
        for text in [alert.subject(&sender), alert.text(&sender), alert.headline()] {
            assert_eq!(old_words(&text), vec![], "{text}");
        }
    }
}
