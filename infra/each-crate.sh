#!/usr/bin/env bash
# Compiles each crate by itself. In the workspace a crate gets the features that any other asks of a shared dependency;
# alone it gets those that it declares, and shows what it has only by luck.
set -euo pipefail
cd "$(dirname "$0")/.."

crates=$(cargo metadata --no-deps --format-version 1 |
  python3 -c 'import json, sys; print(*(package["name"] for package in json.load(sys.stdin)["packages"]))')
failed=()
for crate in $crates; do
  cargo check --quiet --package "$crate" || failed+=("$crate")
done
if [ ${#failed[@]} -gt 0 ]; then
  printf 'these do not compile by themselves, declare what they use: %s\n' "${failed[*]}" >&2
  exit 1
fi
