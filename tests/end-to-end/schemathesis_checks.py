"""What schemathesis cannot know of this API. Loaded by SCHEMATHESIS_HOOKS, see tests/schemathesis.rs."""

import schemathesis
from schemathesis.openapi.checks import UseAfterFree
from schemathesis.specs.openapi.checks import use_after_free


@schemathesis.check
def use_after_deletion(ctx, response, case):
    """As use_after_free, but where 202 says that the removal has only been accepted (RFC 9110 §15.3.3): it goes on for a while."""
    try:
        return use_after_free(ctx, response, case)
    except UseAfterFree as failure:
        if ctx.internals.find_response(case_id=failure.deleted_case_id).status_code == 202:
            return None
        raise
