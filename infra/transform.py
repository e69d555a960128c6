#!/usr/bin/env python3
"""Writes template.yaml as CloudFormation sees it, after the SAM transform: the roles, permissions and
schedules that SAM adds are then there to be checked.

    transform.py TEMPLATE OUTPUT.json
"""

import json
import os
import sys

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

# What `sam package` replaces by the address of an upload. The transform takes nothing else.
UPLOADED = {
    "AWS::Serverless::Function": "CodeUri",
    "AWS::Serverless::StateMachine": "DefinitionUri",
}


class NoManagedPolicies:
    """The template names no managed policy by its short name, so none needs looking up."""

    def load(self):
        return {}


def main(source, destination):
    # The transform asks boto for a region; the result keeps AWS::Region.
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    with open(source, encoding="utf-8") as file:
        template = yaml_parse(file.read())
    template.get("Globals", {}).get("Function", {}).pop("CodeUri", None)
    for resource in template["Resources"].values():
        if uploaded := UPLOADED.get(resource["Type"]):
            resource["Properties"][uploaded] = "s3://packaged/object"
    parameters = {
        name: parameter["Default"]
        for name, parameter in template.get("Parameters", {}).items()
        if "Default" in parameter
    }
    transformed = transform(template, parameters, NoManagedPolicies())
    with open(destination, "w", encoding="utf-8") as file:
        json.dump(transformed, file, indent=2)
        file.write("\n")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
