#!/usr/bin/env python3
"""Checks of the transformed template that no linter has: limits of AWS that a deployment meets late, or an operator.

    check-template.py TEMPLATE.json

Each check is a function that yields what is wrong; check_template_test.py has a template that each must refuse.
"""

import json
import pathlib
import re
import sys

# The longest name of a stack that every name made of it has room for; docs/how-to/deploy.md says so.
LONGEST_STACK_NAME = 51
# Names that are limited to so many characters.
NAMES = {
    ("AWS::Scheduler::Schedule", "Name"): 64,
    ("AWS::Lambda::Function", "FunctionName"): 64,
    ("AWS::IAM::Role", "RoleName"): 64,
    ("AWS::Events::EventBus", "Name"): 256,
    ("AWS::CloudWatch::Dashboard", "DashboardName"): 255,
    ("AWS::Logs::LogGroup", "LogGroupName"): 512,
    ("AWS::ApiGatewayV2::Api", "Name"): 128,
}
PSEUDO = {
    "AWS::StackName": LONGEST_STACK_NAME,
    "AWS::Region": 16,
    "AWS::AccountId": 12,
    "AWS::Partition": 10,
    "AWS::URLSuffix": 18,
}


def of_type(template, kind):
    return {name: one["Properties"] for name, one in template["Resources"].items() if one["Type"] == kind}


def longest(template, value):
    """The most characters that a name becomes; None if nothing here bounds it."""
    if isinstance(value, str):
        return len(value)
    (function, argument), = value.items()
    if function == "Ref":
        return PSEUDO.get(argument)
    if function == "Fn::Sub" and isinstance(argument, str):
        names = re.findall(r"\$\{([^!}]+)\}", argument)
        return total([len(re.sub(r"\$\{[^!}]+\}", "", argument)), *(PSEUDO.get(name) for name in names)])
    return None


def total(parts):
    parts = list(parts)
    return None if None in parts else sum(parts)


def names_have_room_for_the_stacks(template):
    for (kind, property_), limit in NAMES.items():
        for name, properties in of_type(template, kind).items():
            size = longest(template, properties[property_]) if property_ in properties else 0
            if size is None or size > limit:
                room = f"{size} of {limit} characters with a stack name of {LONGEST_STACK_NAME}"
                yield f"{name}: {property_} can take {room}"


def roles_make_no_log_groups(template):
    """A role that may create log groups makes those anew that a removed stack has taken with it."""
    for function, properties in of_type(template, "AWS::Lambda::Function").items():
        role = template["Resources"][properties["Role"]["Fn::GetAtt"][0]]["Properties"]
        policies = [policy["PolicyDocument"] for policy in role.get("Policies", []) if "PolicyDocument" in policy]
        statements = [one for policy in policies for one in policy["Statement"] if one.get("Effect") == "Deny"]
        refused = [action for one in statements for action in as_list(one["Action"]) if one["Resource"] == "*"]
        if "logs:CreateLogGroup" not in refused:
            yield f"{function}: its role may create log groups"
        if not isinstance(properties.get("LoggingConfig", {}).get("LogGroup"), dict):
            yield f"{function}: its log group is not one of the template"


def as_list(value):
    return value if isinstance(value, list) else [value]


# Metrics that each run of a scheduled function writes: the runtime's metrics.rs.
OF_SCHEDULES = {
    "EngineChecksFailed",
    "AcmQuotaUsed",
    "HealthOverdue",
    "OrdersLeft",
    "AnotherServed",
    "LeastLifeLeft",
    "AttemptsNotStarted",
}
# How slow a schedule is, its operator decides. This parameter has room for three runs of the slowest.
HEARTBEAT = {"Ref": "HeartbeatSeconds"}
# A schedule comes every two hours at least: a third of this.
LONG_PERIOD = 6 * 60 * 60


def alarms_outlast_their_schedules(template):
    """A period without a datapoint counts as good (notBreaching): each must have room for a run, however slow the schedule."""
    for alarm, properties in of_type(template, "AWS::CloudWatch::Alarm").items():
        period = properties["Period"]
        if properties["MetricName"] not in OF_SCHEDULES or period == HEARTBEAT:
            continue
        if not isinstance(period, int) or period < LONG_PERIOD:
            yield f"{alarm}: its period of {period} s can pass without a run: take HeartbeatSeconds"


