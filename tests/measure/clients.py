#!/usr/bin/env python3
"""Measures what other ACME clients need for one certificate, each against the same Pebble.

    tests/measure/clients.py [--page docs/reference/performance.md]

Caddy and lego are Debian's packages, unpacked; certbot is PyPI's. Both are fetched into .local/clients. A client that cannot be
fetched is told of and left out. Each has its account already; medians of seven certificates, of the CPU time of the client
alone. Pebble validates nothing here: who is measured is the client.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
LOCAL = ROOT / ".local"
FETCHED = LOCAL / "clients"
RUNS = 7
BEGIN, END = "<!-- clients -->\n", "<!-- end of clients -->"


def run(*command, **options):
    return subprocess.run([str(one) for one in command], check=True, capture_output=True, text=True, **options)


def fetch_debian(name):
    """The program of a Debian package, unpacked; None where there is no such package."""
    program = FETCHED / name / "usr/bin" / name
    if not program.exists():
        folder = FETCHED / name
        folder.mkdir(parents=True, exist_ok=True)
        try:
            run("apt-get", "download", name, cwd=folder)
            run("dpkg-deb", "-x", next(folder.glob("*.deb")), folder)
        except (OSError, StopIteration, subprocess.CalledProcessError) as error:
            print(f"{name} cannot be fetched from Debian: {error}", file=sys.stderr)
            return None
    return program


def fetch_certbot():
    folder = FETCHED / "certbot"
    if not (folder / "bin/certbot").exists():
        uv = LOCAL / "venvs/uv/bin/uv"
        try:
            run(uv, "venv", "--quiet", "--clear", folder)
            install = [uv, "pip", "install", "--quiet", "--compile-bytecode", "--system-certs", "--python", folder / "bin/python", "certbot"]
            run(*install, env={**os.environ, "UV_CACHE_DIR": str(LOCAL / "uv")})
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"certbot cannot be fetched from PyPI: {error}", file=sys.stderr)
            return None
    return folder / "bin/certbot"


class Pebble:
    """A Pebble of its own, which takes every challenge for answered."""

    def __init__(self, folder):
        self.folder, self.root = folder, folder / "root.pem"
        subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-keyout", folder / "key.pem", "-out", self.root, *subject)
        self.port = 14971
        config = {"pebble": {
            "listenAddress": f"127.0.0.1:{self.port}", "managementListenAddress": "127.0.0.1:14972",
            "certificate": str(self.root), "privateKey": str(folder / "key.pem"), "httpPort": 5971, "tlsPort": 5972,
        }}
        (folder / "pebble.json").write_text(json.dumps(config))
        environment = {
            **os.environ, "PEBBLE_VA_ALWAYS_VALID": "1", "PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0",
            "PEBBLE_AUTHZREUSE": "0",
        }
        self.log = folder / "pebble.log"
        self.process = subprocess.Popen([LOCAL / "bin/pebble", "-config", folder / "pebble.json"], env=environment,
                                        stdout=self.log.open("w"), stderr=subprocess.STDOUT)
        self.directory = f"https://127.0.0.1:{self.port}/dir"
        for _ in range(100):
            if "Listening on: 127.0.0.1:14971" in self.log.read_text():
                return
            time.sleep(0.1)
        sys.exit(self.log.read_text())

    def requests(self):
        return self.log.read_text().count("-> calling handler()")

    def stop(self):
        self.process.terminate()
        self.process.wait()


def measured(command, environment, done=None):
    """Wall and CPU seconds and peak memory in MB of a command; of one that goes on, until `done()`."""
    begun = time.perf_counter()
    process = subprocess.Popen([str(one) for one in command], env={**os.environ, **environment},
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done:
        while not done():
            if process.poll() is not None or time.perf_counter() - begun > 60:
                sys.exit(f"{command[0]}: {process.stderr.read()}")
            time.sleep(0.01)
        wall = time.perf_counter() - begun
        process.send_signal(signal.SIGKILL)
    error = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if not done:
        wall = time.perf_counter() - begun
        if process.returncode:
            sys.exit(f"{command[0]}: {error}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def lego(program, pebble, folder, domain):
    command = [program, "--accept-tos", "--email", "bench@example.com", "--server", pebble.directory, "--path",
               folder / "lego", "--http", "--http.port", "127.0.0.1:5971", "--domains", domain, "run"]
    return measured(command, {"LEGO_CA_CERTIFICATES": str(pebble.root)})


def certbot(program, pebble, folder, domain):
    folders = [option for name in ["config", "work", "logs"] for option in (f"--{name}-dir", folder / f"certbot-{name}")]
    command = [program, "certonly", "--standalone", "--non-interactive", "--agree-tos", "--email", "bench@example.com",
               "--server", pebble.directory, "--http-01-port", "5971", "--domain", domain, *folders]
    return measured(command, {"REQUESTS_CA_BUNDLE": str(pebble.root)})


def caddy(program, pebble, folder, domain):
    issuer = {"module": "acme", "ca": pebble.directory, "email": "bench@example.com",
              "trusted_roots_pem_files": [str(pebble.root)],
              "challenges": {"http": {"alternate_port": 5971}, "tls-alpn": {"disabled": True}}}
    config = {
        "admin": {"disabled": True},
        "storage": {"module": "file_system", "root": str(folder / "caddy")},
        "apps": {"tls": {"certificates": {"automate": [domain]},
                         "automation": {"policies": [{"issuers": [issuer]}]}}},
    }
    file = folder / "caddy.json"
    file.write_text(json.dumps(config))
    issued = lambda: any((folder / "caddy").glob(f"certificates/*/{domain}/{domain}.crt"))
    return measured([program, "run", "--config", file], {"HOME": str(folder)}, issued)


def table(pebble, folder):
    yield "| client | version | wall, s | CPU, ms | memory, MB | requests to the CA |"
    yield "|---|---|---|---|---|---|"
    clients = [
        ("Caddy", fetch_debian("caddy"), caddy, "version"),
        ("lego", fetch_debian("lego"), lego, "--version"),
        ("certbot", fetch_certbot(), certbot, "--version"),
    ]
    for name, program, issue, version in clients:
        if not program:
            yield f"| {name} | not available here | | | | |"
            continue
        # Debian's lego says "dev" of itself; its package knows better.
        packages = " ".join(package.name for package in (FETCHED / name.lower()).glob("*.deb"))
        version = re.search(r"\d+\.\d+\.\d+", packages or run(program, version).stdout)[0]
        # Makes the account.
        issue(program, pebble, folder, f"{name.lower()}-first.example.com")
        results = []
        for number in range(RUNS):
            before = pebble.requests()
            wall, cpu, memory = issue(program, pebble, folder, f"{name.lower()}-{number}.example.com")
            results.append((wall, cpu * 1000, memory, pebble.requests() - before))
        wall, cpu, memory, requests = [statistics.median(one) for one in zip(*results)]
        yield f"| {name} | {version} | {wall:.2f} | {cpu:.0f} | {memory:.0f} | {requests:.0f} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--page", type=pathlib.Path)
    arguments = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp())
    pebble = Pebble(folder)
    lines = []
    try:
        for line in table(pebble, folder):
            print(line, flush=True)
            lines.append(line)
    finally:
        pebble.stop()
        shutil.rmtree(folder)
    if arguments.page:
        before, rest = arguments.page.read_text().split(BEGIN, 1)
        _, after = rest.split(END, 1)
        arguments.page.write_text(f"{before}{BEGIN}\n" + "\n".join(lines) + f"\n\n{END}{after}")


if __name__ == "__main__":
    main()
