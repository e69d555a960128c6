"""What take-over.py makes of the template, and which of several leftovers it must not choose by itself."""

import contextlib
import importlib.util
import io
import pathlib
import re
import unittest
from unittest import mock

SOURCE = pathlib.Path(__file__).with_name("take-over.py")


def load(name):
    specification = importlib.util.spec_from_file_location(name.replace("-", "_"), SOURCE.with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


take_over = load("take-over")

TEMPLATE = (SOURCE.parent.parent / "template.yaml").read_text(encoding="utf-8")


class Template(unittest.TestCase):
    def test_each_retained_resource_can_be_imported_and_is_searched_for(self):
        kinds = take_over.retained(TEMPLATE)
        self.assertEqual(TEMPLATE.count("\n    DeletionPolicy: Retain\n"), len(kinds))
        self.assertEqual(set(kinds.values()) - set(take_over.IDENTIFIERS), set())
        with mock.patch.object(take_over, "aws", account()):
            self.assertEqual(set(kinds), set(take_over.candidates("prod")))

    def test_the_imported_template_is_whole_and_has_nothing_else(self):
        names = list(take_over.retained(TEMPLATE))
        text = take_over.importing(TEMPLATE, names)
        self.assertEqual(list(take_over.blocks(text, "Resources")), names)
        self.assertLess(len(text.encode()), 51_200, "it is sent with the call")
        self.assertNotIn("Transform", text)
        self.assertNotIn("Outputs", text)
        known = set(names) | set(take_over.blocks(text, "Parameters"))
        named = re.findall(r"!Ref ([\w:]+)|!GetAtt (\w+)|\$\{(\w[\w:]*)", text)
        named = {name for found in named for name in found if name and not name.startswith("AWS::")}
        self.assertEqual(named - known, set())
        conditions = set(re.findall(r"!If(?: \[|\s+- )(\w+)", text))
        self.assertEqual(conditions, set(take_over.blocks(text, "Conditions")))

    def test_the_template_of_a_release_brings_the_same(self):
        packaged = load("release").packaged(TEMPLATE, "1.2.3", "arm64")
        kinds = take_over.retained(TEMPLATE)
        self.assertEqual(take_over.retained(packaged), kinds)
        self.assertEqual(take_over.importing(packaged, list(kinds)), take_over.importing(TEMPLATE, list(kinds)))

    def test_one_resource_alone_brings_only_what_it_names(self):
        text = take_over.importing(TEMPLATE, ["TokenBucket"])
        self.assertEqual(take_over.blocks(text, "Parameters"), {})
        self.assertTrue(text.startswith("Resources:\n  TokenBucket:\n    Type: AWS::S3::Bucket\n"))


def account(tables=("prod-EndpointsTable-1", "prod-KeysTable-1", "other-EndpointsTable-1"), keys=()):
    """The answers of an AWS account."""

    def aws(service, operation, *words):
        if operation == "describe-key":
            if dict(keys)[words[1]] is None:
                raise LookupError("AccessDeniedException")
            description, state = dict(keys)[words[1]]
            return {"KeyMetadata": {"Description": description, "KeyState": state}}
        return {
            "list-tables": {"TableNames": list(tables)},
            "list-buckets": {"Buckets": [{"Name": "prod-tokenbucket-1"}, {"Name": "prod-logs"}]},
            "list-secrets": {
                "SecretList": [
                    {"ARN": "arn:own", "Description": "ACME account of prod. Written by the functions; do not edit."},
                    {"ARN": "arn:other", "Description": "ACME account of production. Written by the functions."},
                    {"ARN": "arn:mine"},
                ]
            },
            "list-keys": {"Keys": [{"KeyId": key} for key, _ in keys]},
        }[operation]

    return aws


class Choice(unittest.TestCase):
    kinds = take_over.retained(TEMPLATE)

    def chosen(self, named=None, **there):
        with mock.patch.object(take_over, "aws", account(**there)), contextlib.redirect_stdout(io.StringIO()):
            return take_over.chosen("prod", self.kinds, named or {})

    def test_what_is_the_stacks_is_found_and_what_is_not_is_left(self):
        keys = [("k1", ("Certificate keys of prod", "Enabled")), ("k2", ("Alerts of prod", "PendingDeletion"))]
        self.assertEqual(
            self.chosen(keys=keys),
            {
                "EndpointsTable": "prod-EndpointsTable-1",
                "KeysTable": "prod-KeysTable-1",
                "TokenBucket": "prod-tokenbucket-1",
                "AccountSecret": "arn:own",
                "KeysKey": "k1",
            },
        )

    def test_of_several_none_is_chosen_until_one_is_named(self):
        tables = ("prod-EndpointsTable-1", "prod-EndpointsTable-2")
        with self.assertRaises(SystemExit) as refused:
            self.chosen(tables=tables)
        self.assertIn("EndpointsTable=prod-EndpointsTable-2", str(refused.exception))
        found = self.chosen({"EndpointsTable": "prod-EndpointsTable-2"}, tables=tables)
        self.assertEqual(found["EndpointsTable"], "prod-EndpointsTable-2")

    def test_a_key_that_cannot_be_read_stops_nothing(self):
        keys = (("hidden", None), ("k1", ("Certificate keys of prod", "Enabled")))
        self.assertEqual(self.chosen(keys=keys)["KeysKey"], "k1")

    def test_without_the_endpoints_there_is_nothing_to_take_over(self):
        with self.assertRaises(SystemExit) as refused:
            self.chosen(tables=())
        self.assertIn("No table prod-EndpointsTable", str(refused.exception))


if __name__ == "__main__":
    unittest.main()
