#!/usr/bin/env python3
"""What an update of the stack depends on: its tables, fixed names, parameters and outputs, release by release.

    last-release.py describe TEMPLATE.json VERSION            prints what the next release is compared with
    last-release.py check TEMPLATE.json LAST.json CHANGELOG.md

TEMPLATE.json is the transformed template. `make release` writes the description; infra/last-release.json is that of the
last release. The check refuses what CloudFormation or the data would refuse, and whatever else an operator notices of an
update must be named in CHANGELOG.md, in backticks, above the section of the last release.
"""

import json
import re
import sys

# Whose name is an address to somebody outside the stack, or is remembered by executions and schedules.
FIXED_NAMES = {
    "AWS::ApiGatewayV2::Api": "Name",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::Events::EventBus": "Name",
    "AWS::KMS::Alias": "AliasName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::Scheduler::Schedule": "Name",
    "AWS::SecretsManager::Secret": "Name",
    "AWS::StepFunctions::StateMachine": "StateMachineName",
}
# Constraints of a parameter that may refuse a value that was taken before.
CONSTRAINTS = ("AllowedPattern", "AllowedValues", "MaxLength", "MaxValue", "MinLength", "MinValue", "Type")


def describe(template, version):
    resources = template["Resources"]
    return {
        "version": version,
        "parameters": {
            name: {key: parameter[key] for key in ("Default", *CONSTRAINTS) if key in parameter}
            for name, parameter in sorted(template["Parameters"].items())
        },
        "outputs": {
            name: output.get("Export", {}).get("Name") for name, output in sorted(template["Outputs"].items())
        },
        "tables": {
            name: {
                "KeySchema": resource["Properties"]["KeySchema"],
                "Indexes": {
                    index["IndexName"]: index for index in resource["Properties"].get("GlobalSecondaryIndexes", [])
                },
            }
            for name, resource in sorted(resources.items())
            if resource["Type"] == "AWS::DynamoDB::Table"
        },
        # A resource that is kept lives on without the stack; one with a fixed name is known by it.
        "kept": {
            name: resource["Type"]
            for name, resource in sorted(resources.items())
            if resource.get("DeletionPolicy") == "Retain"
        },
        "names": {
            name: resource["Properties"].get(FIXED_NAMES[resource["Type"]])
            for name, resource in sorted(resources.items())
            if resource["Type"] in FIXED_NAMES
        },
    }


def refused(before, now):
    """What no line in the changelog makes good."""
    for table, was in before["tables"].items():
        table_now = now["tables"].get(table)
        if table_now is None:
            continue  # as a resource that is kept
        if table_now["KeySchema"] != was["KeySchema"]:
            yield f"{table}: another key schema replaces the table by an empty one"
        old, new = was["Indexes"], table_now["Indexes"]
        changed = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
        if len(changed) > 1:
            yield f"{table}: {', '.join(changed)} differ from {before['version']}; an update of a stack changes one index"
        for name in changed:
            if name in old and name in new:
                yield f"{table}: the index {name} cannot change; make another one, and remove it in the release after"
    for name, kind in before["kept"].items():
        if now["kept"].get(name) != kind:
            yield f"{name}: the {kind} of {before['version']} would be left behind, with what is in it"


def noticed(before, now):
    """What an operator notices of the update: the word that the changelog must have, and what happened to it."""
    old, new = before["parameters"], now["parameters"]
    for name in sorted(old.keys() - new.keys()):
        yield name, "the parameter is gone"
    for name in sorted(new.keys() - old.keys()):
        yield name, "the parameter is new" + ("" if "Default" in new[name] else " and has no default")
    for name in sorted(old.keys() & new.keys()):
        if old[name].get("Default") != new[name].get("Default"):
            yield name, f"its default was {old[name].get('Default')!r} and is {new[name].get('Default')!r}"
        for constraint in CONSTRAINTS:
            if not is_wider(constraint, old[name].get(constraint), new[name].get(constraint)):
                yield name, f"{constraint} was {old[name].get(constraint)!r} and is {new[name].get(constraint)!r}"
    for name, export in before["outputs"].items():
        if name not in now["outputs"]:
            yield name, "the output is gone"
        elif now["outputs"][name] != export:
            yield name, f"the export was {export!r} and is {now['outputs'][name]!r}"
    for name, fixed in before["names"].items():
        if name not in now["names"]:
            yield name, "the resource is gone, or has another logical id"
        elif now["names"][name] != fixed:
            yield name, f"the resource was called {fixed!r} and is called {now['names'][name]!r}"


def is_wider(constraint, old, new):
    """Whether every value that the old one took is taken by the new one, as far as that is plain."""
    if old == new or (new is None and constraint != "Type"):
        return True
    if old is None:
        return False
    if constraint.startswith("Max"):
        return new >= old
    if constraint.startswith("Min"):
        return new <= old
    if constraint == "AllowedValues":
        return set(map(str, old)) <= set(map(str, new))
    return False


def unreleased(changelog, version):
    """The part of the changelog above the section of `version`."""
    return re.split(rf"^## \[{re.escape(version)}\]", changelog, maxsplit=1, flags=re.MULTILINE)[0]


def check(before, now, changelog):
    found = list(refused(before, now))
    told = unreleased(changelog, before["version"])
    for word, what in noticed(before, now):
        # As `Name` or with a value: `Name=off`.
        if not re.search(rf"`{re.escape(word)}[`=]", told):
            found.append(f"{word}: {what} since {before['version']}; CHANGELOG.md does not name it")
    return found


def main(arguments):
    match arguments:
        case ["describe", template, version]:
            print(json.dumps(describe(read(template), version), indent=2))
        case ["check", template, last, changelog]:
            with open(changelog, encoding="utf-8") as file:
                found = check(read(last), describe(read(template), "now"), file.read())
            print("\n".join(found))
            return 1 if found else 0
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


def read(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
