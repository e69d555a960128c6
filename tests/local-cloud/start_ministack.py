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
"""

import array
import fcntl
import functools
import json
import os
import socketserver
import termios
import threading
import time

from ministack import app
from ministack.core import lambda_runtime
from ministack.services import route53, scheduler

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


get_change = route53._get_change


def in_sync(change_id):
    get_change(change_id)  # says PENDING, once
    return get_change(change_id)


route53._get_change = in_sync
for change in ("_create_hosted_zone", "_delete_hosted_zone", "_change_resource_record_sets"):
    setattr(route53, change, published(getattr(route53, change)))
socketserver.StreamRequestHandler.disable_nagle_algorithm = True
lambda_runtime.ProvidedWorker._drain_stderr_bounded = lambda worker, **_: drain(worker)
scheduler._SCHEDULE_TICK_INTERVAL = 1

app.main()
