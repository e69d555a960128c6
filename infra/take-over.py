#!/usr/bin/env python3
"""Takes over what a deleted stack has left (tables, bucket, account secret, KMS keys), so that a new stack of the same name
goes on with it. Nothing is copied: CloudFormation imports the resources. `make deploy` adds all the others afterwards.

    infra/take-over.py STACK                              finds what there is, and says what would be imported
    infra/take-over.py STACK --import                     imports it
    infra/take-over.py STACK EndpointsTable=NAME …        the names, where several are found, or other ones

Needs the AWS CLI with credentials and a region, and template.yaml of the version that is to be deployed (--template).
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import time

FOLDER = pathlib.Path(__file__).resolve().parent
# Beside it in a release.
TEMPLATE = next((path for path in (FOLDER / "template.yaml", FOLDER.parent / "template.yaml") if path.is_file()), None)
# What the template retains, and by which property CloudFormation knows each: its primary identifier.
IDENTIFIERS = {
    "AWS::DynamoDB::Table": "TableName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SecretsManager::Secret": "Id",
    "AWS::KMS::Key": "KeyId",
}
# Without it there is nothing to go on with.
NEEDED = "EndpointsTable"
CHANGE_SET = "take-over"
PATIENCE_SECONDS = 600


def aws(*words):
    done = subprocess.run(["aws", *words, "--output", "json"], check=False, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise LookupError(done.stderr.strip())
    return json.loads(done.stdout or "{}")


def blocks(template, section):
    """The entries of a section of the template by name, as they are written."""
    found = re.search(rf"^{section}:\n(.*?)(?=^\S|\Z)", template, re.MULTILINE | re.DOTALL)
    entries = {}
    for entry in re.finditer(r"^  (\w+):(.*\n(?:(?:    .*)?\n)*)", found[1] if found else "", re.MULTILINE):
        entries[entry[1]] = re.sub(r"\n{2,}\Z", "\n", entry[0])
    return entries


def retained(template):
    """Resources that a deleted stack leaves: names and types."""
    resources = blocks(template, "Resources")
    kept = {name: text for name, text in resources.items() if "\n    DeletionPolicy: Retain\n" in text}
    return {name: re.search(r"\n    Type: (\S+)\n", text)[1] for name, text in kept.items()}


def importing(template, names):
    """A template with these resources alone, and with the parameters and conditions that they name."""
    resources, conditions, parameters = (blocks(template, part) for part in ("Resources", "Conditions", "Parameters"))
    text = "".join(resources[name] for name in names)
    used = [name for name in conditions if re.search(rf"\b{name}\b", text)]
    text += "".join(conditions[name] for name in used)
    asked = [name for name in parameters if re.search(rf"(?:!Ref |\$\{{){name}\b", text)]
    parts = {"Parameters": [parameters[name] for name in asked], "Conditions": [conditions[name] for name in used]}
    parts["Resources"] = [resources[name] for name in names]
    return "".join(f"{part}:\n{''.join(entries)}" for part, entries in parts.items() if entries)


def candidates(stack):
    """What there is by its name in the template: lists of physical ids."""
    tables = aws("dynamodb", "list-tables")["TableNames"]
    buckets = [bucket["Name"] for bucket in aws("s3api", "list-buckets")["Buckets"]]
    secrets = aws("secretsmanager", "list-secrets")["SecretList"]
    keys = {key["KeyId"]: described(key["KeyId"]) for key in aws("kms", "list-keys")["Keys"]}

    def of_keys(description):
        return [key for key, about in keys.items() if about == (description, "Enabled")]

    return {
        "EndpointsTable": [name for name in tables if name.startswith(f"{stack}-EndpointsTable-")],
        "KeysTable": [name for name in tables if name.startswith(f"{stack}-KeysTable-")],
        "TokenBucket": [name for name in buckets if name.startswith(f"{stack.lower()}-tokenbucket-")],
        "AccountSecret": [one["ARN"] for one in secrets if one.get("Description", "").startswith(f"ACME account of {stack}.")],
        "KeysKey": of_keys(f"Certificate keys of {stack}"),
        "AlertsKey": of_keys(f"Alerts of {stack}"),
    }


def described(key):
    try:
        about = aws("kms", "describe-key", "--key-id", key)["KeyMetadata"]
    except LookupError:
        return None, None  # its policy hides it from whoever asks; if it is ours, it can be named
    return about.get("Description"), about["KeyState"]


def chosen(stack, kinds, named):
    """One of each kind, or why it is not known which."""
    found = {name: [named[name]] if name in named else ids for name, ids in candidates(stack).items() if name in kinds}
    several = {name: ids for name, ids in found.items() if len(ids) > 1}
    if several:
        lines = [f"  {name}={one}" for name, ids in several.items() for one in ids]
        sys.exit("There are several of one kind. Run it again with the names of those to take over, out of:\n" + "\n".join(lines))
    if not found.get(NEEDED):
        sys.exit(f"No table {stack}-{NEEDED}-… in this account and region: check both, and the stack's name.")
    return {name: ids[0] for name, ids in found.items() if ids}


def is_there(stack):
    try:
        stacks = aws("cloudformation", "describe-stacks", "--stack-name", stack)["Stacks"]
    except LookupError as error:
        if "does not exist" in str(error):
            return False
        raise
    return stacks[0]["StackStatus"] != "REVIEW_IN_PROGRESS"


def take_over(stack, template, kinds, ids):
    resources = [
        {"LogicalResourceId": name, "ResourceType": kinds[name], "ResourceIdentifier": {IDENTIFIERS[kinds[name]]: one}}
        for name, one in ids.items()
    ]
    of_stack = ["--stack-name", stack, "--change-set-name", CHANGE_SET]
    kind = ["--change-set-type", "IMPORT", "--resources-to-import", json.dumps(resources)]
    try:
        # Of a run that failed: until its import is executed, the stack is but a name.
        aws("cloudformation", "delete-change-set", *of_stack)
    except LookupError:
        pass
    aws("cloudformation", "create-change-set", *of_stack, *kind, "--template-body", importing(template, list(ids)))
    change_set = until(lambda: aws("cloudformation", "describe-change-set", *of_stack), "Status", "CREATE_COMPLETE")
    if change_set.get("ExecutionStatus") != "AVAILABLE":
        sys.exit(f"The import cannot be executed: {change_set.get('StatusReason')}")
    aws("cloudformation", "execute-change-set", *of_stack)
    until(lambda: aws("cloudformation", "describe-stacks", "--stack-name", stack)["Stacks"][0], "StackStatus", "IMPORT_COMPLETE")


def until(describe, field, wanted):
    """What is described, once its state is the one that is wanted."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (seen := describe())[field] != wanted:
        reason = seen.get("StatusReason") or seen.get("StackStatusReason") or "no reason was given"
        if not seen[field].endswith("_IN_PROGRESS") and not seen[field].endswith("_PENDING"):
            sys.exit(f"CloudFormation says {seen[field]}: {reason}")
        if time.monotonic() > deadline:
            sys.exit(f"CloudFormation still says {seen[field]} after {PATIENCE_SECONDS} s: look into its console")
        time.sleep(2)
    return seen


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stack")
    parser.add_argument("names", nargs="*", metavar="NAME=ID")
    parser.add_argument("--import", dest="run", action="store_true")
    parser.add_argument("--template", type=pathlib.Path, default=TEMPLATE)
    options = parser.parse_args()
    template = options.template.read_text(encoding="utf-8")
    kinds = retained(template)
    named = dict(pair.split("=", 1) for pair in options.names if "=" in pair)
    if unknown := sorted(set(named) - set(kinds)) or [pair for pair in options.names if "=" not in pair]:
        sys.exit(f"{unknown[0]}: the stack leaves {', '.join(kinds)}; write NAME=ID")
    if is_there(options.stack):
        sys.exit(f"The stack {options.stack} is there: only a deleted one has left something to take over.")
    ids = chosen(options.stack, kinds, named)
    for name in kinds:
        print(f"{name:15} {ids.get(name, 'not found: the new stack makes one')}")
    if not options.run:
        print(f"To take it over: {' '.join([sys.argv[0], options.stack, *options.names])} --import")
        return
    take_over(options.stack, template, kinds, ids)
    print(f"The stack {options.stack} has them. Add the rest, with the parameters that it had: make deploy")


if __name__ == "__main__":
    try:
        main()
    except LookupError as error:
        sys.exit(str(error))
