//! docs/reference/failure-drills.md lists what the other tests break on purpose.

use anyhow::Result;

#[test]
fn the_page_lists_the_failure_drills_and_nothing_else() -> Result<()> {
    end_to_end::failure_drills::check_page()
}

/// Run by `make drills`, when the others have left their evidence.
#[test]
#[ignore = "needs the evidence of the other tests"]
fn the_page_of_the_failure_drills_is_written() -> Result<()> {
    end_to_end::failure_drills::write_page()
}
