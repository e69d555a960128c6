# shellcheck shell=bash
# To be sourced, by those who need a tool that is a Python package. LOCAL is the project's .local folder.

REQUIREMENTS="$(cd "$(dirname "${BASH_SOURCE[0]}")/requirements" && pwd)"

# Usage: virtual_environment NAME [OPTION OF UV PIP INSTALL…]
#
# Makes .local/venvs/NAME of the packages in infra/requirements/NAME.txt, which names each with the hashes of its
# files; and makes it again when that file has changed since. The environment uv must be there.
#
# uv and not pip: it needs 30 seconds for all of them where pip needed over two minutes, and pip 23 refuses a package
# that is pinned with an extra. What Python would compile at each start is compiled once, also where the user has told Python to
# keep nothing of it (PYTHONDONTWRITEBYTECODE): each local cloud starts two of these programs.
virtual_environment() {
  local folder="$LOCAL/venvs/$1" requirements="$REQUIREMENTS/$1.txt"
  if is_made "$1"; then return; fi
  echo "Fetching $(packages_of "$1") into .local/venvs/$1" >&"${MESSAGES:-2}"
  python3 -m venv --clear --without-pip "$folder"
  UV_CACHE_DIR="$LOCAL/uv" "$LOCAL/venvs/uv/bin/uv" pip install --quiet --compile-bytecode --system-certs \
    --python "$folder/bin/python" --require-hashes --requirements "$requirements" "${@:2}" || return
  cp "$requirements" "$folder/installed.txt"
}

# The one environment that pip makes.
virtual_environment_of_uv() {
  local folder="$LOCAL/venvs/uv" wheel
  if is_made uv; then return; fi
  echo "Fetching $(packages_of uv) into .local/venvs/uv" >&"${MESSAGES:-2}"
  if [[ -d $LOCAL/pip ]]; then # set-up.sh brings it where Python has none of its own
    wheel=("$LOCAL"/pip/usr/share/python-wheels/pip-*.whl)
    python3 -m venv --clear --without-pip "$folder"
    "$folder/bin/python" "${wheel[0]}/pip" install --quiet --no-index "${wheel[0]}"
  else
    python3 -m venv --clear "$folder"
  fi
  "$folder/bin/python" -m pip install --quiet --disable-pip-version-check \
    --require-hashes --requirement "$REQUIREMENTS/uv.txt" || return
  cp "$REQUIREMENTS/uv.txt" "$folder/installed.txt"
}

# The last step of making one is its copy of the requirements. A Python that is gone since leaves a dead link.
is_made() { cmp -s "$REQUIREMENTS/$1.txt" "$LOCAL/venvs/$1/installed.txt" && [[ -x $LOCAL/venvs/$1/bin/python ]]; }

# What is asked for by name, of all that NAME.txt brings.
packages_of() { sed -n '/^[^#]/p' "$REQUIREMENTS/$1.in" | paste -sd ' '; }
