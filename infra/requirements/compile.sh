#!/usr/bin/env bash
# Writes each NAME.txt of this folder from its NAME.in: every package that it brings, at one version, with the hashes
# of all its files, for each platform and every Python from 3.11. What is pinned already stays, unless an argument
# says otherwise:
#
#   infra/requirements/compile.sh                           after a change of an .in file
#   infra/requirements/compile.sh --upgrade                 everything to the newest that the .in files allow
#   infra/requirements/compile.sh --upgrade-package moto    one package
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
readonly LOCAL="$PWD/../../.local"

# pip-compile resolves for the Python and the system that it runs on; uv for all of them at once.
# shellcheck source-path=SCRIPTDIR source=../virtual-environment.sh
. ../virtual-environment.sh
virtual_environment_of_uv

for input in *.in; do
  name=${input%.in}
  options=()
  # Of this one's packages two scripts are taken, and nothing is run: see web.in.
  if [[ $name == web ]]; then options+=(--no-deps); fi
  UV_CUSTOM_COMPILE_COMMAND='make requirements' "$LOCAL/venvs/uv/bin/uv" pip compile --quiet --system-certs \
    --universal --python-version 3.11 --no-strip-extras --generate-hashes --no-emit-index-url --no-emit-find-links \
    "${options[@]}" "$@" "$input" --output-file "$name.txt"
done
