#!/usr/bin/env python3
"""Makes the items of one DynamoDB table those of another one, as after a restore to an earlier time.

    infra/restore-table.py FROM TO

Items of TO that FROM does not have are deleted, all others are written. It can be repeated. Needs the AWS CLI with
credentials and a region; reads both tables whole, which is fine for some 100,000 items.
"""

import json
import subprocess
import sys
import time

# What BatchWriteItem takes.
AT_ONCE = 25


def aws(*words):
    done = subprocess.run(["aws", "dynamodb", *words, "--output", "json"], check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout or "{}")


def items(table):
    return aws("scan", "--table-name", table, "--consistent-read")["Items"]


def key_names(table):
    return [part["AttributeName"] for part in aws("describe-table", "--table-name", table)["Table"]["KeySchema"]]


def write(table, requests):
    while requests:
        batch = json.dumps({table: requests[:AT_ONCE]})
        left = aws("batch-write-item", "--request-items", batch).get("UnprocessedItems", {}).get(table, [])
        requests = left + requests[AT_ONCE:]
        if left:
            time.sleep(1)


def main(source, target):
    names = key_names(target)

    def key_of(item):
        return {name: item[name] for name in names}

    wanted = items(source)
    kept = {json.dumps(key_of(item), sort_keys=True) for item in wanted}
    gone = [key_of(item) for item in items(target) if json.dumps(key_of(item), sort_keys=True) not in kept]
    write(target, [{"DeleteRequest": {"Key": key}} for key in gone])
    write(target, [{"PutRequest": {"Item": item}} for item in wanted])
    print(f"{target}: {len(wanted)} items written, {len(gone)} deleted")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
