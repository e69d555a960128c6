#!/usr/bin/env python3
"""Makes a release of what is checked out: what an operator needs to deploy without a compiler.

    infra/release.py [--architecture arm64|x86_64] [--cli ARCHITECTURE]… [--programs FOLDER]

It lies in target/releases/VERSION:

    managed-https-VERSION-stack-ARCHITECTURE.zip   template.yaml, the functions as zips, the state machine, Terraform module
    managed-https-VERSION-linux-ARCHITECTURE.tar.gz   the CLI with its manual pages and completions
    managed-https-VERSION.cdx.json                 software bill of materials (CycloneDX)
    last-release.json                              what the next version is compared with (infra/last-release.py)
    RELEASE-NOTES.md                               the version's part of CHANGELOG.md
    SHA256SUMS

The functions are built for arm64, and the CLI for both, unless told otherwise. Programs of --programs are built already, for
the machine that runs this; they name no commit. Times in archives are the commit's: the same commit makes the same bytes
of the same programs.
"""

import argparse
import gzip
import hashlib
import io
import os
import pathlib
import platform
import re
import subprocess
import sys
import tarfile
import time
import tomllib
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
RELEASES = ROOT / "target/releases"
TARGETS = {"arm64": "aarch64-unknown-linux-gnu", "x86_64": "x86_64-unknown-linux-gnu"}
MACHINES = {"aarch64": "arm64", "x86_64": "x86_64"}
# What else is in the zip of the stack, and where.
BESIDE = {
    "infra/issue-certificate.asl.json": "issue-certificate.asl.json",
    "infra/edge-alb.yaml": "edge-alb.yaml",
    "infra/event-schemas.yaml": "event-schemas.yaml",
    "infra/edge-api.yaml": "edge-api.yaml",
    "infra/edge-cloudfront.yaml": "edge-cloudfront.yaml",
    "infra/paging.yaml": "paging.yaml",
    "infra/domain-connect/example.net.certificate.json": "domain-connect/example.net.certificate.json",
    "infra/domain-connect/example.net.host.json": "domain-connect/example.net.host.json",
    "infra/release-readme.md": "README.md",
    "infra/restore-table.py": "restore-table.py",
    "infra/take-over.py": "take-over.py",
    "infra/terraform/main.tf": "terraform/main.tf",
    "infra/terraform/variables.tf": "terraform/variables.tf",
    "infra/terraform/outputs.tf": "terraform/outputs.tf",
    "CHANGELOG.md": "CHANGELOG.md",
    "LICENSE": "LICENSE",
}
BINARY = re.compile(r"\n    Metadata: \{ BuildMethod: rust-cargolambda, BuildProperties: \{ Binary: ([a-z-]+) \} \}\n    Properties:\n")


