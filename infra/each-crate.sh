#!/usr/bin/env bash
# Compiles each program by itself, as it is deployed, and each layer below it. In the workspace a crate gets the features that
# any other asks of a shared dependency; alone it gets those that it declares, and shows what it has only by luck. Libraries that
# come with every program (adapters, runtime) are compiled with one, and crates of the tests ship with none.
set -euo pipefail
cd "$(dirname "$0")/.."

crates=$(cargo metadata --no-deps --format-version 1 | python3 -c '
import json, sys
LAYERS = {"vocabulary", "diagnosis", "domain", "wire"}
def is_own(package):
    is_program = any("bin" in target["kind"] for target in package["targets"])
    return "/functions/" in package["manifest_path"] and (is_program or package["name"] in LAYERS)
print(*(package["name"] for package in json.load(sys.stdin)["packages"] if is_own(package)))')
failed=()
for crate in $crates; do
  cargo check --quiet --package "$crate" || failed+=("$crate")
done
if [ ${#failed[@]} -gt 0 ]; then
  printf 'these do not compile by themselves, declare what they use: %s\n' "${failed[*]}" >&2
  exit 1
fi
