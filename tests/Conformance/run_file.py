"""One test file in this process, for run.py: a line of JSON when a test begins, and one with its verdict."""

import faulthandler
import json
import os
import sys
import threading
import traceback
import unittest

import mlx.core
import numpy

SEED = 1


class Result(unittest.TestResult):
    def __init__(self, write):
        super().__init__()
        self._write, self._verdict, self._why = write, "passed", []
        threading.excepthook = lambda failure: self._fail((failure.exc_type, failure.exc_value, failure.exc_traceback))

    def startTest(self, test):
        super().startTest(test)
        self._verdict, self._why = "passed", []
        self._write(start=test.id())
        mlx.core.random.seed(SEED)      # Tests compare random numbers within narrow bounds, which some seeds miss.
        numpy.random.seed(SEED)

    def _fail(self, error):
        self._verdict = "failed"
        self._why.append("".join(traceback.format_exception(*error)))

    def addError(self, test, error):
        self._fail(error)
        if not isinstance(test, unittest.TestCase):     # The file or a class as a whole.
            self._write(test=test.id(), verdict="failed", why=self._why)

    addFailure = addError

    def addSubTest(self, test, subtest, error):
        if error is not None:
            self._fail(error)

    def addSkip(self, test, reason):
        self._verdict, self._why = "skipped", [reason]

    def stopTest(self, test):
        super().stopTest(test)
        self._write(test=test.id(), verdict=self._verdict, why=self._why)


def tests_of(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from tests_of(test)
        else:
            yield test


def main():
    work = json.loads(sys.argv[1])
    faulthandler.enable()
    with open(work["log"], "a") as log:
        def write(**entry):
            log.write(json.dumps(entry) + "\n")
            log.flush()

        write(version=mlx.core.__version__)
        chosen = []
        for test in tests_of(unittest.defaultTestLoader.loadTestsFromName(work["name"])):
            name = test.id()
            if name in work["done"] or work["only"] and not any(name == only or name.startswith(only + ".") for only in work["only"]):
                continue
            if name in work["excluded"]:
                write(test=name, verdict="excluded", why=[])
            else:
                chosen.append(test)
        unittest.TestSuite(chosen).run(Result(write))
        write(end=True)
    os._exit(0)     # Whatever the tests left running: how a process ends is not theirs to test.


if __name__ == "__main__":
    main()
