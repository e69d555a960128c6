#!/usr/bin/env bash
# Builds the functions for AWS and deploys the stack, guided: asks for the stack's name, its region and its parameters,
# and keeps the answers in deployment.toml. The next run offers them again, so that Enter keeps each.
#
#   infra/deploy.sh              as `make deploy` does
#   infra/deploy.sh TEMPLATE     deploys a template that sam build has made already
set -euo pipefail
cd "$(dirname "$0")/.."

# sam looks for a relative one beside the template, in a folder that the next build empties.
ANSWERS=${DEPLOYMENT_ANSWERS:-$PWD/deployment.toml}
TARGET=aarch64-unknown-linux-gnu
LAST_BUILD=.local/last-build-seconds

say() { printf '%s\n' "$*" >&2; }
minutes() { echo $((($1 + 59) / 60)); }

build() {
  if ! rustup target list --installed 2>/dev/null | grep -qx "$TARGET"; then
    say "Lambda's processor is arm64: adding the target $TARGET to rustup"
    rustup target add "$TARGET" ||
      { say "Install Rust by rustup, or add the target $TARGET to yours. Then run make deploy again."; exit 1; }
  fi
  if [[ -f $LAST_BUILD ]]; then
    say "Building the functions for arm64. The last build took $(minutes "$(<"$LAST_BUILD")") min."
  else
    say 'Building the functions for arm64, optimized. The first build compiles all dependencies: about half an hour on two cores.'
  fi
  # The functions say which commit they are of. An unpacked archive has none.
  MANAGED_HTTPS_COMMIT=$(git rev-parse --short=12 HEAD 2>/dev/null || true)
  export MANAGED_HTTPS_COMMIT
  SECONDS=0
  # A folder of its own leaves the local cloud's build alone.
  sam build --build-dir .aws-sam/aws
  echo "$SECONDS" >"$LAST_BUILD"
  say "Built in $(minutes "$SECONDS") min."
}

template=${1-}
if [[ -z $template ]]; then
  build
  template=.aws-sam/aws/template.yaml
fi
if [[ -f $ANSWERS ]]; then
  say "Your last answers are in $ANSWERS: Enter keeps each."
else
  # What samconfig.toml says of the local cloud has no place among answers.
  sed '/^# `--config-env local`/,$d' samconfig.toml >"$ANSWERS"
fi
# What CA and profile are, as sam writes its answers down.
authority() { grep -oE '(AcmeDirectory|AcmeProfile|FallbackAuthorities)=[^ ]*' "$ANSWERS" 2>/dev/null | sort || true; }
before=$(authority)
sam deploy --guided --config-file "$ANSWERS" --template-file "$template"
if [[ -n $before && $before != "$(authority)" ]]; then
  say 'The CA or its profile has changed. Certificates change at their next renewal. One that is for other uses, or has a key of'
  say 'another type, gets a new ARN: try one first, as docs/how-to/change-ca.md says.'
fi
say "Your answers are kept in $ANSWERS. To change one, run make deploy again, or edit the file."
