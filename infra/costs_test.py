import unittest

import costs

PRICES = {
    "dynamodb_write_unit": 1.0, "dynamodb_read_unit": 0.0, "state_transition": 0.0, "lambda_request": 0.0,
    "lambda_gb_second": 0.0, "sns_publish": 0.0, "event": 0.0, "kms_request": 0.0, "fixed_per_month": 7.0,
}
ROWS = "\n".join(
    f"| {what} | 0 | {writes} |"
    for what, writes in [
        ("renewal (DNS-01)", 30), ("health check without news", 3), ("poll for the suggested window", 2),
        ("run of check-health with nothing due", 0), ("run of poll-renewal-info with nothing due", 0),
        ("scan with nothing due", 0),
    ]
)


class Costs(unittest.TestCase):
    def test_units_are_counted_by_how_often_each_comes_in_a_month(self):
        dynamodb, compute, flow, other = costs.per_month(costs.units(ROWS), PRICES, 1, 90 * 24)
        expected = 730 / 1440 * 30 + 730 / 6 * 3 + 730 / 6 * 2
        self.assertAlmostEqual(dynamodb, expected)
        self.assertEqual((compute, flow, other), (0, 0, 7))

    def test_a_short_life_is_renewed_at_half_and_checked_a_hundred_times(self):
        dynamodb, *_ = costs.per_month(costs.units(ROWS), PRICES, 1, 160)
        self.assertAlmostEqual(dynamodb, 730 / 80 * 30 + 730 / 1.6 * 3 + 730 / 6 * 2)

    def test_a_row_that_is_missing_or_there_twice_is_reported(self):
        for page in ["", ROWS + "\n| renewal | 1 | 1 |"]:
            with self.assertRaises(SystemExit):
                costs.units(page)("renewal")


if __name__ == "__main__":
    unittest.main()