class Release:
    def __init__(self, architecture, clis, programs):
        self.version = workspace_version()
        self.commit = None if programs else commit()
        self.architecture, self.clis, self.programs = architecture, clis, programs
        self.folder = RELEASES / self.version
        self.time = commit_time()
        self.template = (ROOT / "template.yaml").read_text(encoding="utf-8")

    @property
    def full_version(self):
        """As the programs say it."""
        return f"{self.version}+{self.commit}" if self.commit else self.version

    def functions(self):
        return sorted(BINARY.findall(self.template))

    def make(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        for old in self.folder.iterdir():
            old.unlink()
        say(f"managed-https {self.full_version}: functions for {self.architecture}, CLI for {' and '.join(self.clis)}")
        functions = self.built(self.architecture, self.functions())
        licences = self.folder / "THIRD-PARTY-LICENCES"
        run(sys.executable, "infra/third-party-licences.py", str(licences))
        self.make_stack(functions, licences)
        for architecture in self.clis:
            cli = self.built(architecture, ["managed-https"])["managed-https"]
            self.make_cli(architecture, cli, licences)
        run(sys.executable, "infra/sbom.py", self.full_version, str(self.folder / f"{self.name}.cdx.json"))
        self.make_last_release()
        notes = release_notes((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), self.version)
        (self.folder / "RELEASE-NOTES.md").write_text(notes, encoding="utf-8")
        self.make_sums()

    @property
    def name(self):
        return f"managed-https-{self.version}"

    def built(self, architecture, names):
        """The paths of programs, built first unless they are."""
        if self.programs:
            return {name: self.programs / name for name in names}
        target, folder = TARGETS[architecture], ROOT / "target/lambda-release" / architecture
        missing = run("rustup", "target", "list", "--installed").split()
        if target not in missing:
            run("rustup", "target", "add", target)
        selection = [word for name in names for word in ("--bin", name)]
        # The whole workspace is selected, so that all programs are compiled with the same features.
        words = ["cargo", "lambda", "build", "--release", "--locked", "--workspace", *selection]
        words += ["--target", target, "--lambda-dir", str(folder)]
        subprocess.run(words, cwd=ROOT, check=True, env={**os.environ, "MANAGED_HTTPS_COMMIT": self.commit})
        return {name: folder / name / "bootstrap" for name in names}

    def make_stack(self, functions, licences):
        with zipfile.ZipFile(self.folder / f"{self.name}-stack-{self.architecture}.zip", "w") as stack:
            self.add(stack, "template.yaml", packaged(self.template, self.full_version, self.architecture).encode())
            for name, program in functions.items():
                self.add(stack, f"functions/{name}.zip", self.zipped(program), packed=True)
            for source, place in BESIDE.items():
                self.add(stack, place, (ROOT / source).read_bytes())
            self.add(stack, "THIRD-PARTY-LICENCES", licences.read_bytes())

    def zipped(self, program):
        """A function's code, as Lambda unpacks it."""
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as code:
            self.add(code, "bootstrap", program.read_bytes(), mode=0o755)
        return archive.getvalue()

    def add(self, archive, name, content, mode=0o644, packed=False):
        entry = zipfile.ZipInfo(name, time.gmtime(self.time)[:6])
        entry.external_attr = (0o100000 | mode) << 16
        entry.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
        archive.writestr(entry, content)

    def make_cli(self, architecture, program, licences):
        top = f"{self.name}-linux-{architecture}"
        files = {"managed-https": (program.read_bytes(), 0o755)}
        for source in (ROOT / "LICENSE", licences):
            files[source.name] = (source.read_bytes(), 0o644)
        if architecture == MACHINES.get(platform.machine()):
            files.update(self.written_by(program))
        with open(self.folder / f"{top}.tar.gz", "wb") as file:
            with gzip.GzipFile("", "wb", fileobj=file, mtime=self.time) as packed, tarfile.open(mode="w", fileobj=packed) as tar:
                for name, (content, mode) in sorted(files.items()):
                    entry = tarfile.TarInfo(f"{top}/{name}")
                    entry.size, entry.mode, entry.mtime = len(content), mode, self.time
                    tar.addfile(entry, io.BytesIO(content))

    def written_by(self, program):
        """The manual pages and completions, which the program writes."""
        folder = self.folder.parent / "manual"
        folder.mkdir(exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        run(str(program), "man", str(folder))
        files = {f"man/{page.name}": (page.read_bytes(), 0o644) for page in folder.iterdir()}
        for shell in ("bash", "fish", "zsh"):
            files[f"completions/managed-https.{shell}"] = (run(str(program), "completions", shell).encode(), 0o644)
        return files

    def make_last_release(self):
        python, transformed = ROOT / ".local/venvs/sam/bin/python", self.folder.parent / "template.json"
        run(str(python), "infra/transform.py", "template.yaml", str(transformed))
        described = run(sys.executable, "infra/last-release.py", "describe", str(transformed), self.version)
        (self.folder / "last-release.json").write_text(described, encoding="utf-8")

    def make_sums(self):
        files = sorted(self.folder.iterdir())
        lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files]
        (self.folder / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")
        for file in files:
            say(f"  {file.stat().st_size / 1e6:6.1f} MB  {file.name}")
        say(f"in {self.folder.relative_to(ROOT)}")


def packaged(template, version, architecture):
    """The template with each function's code beside it: nothing is left to build.

    It is edited as text, so that what it says to its readers stays."""
    template, functions = BINARY.subn(lambda found: f"\n    Properties:\n      CodeUri: functions/{found[1]}.zip\n", template)
    if not functions or functions != template.count("Type: AWS::Serverless::Function"):
        sys.exit(f"{functions} functions were found with a program, not all of them")
    edits = [
        # Of the functions that are built.
        (r"\n    CodeUri: \.(?= |\n)[^\n]*", ""),
        (r"DefinitionUri: infra/issue-certificate\.asl\.json", "DefinitionUri: issue-certificate.asl.json"),
        (r"(\n  Architecture:\n(?:    .*\n)*?    Default: )\w+", rf"\g<1>{architecture}"),
        (r"(\n  Architecture:\n(?:    .*\n)*?    AllowedValues: )[^\n]*", rf"\g<1>[{architecture}]"),
        (r"(\n    SemanticVersion: )[^\n]*", rf"\g<1>{version}"),
        (r"(\n  Version:\n    Description: [^\n]*\n    Value: )[^\n]*", rf"\g<1>{version}"),
    ]
    for pattern, replacement in edits:
        template, count = re.subn(pattern, replacement, template)
        if count != 1:
            sys.exit(f"template.yaml has {count} places like {pattern}")
    return template


def release_notes(changelog, version):
    """The section of the version; before it is named, what is unreleased."""
    for heading in (version, "Unreleased"):
        found = re.search(rf"^## \[{re.escape(heading)}\][^\n]*\n(.*?)(?=^## \[|\Z)", changelog, re.MULTILINE | re.DOTALL)
        if found:
            return found[1].strip() + "\n"
    sys.exit(f"CHANGELOG.md has no section {version}")


def workspace_version():
    return tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))["workspace"]["package"]["version"]


def commit():
    modified = run("git", "status", "--porcelain", "--untracked-files=no").strip()
    return run("git", "rev-parse", "--short=12", "HEAD").strip() + ("-modified" if modified else "")


def commit_time():
    return int(run("git", "log", "-1", "--format=%ct"))


def run(*words):
    return subprocess.run(words, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def say(text):
    print(text, file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--architecture", choices=TARGETS, default="arm64")
    parser.add_argument("--cli", choices=TARGETS, action="append")
    parser.add_argument("--programs", type=pathlib.Path)
    options = parser.parse_args()
    if options.programs:
        options.architecture = MACHINES[platform.machine()]
        options.cli = [options.architecture]
    Release(options.architecture, options.cli or list(TARGETS), options.programs).make()


if __name__ == "__main__":
    main()