def the_flow_may_call_what_it_names(template, definition=None):
    """Step Functions calls with the state machine's role, and no gate of the local cloud sees it: each task of the
    definition against the role's policy, and the policy against the tasks."""
    machines = of_type(template, "AWS::StepFunctions::StateMachine")
    for name, machine in machines.items():
        tasks = [state for state in definition_of(definition)["States"].values() if state["Type"] == "Task"]
        role = template["Resources"][machine["RoleArn"]["Fn::GetAtt"][0]]["Properties"]
        statements = [one for policy in role["Policies"] for one in policy["PolicyDocument"]["Statement"]]
        wanted = {call_of(task, machine["DefinitionSubstitutions"]) for task in tasks}
        allowed = {
            (action, json.dumps(resource))
            for one in statements
            if one["Effect"] == "Allow" and "Condition" not in one
            for action in as_list(one["Action"])
            for resource in as_list(one["Resource"])
            if action in ("lambda:InvokeFunction", "sqs:SendMessage")
        }
        for action, resource in sorted(wanted - allowed):
            yield f"{name}: its role does not allow {action} of {resource}"
        for action, resource in sorted(allowed - wanted):
            yield f"{name}: its role allows {action} of {resource}, which no state needs"


def definition_of(given):
    if given is not None:
        return given
    return json.loads(pathlib.Path("infra/issue-certificate.asl.json").read_text(encoding="utf-8"))


def call_of(task, substitutions):
    """What IAM is asked about a task: an action, and the resource as the template writes it."""

    def given(placeholder):
        return substitutions[placeholder.removeprefix("${").removesuffix("}")]

    resource = given(task["Resource"])
    if json.dumps(resource).find(":states:::sqs:sendMessage") >= 0:
        queue = given(task["Parameters"]["QueueUrl"])["Ref"]
        return ("sqs:SendMessage", json.dumps({"Fn::GetAtt": [queue, "Arn"]}))
    return ("lambda:InvokeFunction", json.dumps(resource))


def partition_and_suffix_are_awss(template):
    """GovCloud, China and the European sovereign cloud have others. Service principals are the same in all of them."""
    for path, text in texts(template["Resources"]):
        # SAM writes those of its managed policies for the partition that it deploys to.
        if "ManagedPolicyArns" in path or re.fullmatch(r"[a-z0-9-]+\.amazonaws\.com", text):
            continue
        if re.search(r"arn:aws:|\.amazonaws\.com", text):
            yield f"{'.'.join(map(str, path))}: {text}"


# Names of the services' own length. CloudFormation makes STACK-LOGICALID-RANDOM, cut to it.
LENGTHS = {
    "AWS::DynamoDB::Table": 255,
    "AWS::S3::Bucket": 63,
    "AWS::Lambda::Function": 64,
    "AWS::Lambda::EventSourceMapping": 36,
    "AWS::Scheduler::Schedule": 64,
    "AWS::StepFunctions::StateMachine": 80,
    "AWS::SQS::Queue": 80,
    "AWS::SNS::Topic": 256,
    "AWS::Events::EventBus": 256,
    "AWS::SecretsManager::Secret": 512,
    "AWS::KMS::Key": 36,
    "AWS::ApiGatewayV2::Api": 10,
}
# What is referred to not by the name alone: how long the text around the name is without the parts in PSEUDO.
AROUND_ARN = {
    "AWS::StepFunctions::StateMachine": len("arn::states:::stateMachine:"),
    "AWS::SNS::Topic": len("arn::sns:::"),
    "AWS::SecretsManager::Secret": len("arn::secretsmanager:::secret:-AbCdEf"),
    "AWS::KMS::Key": len("arn::kms:::key/"),
}
AROUND_URL = {"AWS::SQS::Queue": len("https://sqs..//"), "AWS::ApiGatewayV2::Api": len("https://.execute-api..")}
RANDOM = 13
# Lambda measures all variables of a function as one JSON object.
ENVIRONMENT_BYTES = 4096


def environments_fit(template):
    for name, properties in of_type(template, "AWS::Lambda::Function").items():
        variables = properties.get("Environment", {}).get("Variables", {})
        sizes = {variable: most_bytes(template, value) for variable, value in variables.items()}
        boundless = sorted(variable for variable, size in sizes.items() if size is None)
        for variable in boundless:
            yield f"{name}: nothing bounds {variable}: give its parameter a MaxLength"
        size = 2 + sum(len(variable) + len('"":"",') + size for variable, size in sizes.items() if size)
        if size > ENVIRONMENT_BYTES and not boundless:
            largest = ", ".join(sorted(sizes, key=sizes.get, reverse=True)[:5])
            yield f"{name}: its variables can take {size} of {ENVIRONMENT_BYTES} bytes; the largest are {largest}"


