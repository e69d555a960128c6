//! Fails a test when its own result is known already: what the end of a cloud finds must not hide why a test failed.

use std::cell::RefCell;
use std::process::exit;
use std::thread;

/// The exit code of a test binary with a failed test.
const FAILED: i32 = 101;

thread_local! {
    static FOUND: Found = const { Found(RefCell::new(Vec::new())) };
}

/// What is said when the thread ends. By then the test's own error is printed.
struct Found(RefCell<Vec<String>>);

impl Drop for Found {
    fn drop(&mut self) {
        let found = self.0.borrow();
        if !found.is_empty() {
            eprintln!("{}", found.join("\n"));
            exit(FAILED);
        }
    }
}

/// Fails the test that runs in this thread, whether or not it fails by itself.
///
/// # Panics
///
/// At once, in a thread whose end may come after the program's: its first one, one of a runtime, and any without a name.
pub(crate) fn fail_at_the_end(error: &anyhow::Error) {
    let of_a_test = thread::current().name().is_some_and(|name| name != "main" && !name.starts_with("tokio-"));
    assert!(of_a_test, "{error:#}");
    FOUND.with(|found| found.0.borrow_mut().push(format!("{error:#}")));
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::{Result, bail};
    use std::process::{Command, Output};

    const OF_THE_TEST: &str = "the certificate is not there";
    const OF_THE_CLOUD: &str = "AWS would have refused a call";

    #[test]
    #[ignore = "the test below runs it"]
    fn fails_by_itself() -> Result<()> {
        fail_at_the_end(&anyhow::anyhow!(OF_THE_CLOUD));
        bail!(OF_THE_TEST)
    }

    #[test]
    #[ignore = "the test below runs it"]
    fn passes_by_itself() {
        fail_at_the_end(&anyhow::anyhow!(OF_THE_CLOUD));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn in_a_thread_of_a_runtime_it_fails_at_once() {
        let dropped = tokio::spawn(async { fail_at_the_end(&anyhow::anyhow!(OF_THE_CLOUD)) }).await;
        assert!(dropped.expect_err("it panics").is_panic());
    }

    fn run(test: &str) -> Output {
        let name = format!("late_failure::tests::{test}");
        let mut program = Command::new(std::env::current_exe().expect("this test's"));
        // With one thread it could be the program's own.
        program.args(["--exact", &name, "--ignored", "--nocapture", "--test-threads=2"]);
        program.output().expect("it starts")
    }

    #[test]
    fn what_a_cloud_finds_fails_a_test_and_hides_nothing() {
        for (test, errors) in
            [("fails_by_itself", &[OF_THE_TEST, OF_THE_CLOUD][..]), ("passes_by_itself", &[OF_THE_CLOUD])]
        {
            let output = run(test);
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(FAILED), "{test}: {said}");
            assert!(errors.iter().all(|error| said.contains(error)), "{test}: {said}");
        }
    }
}
