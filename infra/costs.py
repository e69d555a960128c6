#!/usr/bin/env python3
"""Calculates what an endpoint costs in a month, from what was counted and AWS's list prices.

    infra/costs.py docs/reference/costs.md

The page has the units of DynamoDB that one of each uses, as tests/end-to-end/tests/units.rs counts them. The other counts are
below, each with where it comes from. The table between the marks is written anew.
"""

import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).parent
BEGIN, END = "<!-- costs -->\n", "<!-- end of costs -->"
HOURS = 730  # of a month, as AWS calculates

# docs/reference/costs.md, "Per certificate": counted by `make demo`.
TRANSITIONS = 16  # DNS-01, the dearer
CALLS, SECONDS_OF_A_RENEWAL = 9, 5.0
PUBLISHES, EVENTS, KMS = 2, 1, 3
# A second per check, eight of them at once: the least favourable that was seen.
SECONDS_OF_A_CHECK = 1 / 8
SECONDS_OF_A_POLL = 0.1 / 8
GIGABYTES = 0.25
# What is due is looked for each minute, and each five minutes.
SCANS, POLLS, HEALTH_RUNS = HOURS * 60, HOURS * 60, HOURS * 12
SECONDS_OF_A_RUN = 1.0

LIFETIMES = {"90 d": 90 * 24, "45 d": 45 * 24, "160 h": 160}
SIZES = [1_000, 100_000, 1_000_000]


def units(page):
    """Read and write units of one of each, by the beginning of the row."""
    rows = re.findall(r"^\| ([^|]+) \| ([\d.]+) \| ([\d.]+) \|$", page, re.MULTILINE)

    def of(what):
        found = [(float(reads), float(writes)) for name, reads, writes in rows if name.startswith(what)]
        if len(found) != 1:
            sys.exit(f"costs.md has {len(found)} rows that begin with {what!r}")
        return found[0]

    return of


def per_month(of, prices, endpoints, hours):
    """Dollars a month: DynamoDB, Lambda, Step Functions and all other things."""
    renewals = HOURS / (hours / 2 if hours < 240 else hours * 2 / 3)
    checks = HOURS / min(6, hours / 100)  # functions/shared/domain/src/health/pace.rs
    polls = HOURS / 6  # the Retry-After of Let's Encrypt
    counts = {
        "renewal": renewals * endpoints,
        "health check": checks * endpoints,
        "poll": polls * endpoints,
        "run of check-health": HEALTH_RUNS,
        "run of poll-renewal-info": POLLS,
        "scan": SCANS,
    }
    dynamodb = sum(
        count * (of(what)[0] * prices["dynamodb_read_unit"] + of(what)[1] * prices["dynamodb_write_unit"])
        for what, count in counts.items()
    )
    seconds = (
        counts["renewal"] * SECONDS_OF_A_RENEWAL
        + counts["health check"] * SECONDS_OF_A_CHECK
        + counts["poll"] * SECONDS_OF_A_POLL
        + (SCANS + POLLS + HEALTH_RUNS) * SECONDS_OF_A_RUN
    )
    calls = counts["renewal"] * CALLS + SCANS + POLLS + HEALTH_RUNS
    compute = seconds * GIGABYTES * prices["lambda_gb_second"] + calls * prices["lambda_request"]
    flow = counts["renewal"] * TRANSITIONS * prices["state_transition"]
    told = PUBLISHES * prices["sns_publish"] + EVENTS * prices["event"] + KMS * prices["kms_request"]
    return dynamodb, compute, flow, counts["renewal"] * told + prices["fixed_per_month"]


def table(page, prices):
    of = units(page)
    yield "| endpoints | lifetime | DynamoDB | Lambda | Step Functions | other, fixed | a month | an endpoint and month |"
    yield "|---|---|---|---|---|---|---|---|"
    for endpoints in SIZES:
        for lifetime, hours in LIFETIMES.items():
            parts = per_month(of, prices, endpoints, hours)
            total = sum(parts)
            dollars = " | ".join(f"${part:,.2f}" for part in (*parts, total))
            yield f"| {endpoints:,} | {lifetime} | {dollars} | ${total / endpoints:.5f} |"


def main(path):
    page = path.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN, 1)
    _, after = rest.split(END, 1)
    prices = json.loads((HERE / "prices.json").read_text(encoding="utf-8"))
    lines = "\n".join(table(before + after, prices))
    path.write_text(f"{before}{BEGIN}\n{lines}\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