def most_bytes(template, value):
    """The most bytes that a value becomes in JSON; None if nothing bounds it."""
    if isinstance(value, (str, int)):
        return len(json.dumps(str(value))) - len('""')
    (function, argument), = value.items()
    if function == "Ref" and argument in template["Parameters"]:
        return most_bytes_of_parameter(template["Parameters"][argument])
    if function == "Ref":
        return PSEUDO[argument] if argument in PSEUDO else 0 if argument == "AWS::NoValue" else made(template, argument)
    if function == "Fn::GetAtt":
        return made(template, argument[0])
    if function == "Fn::If":
        sizes = [most_bytes(template, either) for either in argument[1:]]
        return None if None in sizes else max(sizes)
    if function == "Fn::Join" and isinstance(argument[1], list):
        parts = [most_bytes(template, part) for part in argument[1]]
        return total([*parts, len(argument[0]) * (len(parts) - 1)])
    if function == "Fn::Sub" and isinstance(argument, str):
        names = re.findall(r"\$\{([^!}]+)\}", argument)
        return total([len(re.sub(r"\$\{[^!}]+\}", "", argument)), *(most_bytes(template, {"Fn::GetAtt": n.split(".")} if "." in n else {"Ref": n}) for n in names)])
    return None


def most_bytes_of_parameter(parameter):
    if "AllowedValues" in parameter:
        return max(len(str(value)) for value in parameter["AllowedValues"])
    if parameter["Type"] == "Number":
        return len(str(parameter["MaxValue"])) if "MaxValue" in parameter else None
    if parameter["Type"] == "AWS::Route53::HostedZone::Id":
        return 32
    if "MaxLength" not in parameter:
        return None
    # Whatever a class with ^ takes may need four bytes; a quotation mark or a backslash needs one more than it shows.
    pattern = parameter.get("AllowedPattern", "[^]")
    factor = 4 if "[^" in pattern or ".*" in pattern else 2 if "!-~" in pattern or " -~" in pattern else 1
    return factor * parameter["MaxLength"]


def made(template, resource):
    """Of the reference to a resource, with the longest name that CloudFormation makes or the template gives."""
    kind, properties = template["Resources"][resource]["Type"], template["Resources"][resource]["Properties"]
    if kind not in LENGTHS:
        return None
    given = [longest(template, properties[own]) for of, own in NAMES if of == kind and own in properties]
    name = given[0] if given else LONGEST_STACK_NAME + len(resource) + RANDOM + len("--")
    around = AROUND_ARN.get(kind, AROUND_URL.get(kind, 0))
    around += sum(PSEUDO[part] for part in ("AWS::Partition", "AWS::Region", "AWS::AccountId") if kind in AROUND_ARN)
    around += sum(PSEUDO[part] for part in ("AWS::URLSuffix", "AWS::Region", "AWS::AccountId") if kind in AROUND_URL)
    return around + min(name, LENGTHS[kind])


# Samples of tests that stand in files of their own.
OF_TESTS = re.compile(r"/(tests|testkit)/|/(tests|testing|samples?|deployed|properties)\.rs$")
# The console has a host of its own in each.
KNOWS_PARTITIONS = "dashboard/console.rs"
# A message shows people what is written like this.
EXAMPLE = re.compile(r"(looks|written) like")


def code_has_no_partition(sources):
    """`sources`: text of each file by its path. Comments, tests and examples in messages are left out."""
    for path, text in sources.items():
        if OF_TESTS.search(path) or path.endswith(KNOWS_PARTITIONS):
            continue
        before = ""
        for number, line in enumerate(text.split("#[cfg(test)]")[0].splitlines(), 1):
            named = re.search(r"arn:aws:|amazonaws\.com|aws\.amazon\.com", line)
            if named and not line.lstrip().startswith("//") and not EXAMPLE.search(before + line):
                yield f"{path}:{number}: {line.strip()}"
            before = line


def texts(value, path=()):
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, entry in value.items():
            yield from texts(entry, (*path, key))
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            yield from texts(entry, (*path, index))


CHECKS = [
    names_have_room_for_the_stacks,
    roles_make_no_log_groups,
    alarms_outlast_their_schedules,
    the_flow_may_call_what_it_names,
    partition_and_suffix_are_awss,
    environments_fit,
]


def main(template):
    with open(template, encoding="utf-8") as file:
        template = json.load(file)
    found = [f"{check.__name__}: {finding}" for check in CHECKS for finding in check(template)]
    sources = {str(path): path.read_text(encoding="utf-8") for path in pathlib.Path("functions").rglob("*.rs")}
    found += [f"code_has_no_partition: {finding}" for finding in code_has_no_partition(sources)]
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
