#!/usr/bin/env python3
"""Measures the programs that are deployed: their sizes, what it takes them to start, and the CPU time of a certificate.

    tests/measure/programs.py FOLDER --cloud NAME [--page docs/reference/performance.md]

FOLDER has the programs (target/…/release). The cloud NAME is up, with one external endpoint that has its certificate
(`local-cloud try`), at a CA that reuses no authorization: each certificate takes all steps. The programs take the place of
those that the cloud was deployed with. Times are medians.
"""

import argparse
import gzip
import http.server
import json
import os
import pathlib
import statistics
import subprocess
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
STEPS = [
    "open-order", "present-challenge", "check-propagation", "submit-challenge", "finalize-order", "import-certificate",
    "clean-up-challenge", "settle-attempt",
]
OTHERS = [
    "write-records", "scan-expiring", "poll-renewal-info", "check-health", "send-digest", "summarize-endpoints",
    "serve-challenge", "inspect-installation", "api",
]
BARE = "bare-lambda"
STARTS, WARM, COLD = 15, 10, 5
BEGIN, END = "<!-- programs -->\n", "<!-- end of programs -->"


class Runtime(http.server.ThreadingHTTPServer):
    """Lambda's runtime API as far as the first question for an event, which is never answered."""

    daemon_threads = True

    def __init__(self):
        self.asked = threading.Event()
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path.endswith("/invocation/next"):
            self.server.asked.set()
            threading.Event().wait(30)

    def do_POST(self):
        length = int(self.headers.get("content-length", 0))
        raise SystemExit(f"{self.path}: {self.rfile.read(length).decode()}")

    def log_message(self, *_):
        pass


def cpu_ms(pid):
    """CPU time of a whole process (clock_getcpuclockid(3)), in milliseconds; None if it is gone."""
    try:
        return time.clock_gettime(((~pid) << 3) | 2) * 1000
    except OSError:
        return None


def start(program, variables):
    """Wall and CPU milliseconds from the start of the program to its question for the first event."""
    runtime = Runtime()
    threading.Thread(target=runtime.serve_forever, daemon=True).start()
    environment = {
        **variables,
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{runtime.server_port}",
        "AWS_LAMBDA_FUNCTION_VERSION": "1",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_LOG_GROUP_NAME": "measured",
        "AWS_LAMBDA_LOG_STREAM_NAME": "measured",
    }
    begun = time.perf_counter()
    process = subprocess.Popen([program], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if not runtime.asked.wait(20):
        raise SystemExit(f"{program} does not ask for an event")
    wall = (time.perf_counter() - begun) * 1000
    cpu = cpu_ms(process.pid)
    process.kill()
    process.wait()
    runtime.shutdown()
    return wall, cpu


def median_start(program, variables):
    both = [start(program, variables) for _ in range(STARTS)]
    return [statistics.median(one) for one in zip(*both)]


class Cloud:
    def __init__(self, name):
        file = ROOT / (".local/env" if name == "default" else f".local/clouds/{name}/env")
        lines = (line.split("=", 1) for line in file.read_text().splitlines())
        self.environment = {**os.environ, **{key: value.strip("'") for key, value in lines}}
        self.name = name
        listed = json.loads(self.run(".local/bin/aws", "lambda", "list-functions", "--output", "json"))
        self.functions = {one["FunctionName"]: one["Environment"]["Variables"] for one in listed["Functions"]}

    def run(self, program, *arguments):
        command = [ROOT / program, *arguments]
        return subprocess.run(command, env=self.environment, check=True, capture_output=True, text=True).stdout

    def full_name(self, program):
        logical = "".join(word.capitalize() for word in program.split("-")) + "Function"
        return next(name for name in self.functions if f"-{logical}-" in name or name.endswith(f"-{program}"))

    def variables(self, program):
        own = {
            "AWS_LAMBDA_FUNCTION_NAME": program,
            "AWS_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_ENDPOINT_URL": self.environment["AWS_ENDPOINT_URL"],
        }
        return {**self.functions[self.full_name(program)], **own} if program != BARE else own

    def deploy(self, folder):
        for program in STEPS + OTHERS:
            self.run(".local/bin/local-cloud", "redeploy", "--name", self.name, program, str(folder / program))

    def processes(self):
        """Processes of the steps in this cloud."""
        names = {self.full_name(step) for step in STEPS}
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            try:
                variables = (entry / "environ").read_bytes().split(b"\0") if entry.name.isdigit() else []
            except OSError:
                continue
            known = dict(one.decode(errors="replace").split("=", 1) for one in variables if b"=" in one)
            if known.get("AWS_LAMBDA_FUNCTION_NAME") in names:
                found.append(int(entry.name))
        return found

    def renew(self, domain):
        self.run(".local/bin/managed-https", "renew", domain, "--wait", "--timeout", "90s")


def attempts(cloud, domain):
    """CPU milliseconds of the eight steps of one certificate: warm, and cold."""
    warm, cold = [], []
    cloud.renew(domain)
    for _ in range(WARM):
        before = {pid: cpu_ms(pid) for pid in cloud.processes()}
        cloud.renew(domain)
        warm.append(sum(cpu_ms(pid) - before.get(pid, 0) for pid in cloud.processes()))
    for _ in range(COLD):
        for pid in cloud.processes():
            os.kill(pid, 9)
        cloud.renew(domain)
        cold.append(sum(cpu_ms(pid) for pid in cloud.processes()))
    return statistics.median(warm), statistics.median(cold)


def table(folder, cloud, domain):
    yield "| function | program, MB | zip, MB | start, ms | CPU to start, ms |"
    yield "|---|---|---|---|---|"
    for program in [BARE, *STEPS, *OTHERS]:
        file = folder / program
        zipped = len(gzip.compress(file.read_bytes(), compresslevel=6))
        wall, cpu = median_start(file, cloud.variables(program))
        yield f"| {program} | {file.stat().st_size / 1e6:.1f} | {zipped / 1e6:.1f} | {wall:.1f} | {cpu:.1f} |"
    if domain:
        cloud.deploy(folder)
        warm, cold = attempts(cloud, domain)
        yield ""
        yield f"One certificate over HTTP-01, CPU of all eight steps: {warm:.0f} ms warm, {cold:.0f} ms where each starts cold."


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--cloud", default="default")
    parser.add_argument("--domain", help="an endpoint of the cloud to renew")
    parser.add_argument("--page", type=pathlib.Path)
    arguments = parser.parse_args()
    lines = []
    for line in table(arguments.folder, Cloud(arguments.cloud), arguments.domain):
        print(line, flush=True)
        lines.append(line)
    if arguments.page:
        before, rest = arguments.page.read_text().split(BEGIN, 1)
        _, after = rest.split(END, 1)
        arguments.page.write_text(f"{before}{BEGIN}\n" + "\n".join(lines) + f"\n\n{END}{after}")


if __name__ == "__main__":
    main()
