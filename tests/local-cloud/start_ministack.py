"""Ministack without the waits that its Lambdas would have in each call. Measured with 1.5.33, which set-up.sh fetches.

Nagle: the Runtime API sends head and body of an answer apart, and the second waits for the first one's delayed ACK,
some 40 ms.

The log: a call ends with 50 ms of waiting for a line of a function that has not written one. A function writes its lines
before it posts its result, so what there is to come is in the pipe.

Schedules: whether one is due is looked at every ten seconds, and every second here.

Route 53, changes: the first GetChange says PENDING, however long ago the change was. Here it says what is so: the name servers
have it.

Route 53: every change is written to the file ZONES_FILE before it is answered, for the cloud's name servers, which are
asked far more often than they could ask here.

State: whoever sends texts to the socket STATE_SOCKET (a JSON list and a line break) is told where among all that
ministack keeps any of them stands. So a test finds what no API shows, and what nobody thought of.

Credentials: a function signs with the name of its role, and its session is its own name: so the gate knows it.

Lambda: a step that there is no room for fails as Lambda.Unknown, and here as AWS calls it. A batch of a queue has at most ten
messages; here as many as BatchSize says, as on AWS where there is a batching window. With LAMBDA_AT_ONCE, so many functions run
at once, and the others wait: hundreds of processes on two cores only keep each other from ending (`make test-many`).

SNS: CloudFormation drops the key of a topic, which whoever publishes needs to be allowed.

CloudFormation: secrets can be imported, as on AWS. Names that it makes are another region's own: those of roles and buckets
would be the same everywhere, and one stack would write over the other's.
"""

import array
import fcntl
import functools
import json
import os
import re
import socketserver
import sys
import termios
import threading
import time

from ministack import app
from ministack.core import lambda_runtime
from ministack.core.responses import get_region
from ministack.services import lambda_svc, route53, scheduler, secretsmanager, sns, sqs
from ministack.services.cloudformation import changesets, provisioners

QUIET = 0.01  # for the thread that takes lines from the pipe to hand on the last one, on a busy machine
LIMIT = 0.25  # ministack's own


def bytes_waiting(stream):
    count = array.array("i", [0])
    fcntl.ioctl(stream, termios.FIONREAD, count)
    return count[0]


def drain(worker):
    lines = []
    started = quiet_since = time.monotonic()
    while (now := time.monotonic()) - started < LIMIT:
        taken = worker._drain_stderr()
        process = worker._proc
        try:
            waiting = process is not None and bytes_waiting(process.stdout) > 0
        except (OSError, ValueError):  # it has just been closed
            waiting = False
        if taken:
            lines.append(taken)
        if taken or waiting:
            quiet_since = now
        elif now - quiet_since >= QUIET:
            break
        time.sleep(0.001)
    return "\n".join(lines)


publishing = threading.Lock()


def publish_zones():
    file = os.environ["ZONES_FILE"]
    with publishing:
        zones = [{"name": zone["name"], "records": route53._records[zone["id"]]} for zone in route53._zones.values()]
        with open(f"{file}.new", "w") as unfinished:
            json.dump(zones, unfinished)
        os.replace(f"{file}.new", file)


def published(change):
    @functools.wraps(change)
    def changed(*arguments):
        answer = change(*arguments)
        publish_zones()
        return answer

    return changed


# Where keys belong: the account's secret, those of endpoints whose key is exported, and the programs of the functions, which
# know how a key begins.
SECRETS = r"secretsmanager\._secrets\b.*(-AccountSecret-|/export/ep-)"
KEPT_APART = re.compile(rf"ministack\.services\.({SECRETS}|lambda_svc\._functions)")
LARGEST_VALUE = 1 << 20  # a program is larger, and nothing that a function writes is


def parts(value):
    """What a value consists of, each with how it is reached."""
    if isinstance(value, dict):
        return [(f"[{key!r}]", part) for key, part in list(value.items())] + [("key", key) for key in list(value)]
    if isinstance(value, (list, tuple, set, frozenset)) or type(value).__name__ == "deque":
        return [(f"[{index}]", part) for index, part in enumerate(list(value))]
    if type(value).__module__.startswith("ministack"):
        slots = [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]
        named = list(getattr(value, "__dict__", {}).items())
        named += [(name, getattr(value, name)) for name in slots if hasattr(value, name)]
        return [(f".{name}", part) for name, part in named]
    return []


