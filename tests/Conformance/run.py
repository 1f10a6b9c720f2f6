"""Runs MLX's own test files against DotMlx and writes docs/conformance.md: run.py TESTS RESULTS [--filter NAME,NAME].

Each file runs in a process of its own. A test that ends the process has failed, and the file goes on behind it.
"""

import argparse
import json
import os
import subprocess
import sys

import report

HERE = os.path.dirname(os.path.abspath(__file__))
SECONDS = 900       # The limit of one process.

# DotMlx's own suites test several processes, and tests of Metal and CUDA kernels need a GPU.
NOT_RUN = {"mlx_distributed_tests", "mlx_tests", "cuda_skip", "mpi_test_distributed", "nccl_test_distributed", "ring_test_distributed"}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tests", help="python/tests of a checkout of MLX")
    parser.add_argument("results", help="a folder for results and logs")
    parser.add_argument("--filter", default="", help="files, or tests of one, separated by commas: test_ops,test_nn.TestLayers.test_gru")
    given = parser.parse_args()
    given.results = os.path.abspath(given.results)
    os.makedirs(given.results, exist_ok=True)
    reasons = report.read_reasons(os.path.join(HERE, "reasons.tsv"))
    wanted = [name.removesuffix(".py") for name in given.filter.split(",") if name]
    files = [name.split(".")[0] for name in wanted] or sorted(
        name[:-3] for name in os.listdir(given.tests) if name.startswith("test_") and name.endswith(".py") and name[:-3] not in NOT_RUN)
    outcomes = []
    for name in dict.fromkeys(files):
        only = [w for w in wanted if w.startswith(name + ".")]
        outcome = run_file(name, given.tests, given.results, reasons, only)
        print(outcome, flush=True)
        for test in outcome.failed:
            print(f"    {test}: {reasons.get(test, (None, 'no reason is recorded'))[1]}\n        {outcome.why[test]}", flush=True)
        outcomes.append(outcome)
    if not wanted:
        report.write(os.path.join(HERE, "..", "..", "docs", "conformance.md"), outcomes[0].version, outcomes, reasons)
    files, mlx = report.version_of(given.tests), outcomes[0].version

    def is_expected(test):
        kind = reasons.get(test, ("",))[0]
        return kind.startswith("fails") if files is None else report.applies(kind, files, mlx)

    unexplained = [test for outcome in outcomes for test in outcome.failed if not is_expected(test)]
    if unexplained:
        print(f"{len(unexplained)} failing test(s) have no reason in tests/Conformance/reasons.tsv: {', '.join(unexplained)}")
    for test in [test for outcome in outcomes for test in outcome.passed if files is not None and is_expected(test)]:
        print(f"{test} is said to fail in tests/Conformance/reasons.tsv, but passes.")
    totals = [sum(len(getattr(outcome, kind)) for outcome in outcomes) for kind in ("passed", "failed", "skipped", "excluded")]
    print("{} passed, {} failed, {} skipped".format(totals[0], totals[1], totals[2] + totals[3]))
    return 1 if unexplained else 0


def run_file(name, tests, results, reasons, only):
    """Runs one file, again behind each test that ended its process."""
    log = os.path.join(results, name + ".jsonl")
    errors = os.path.join(results, name + ".errors.tsv")
    for old in (log, errors):
        if os.path.exists(old):
            os.remove(old)
    excluded = {test for test, (kind, _) in reasons.items() if kind == "excluded"}
    environment = dict(os.environ, CONFORMANCE_LOG=errors, PYTHONDONTWRITEBYTECODE="1",
                       PYTHONPATH=os.pathsep.join([os.path.join(HERE, "package"), os.path.abspath(tests)]))
    while True:
        done = {entry["test"] for entry in read(log) if "test" in entry}
        work = json.dumps({"name": name, "log": log, "excluded": sorted(excluded), "done": sorted(done), "only": only})
        with open(os.path.join(results, name + ".stderr"), "w") as stderr:
            process = subprocess.Popen([sys.executable, os.path.join(HERE, "run_file.py"), work], env=environment, cwd=tests,
                                       stdout=subprocess.DEVNULL, stderr=stderr)
            try:
                process.wait(SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        entries = read(log)
        if any("end" in entry for entry in entries):
            break
        done = {entry["test"] for entry in entries if "test" in entry}
        hung = [entry["start"] for entry in entries if "start" in entry and entry["start"] not in done]
        verdict = {"test": hung[-1] if hung else name, "verdict": "failed", "why": f"the process ended with status {process.returncode}"}
        with open(log, "a") as file:
            file.write(json.dumps(verdict) + "\n")
        if not hung:
            break
    entries = read(log)
    version = next((entry["version"] for entry in entries if "version" in entry), None)
    return report.Outcome(name, version, [entry for entry in entries if "test" in entry])


def read(path):
    if not os.path.exists(path):
        return []
    with open(path) as file:
        return [json.loads(line) for line in file]


if __name__ == "__main__":
    sys.exit(main())
