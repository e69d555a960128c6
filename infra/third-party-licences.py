#!/usr/bin/env python3
"""Lists what the functions and the CLI contain of others, with the texts of the licences.

    infra/third-party-licences.py FILE

Contained is what is linked: neither macros, nor what builds, nor what tests. Cargo has unpacked each crate already, and
the texts are taken from there; a text that several crates have stands once. Needs nothing but cargo and Python.
"""

import collections
import json
import pathlib
import re
import subprocess
import sys

# Lambda's architectures, as `make` and `make deploy` build for them.
TARGETS = ["aarch64-unknown-linux-gnu", "x86_64-unknown-linux-gnu"]
LICENCE_FILE = re.compile(r"(licen[cs]e|copying|copyright|notice|unlicense)", re.IGNORECASE)
ROOT = pathlib.Path(__file__).resolve().parent.parent
# Of the Python package django-htmx (infra/requirements/web.in), as tests/local-cloud/set-up.sh lays it there.
HTMX = ROOT / ".local/web/htmx.js"

Part = collections.namedtuple("Part", "name version licence home texts")


def main(output):
    parts = sorted(linked_crates(), key=lambda part: (part.name, part.version))
    parts += [standard_library(), htmx()]
    output = pathlib.Path(output)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(page(parts), encoding="utf-8")
    without = sum(not part.texts for part in parts)
    print(f"{output}: {len(parts)} parts, {without} of them packaged without a text of their licence", file=sys.stderr)


def linked_crates():
    metadata = json.loads(cargo("metadata", "--format-version", "1", "--locked"))
    members = set(metadata["workspace_members"])
    handed_on = [
        package["name"]
        for package in metadata["packages"]
        if package["id"] in members
        and ROOT / "functions" in pathlib.Path(package["manifest_path"]).parents
        and any("bin" in target["kind"] for target in package["targets"])
    ]
    linked = set()
    for target in TARGETS:
        selection = [word for name in handed_on for word in ("--package", name)]
        edges = ["--edges", "normal,no-proc-macro", "--prefix", "none", "--format", "{p}"]
        for line in cargo("tree", "--locked", "--target", target, *edges, *selection).splitlines():
            if line.strip():
                name, version, *_ = line.split()
                linked.add((name, version.removeprefix("v")))
    for package in metadata["packages"]:
        if package["id"] not in members and (package["name"], package["version"]) in linked:
            home = package["repository"] or package["homepage"] or ""
            folder = pathlib.Path(package["manifest_path"]).parent
            licence = package["license"] or "see its text"
            texts = texts_in(folder, package["license_file"]) or standard_text(licence)
            yield Part(package["name"], package["version"], licence, home, texts)


def standard_library():
    sysroot = pathlib.Path(run("rustc", "--print", "sysroot").strip())
    version = run("rustc", "--version").split()[1]
    folder = sysroot / "share/doc/rust/licenses"
    texts = [read(folder / name) for name in ("Apache-2.0.txt", "MIT.txt") if (folder / name).exists()]
    return Part("Rust's standard library", version, "MIT OR Apache-2.0", "https://github.com/rust-lang/rust", texts)


def htmx():
    version = re.search(r'\bversion:\s*"([0-9.]+)"', read(HTMX))
    if not version:
        sys.exit(f"{HTMX} names no version")
    return Part("htmx", version[1], "0BSD", "https://github.com/bigskysoftware/htmx", [])


def texts_in(folder, named):
    paths = [path for path in folder.iterdir() if LICENCE_FILE.match(path.name)]
    if named and folder / named not in paths:
        paths.append(folder / named)
    # A folder of them, as the REUSE convention has.
    paths = [inner for path in paths for inner in (path.iterdir() if path.is_dir() else [path])]
    return [read(path) for path in sorted(paths) if path.suffix not in (".rs", ".toml", ".json")]


def standard_text(licence):
    """For a crate that was packaged without one. The Apache License is the same for all, and so this project's own."""
    return [read(ROOT / "LICENSE")] if "Apache-2.0" in licence else []


def page(parts):
    lines = ["What the functions and the CLI of managed-https contain of others.", ""]
    users = collections.OrderedDict()
    for part in parts:
        remark = "" if part.texts else "  (its package has no text of it)"
        lines.append(f"{part.name} {part.version}: {part.licence}{remark}")
        if part.home:
            lines.append(f"    {part.home}")
        for text in part.texts:
            users.setdefault(" ".join(text.split()), (text, []))[1].append(f"{part.name} {part.version}")
    for text, names in users.values():
        lines += ["", "=" * 80, *wrapped(names), "-" * 80, text.strip("\n")]
    return "\n".join(lines) + "\n"


def wrapped(names):
    line = ""
    for name in names:
        if line and len(line) + len(name) > 78:
            yield line + ","
            line = ""
        line += (", " if line else "") + name
    yield line


def read(path):
    return path.read_text(encoding="utf-8", errors="replace").replace("\r\n", "\n")


def cargo(*words):
    return run("cargo", *words)


def run(*words):
    return subprocess.run(words, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
