"""What last-release.py must refuse, what it must ask the changelog for, and what it must let pass."""

import copy
import importlib.util
import pathlib
import unittest

SOURCE = pathlib.Path(__file__).with_name("last-release.py")
specification = importlib.util.spec_from_file_location("last_release", SOURCE)
last_release = importlib.util.module_from_spec(specification)
specification.loader.exec_module(last_release)

TEMPLATE = {
    "Parameters": {"Zone": {"Type": "String", "MaxLength": 128}, "Level": {"Type": "Number", "Default": 3}},
    "Outputs": {"Url": {"Value": "x"}},
    "Resources": {
        "Table": {
            "Type": "AWS::DynamoDB::Table",
            "DeletionPolicy": "Retain",
            "Properties": {
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
                "GlobalSecondaryIndexes": [{"IndexName": name, "Projection": "ALL"} for name in ("a", "b")],
            },
        },
        "Scan": {"Type": "AWS::Scheduler::Schedule", "Properties": {"Name": {"Fn::Sub": "${AWS::StackName}-scan"}}},
    },
}


class LastRelease(unittest.TestCase):
    def setUp(self):
        self.now = copy.deepcopy(TEMPLATE)
        self.resources, self.parameters = self.now["Resources"], self.now["Parameters"]
        self.indexes = self.resources["Table"]["Properties"]["GlobalSecondaryIndexes"]

    def found(self, changelog=""):
        before, now = (last_release.describe(one, "1.0.0") for one in (TEMPLATE, self.now))
        return "\n".join(last_release.check(before, now, changelog + "\n## [1.0.0]\n`Level` `Zone` `Url` `Scan` `New`\n"))

    def assert_asked_for(self, word, what):
        self.assertIn(f"{word}: {what}", self.found())
        self.assertEqual(self.found(f"- `{word}`: do this."), "")

    def test_an_unchanged_release_is_not_reported(self):
        self.assertEqual(self.found(), "")

    def test_one_index_is_made_or_removed_in_one_release(self):
        self.indexes.append({"IndexName": "c"})
        self.assertEqual(self.found(), "")
        self.indexes.append({"IndexName": "d"})
        self.assertIn("Table: c, d differ", self.found("- `Table`"))
        del self.indexes[1:]
        self.assertEqual(self.found(), "")

    def test_an_index_cannot_change(self):
        self.indexes[0]["Projection"] = "KEYS_ONLY"
        self.assertIn("the index a cannot change", self.found())

    def test_a_table_and_what_else_is_kept_stays_what_it_is(self):
        self.resources["Table"]["Properties"]["KeySchema"] = []
        self.assertIn("replaces the table", self.found("- `Table`"))
        self.resources["Other"] = self.resources.pop("Table")
        self.assertIn("would be left behind", self.found("- `Table`"))

    def test_parameters_that_come_and_go_are_reported(self):
        self.parameters["New"] = {"Type": "String"}
        self.assert_asked_for("New", "the parameter is new and has no default")
        self.parameters["New"]["Default"] = ""
        self.assert_asked_for("New", "the parameter is new since 1.0.0")
        del self.parameters["New"], self.parameters["Level"]
        self.assert_asked_for("Level", "the parameter is gone")

    def test_another_default_and_a_narrower_constraint_are_reported(self):
        self.parameters["Level"]["Default"] = 4
        self.assert_asked_for("Level", "its default was 3 and is 4")
        self.parameters["Level"]["Default"] = 3
        self.parameters["Zone"]["MaxLength"] = 129
        self.assertEqual(self.found(), "")
        self.parameters["Zone"]["MaxLength"] = 127
        self.assert_asked_for("Zone", "MaxLength was 128 and is 127")
        del self.parameters["Zone"]["MaxLength"]
        self.parameters["Zone"]["AllowedPattern"] = "[a-z]+"
        self.assert_asked_for("Zone", "AllowedPattern was None")

    def test_outputs_and_fixed_names_are_reported(self):
        self.now["Outputs"] = {"Url": {"Value": "x", "Export": {"Name": "url"}}}
        self.assert_asked_for("Url", "the export was None and is 'url'")
        self.now["Outputs"] = {}
        self.assert_asked_for("Url", "the output is gone")
        self.now["Outputs"] = TEMPLATE["Outputs"]
        self.resources["Scan"]["Properties"]["Name"] = "scan"
        self.assert_asked_for("Scan", "the resource was called")


if __name__ == "__main__":
    unittest.main()