def find(wanted):
    octets = [text.encode() for text in wanted]
    found, seen = [], set()
    modules = [module for name, module in list(sys.modules.items()) if name.startswith("ministack.")]
    waiting = [(f"{module.__name__}.{name}", value) for module in modules for name, value in list(vars(module).items())]
    while waiting:
        path, value = waiting.pop()
        if KEPT_APART.match(path) or id(value) in seen:
            continue
        if isinstance(value, str):
            hit = any(text in value for text in wanted)
        elif isinstance(value, (bytes, bytearray)):
            hit = len(value) < LARGEST_VALUE and any(text in value for text in octets)
        else:
            seen.add(id(value))
            hit = False
            waiting.extend((path + step, part) for step, part in parts(value))
        if hit:
            found.append(path[:300])
    return found


class State(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = False  # no TCP

    def handle(self):
        wanted = json.loads(self.rfile.readline())
        self.wfile.write(json.dumps(find(wanted)).encode())


def answer_for_state():
    server = socketserver.ThreadingUnixStreamServer(os.environ["STATE_SOCKET"], State)
    threading.Thread(target=server.serve_forever, daemon=True).start()


throttle_response = lambda_svc._throttle_response


def no_room(*arguments, **named):
    answer = throttle_response(*arguments, **named)
    answer["body"]["errorType"] = "Lambda.TooManyRequestsException"
    return answer


receive_for_lambda = sqs._receive_messages_for_esm


def whole_batch(queue_url, most):
    batch = []
    while len(batch) < most and (some := receive_for_lambda(queue_url, most - len(batch))):
        batch += some
    return batch


run_function = lambda_svc._execute_function_provided_warm
turns = threading.BoundedSemaphore(int(os.environ.get("LAMBDA_AT_ONCE", "1000")))


def in_turn(*arguments, **named):
    with turns:
        return run_function(*arguments, **named)


get_change = route53._get_change


def in_sync(change_id):
    get_change(change_id)  # says PENDING, once
    return get_change(change_id)


route53._get_change = in_sync
for change in ("_create_hosted_zone", "_delete_hosted_zone", "_change_resource_record_sets"):
    setattr(route53, change, published(getattr(route53, change)))


def credentials(function):
    return {
        "AWS_ACCESS_KEY_ID": function["Role"].rsplit("/", 1)[-1],
        "AWS_SECRET_ACCESS_KEY": os.environ["AWS_SECRET_ACCESS_KEY"],
        "AWS_SESSION_TOKEN": function["FunctionName"],
    }


def with_its_key(create):
    def created(logical_id, properties, stack_name):
        arn, attributes = create(logical_id, properties, stack_name)
        if key := properties.get("KmsMasterKeyId"):
            sns._topics[arn]["attributes"]["KmsMasterKeyId"] = key
        return arn, attributes

    return created


def secret_with(arn):
    return next((secret for secret in secretsmanager._secrets.values() if secret["ARN"] == arn), None)


def import_secret(identifier):
    secret = secret_with(identifier["Id"])
    return secret["Name"], {"Id": secret["ARN"], "Arn": secret["ARN"]}


def of_its_region(name_of):
    def named(*arguments, **options):
        name, region = name_of(*arguments, **options), get_region()
        if region == os.environ["MINISTACK_REGION"]:
            return name
        # As long as before, since each kind has its longest.
        own = region.replace("-", "")[-4:]
        return name[:-4] + (own if name == name.lower() else own.upper())

    return named


provisioners._physical_name = of_its_region(provisioners._physical_name)
provisioners._RESOURCE_HANDLERS["AWS::SecretsManager::Secret"]["import"] = import_secret
changesets._IMPORT_LOOKUPS["AWS::SecretsManager::Secret"] = (
    ("Id",),
    lambda arn: None if secret_with(arn) else f"Secrets Manager has no secret {arn}",
)
lambda_svc.execution_credentials = credentials
lambda_svc._throttle_response = no_room
lambda_svc._execute_function_provided_warm = in_turn
sqs._receive_messages_for_esm = whole_batch
topics = provisioners._RESOURCE_HANDLERS["AWS::SNS::Topic"]
topics["create"] = with_its_key(topics["create"])
# Records of stacks are changed past the service's own operation.
sets = provisioners._RESOURCE_HANDLERS["AWS::Route53::RecordSet"]
for change in ("create", "update", "delete"):
    sets[change] = published(sets[change])
socketserver.StreamRequestHandler.disable_nagle_algorithm = True
lambda_runtime.ProvidedWorker._drain_stderr_bounded = lambda worker, **_: drain(worker)
scheduler._SCHEDULE_TICK_INTERVAL = 1

answer_for_state()
app.main()
