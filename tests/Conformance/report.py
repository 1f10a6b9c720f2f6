"""The reasons of tests that fail or do not run, and docs/conformance.md."""

HEAD = """# MLX's own tests

MLX's own tests of its Python package, run unmodified against DotMlx: the files of `python/tests` of a checkout of MLX,
with a package `mlx` whose every call is answered by DotMlx (`tests/Conformance`). Nothing of MLX is in this repository.

Written by a run with MLX {version}, from its outcome and `tests/Conformance/reasons.tsv`:

```sh
./build.sh --target=Conformance --tests=DIR
```

A test that MLX's file skips itself (it needs a GPU, or a package of Python) is counted as skipped. Excluded tests are not run:
they test Python, or something that DotMlx documents as absent.
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
    """{test: (kind, reason)}; the kind is 'excluded' or 'fails'."""
    reasons = {}
    with open(path) as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                kind, test, reason = line.rstrip("\n").split("\t")
                reasons[test] = (kind, reason)
    return reasons


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
