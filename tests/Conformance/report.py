"""The reasons of tests that fail or do not run, and docs/conformance.md."""

import os
import re

HEAD = """# MLX's own tests

MLX tests its Python package with the files of `python/tests`. This page shows the result of running these files, unmodified, against
DotMlx, with a package `mlx` that forwards every call to DotMlx (`tests/Conformance`). This repository contains no file of MLX.

A run with MLX {version} wrote this page from its results and from `tests/Conformance/reasons.tsv`:

```sh
./build.sh --target=Conformance --tests=DIR
```

A test that MLX's own file skips (because it needs a GPU or a Python package) counts as skipped. Excluded tests aren't run, because they
test Python itself or a feature that DotMlx documents as missing.
"""


class Outcome:
    """The tests of one file by verdict."""

    def __init__(self, name, version, entries):
        self.name, self.version = name, version
        self.passed, self.failed, self.skipped, self.excluded = (
            [entry["test"] for entry in entries if entry["verdict"] == verdict] for verdict in ("passed", "failed", "skipped", "excluded"))
        self.why = {entry["test"]: last_line(entry["why"]) for entry in entries if entry["verdict"] == "failed"}

    def counts(self):
        return len(self.passed) + len(self.failed), len(self.passed), len(self.failed), len(self.skipped), len(self.excluded)

    def __str__(self):
        return "{}: run {}, passed {}, failed {}, skipped {}, excluded {}".format(self.name, *self.counts())


def last_line(why):
    text = why if isinstance(why, str) else why[-1] if why else ""
    lines = text.strip().splitlines()
    return lines[-1][:240] if lines else "no message"


def read_reasons(path):
    """{test: (kind, reason)}; reasons.tsv explains the kinds."""
    reasons = {}
    with open(path) as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                kind, test, reason = line.rstrip("\n").split("\t")
                reasons[test] = (kind, reason)
    return reasons


def applies(kind, files, mlx):
    """Whether tests of this kind fail with test files of one version of MLX and another version that is installed."""
    if " " not in kind:
        return kind == "fails"
    _, word, version = kind.split(" ")
    return numbers(files) >= numbers(version) and (word == "in" or numbers(mlx) < numbers(version))


def version_of(tests):
    """The version of MLX in whose checkout the test files are; None if they were copied from it."""
    header = os.path.join(tests, "..", "..", "mlx", "version.h")
    if not os.path.exists(header):
        return None
    with open(header) as file:
        text = file.read()
    return ".".join(re.search(rf"MLX_VERSION_{part} (\d+)", text)[1] for part in ("MAJOR", "MINOR", "PATCH"))


def numbers(version):
    return [int(number) for number in re.findall(r"\d+", version)[:3]]


def write(path, version, outcomes, reasons):
    lines = [HEAD.format(version=version), "| file | run | passed | failed | skipped | excluded |", "|---|---|---|---|---|---|"]
    lines += ["| `{}` | {} | {} | {} | {} | {} |".format(outcome.name, *outcome.counts()) for outcome in outcomes]
    lines.append("| all | {} | {} | {} | {} | {} |".format(*(sum(column) for column in zip(*(outcome.counts() for outcome in outcomes)))))
    for title, kind in (("Failing", "failed"), ("Excluded", "excluded")):
        tests = [test for outcome in outcomes for test in getattr(outcome, kind)]
        lines += ["", f"## {title}", ""]
        lines += ["| test | reason |", "|---|---|"] if tests else ["None."]
        lines += [f"| `{test}` | {reasons.get(test, (kind, 'not explained yet'))[1]} |" for test in tests]
    with open(path, "w") as file:
        file.write("\n".join(lines) + "\n")
