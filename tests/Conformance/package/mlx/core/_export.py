"""Graphs as text, and functions in files."""

import os
import tempfile

from .._host import request
from .._values import MlxError
from ._array import array
from ._functions import collect


def export_to_dot(file, *args, **kwargs):
    leaves = []
    for a in args:
        collect(a, leaves)
    for a in kwargs.values():
        collect(a, leaves)
    names = {k: v for k, v in kwargs.items() if isinstance(v, array)}
    if not hasattr(file, "write"):
        request("static", "Mx.ExportToDot", [os.fspath(file), leaves, names], {})
        return
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "graph.dot")
        request("static", "Mx.ExportToDot", [path, leaves, names], {})
        with open(path) as text:
            file.write(text.read())


def _args_of(args, kwargs):
    """Arrays by position, and by name."""
    if len(args) == 2 and isinstance(args[0], (tuple, list)) and isinstance(args[1], dict):
        args, kwargs = list(args[0]), {**args[1], **kwargs}
    elif len(args) == 1 and isinstance(args[0], (tuple, list)):
        args = list(args[0])
    elif len(args) == 1 and isinstance(args[0], dict):
        args, kwargs = [], {**args[0], **kwargs}
    if not all(isinstance(a, array) for a in args) or not all(isinstance(a, array) for a in kwargs.values()):
        raise ValueError("arrays only")
    return list(args), kwargs


def _traced(fun):
    def body(arrays, kwargs=None):
        r = fun(*arrays, **(kwargs or {}))
        r = [r] if isinstance(r, array) else r
        if not isinstance(r, (list, tuple)) or not all(isinstance(x, array) for x in r):
            raise ValueError("the function should return arrays")
        return list(r)
    return body


def export_function(file, fun, *args, shapeless=False, **kwargs):
    if callable(file):
        raise MlxError("NotSupported", "export to a callback", "")
    args, kwargs = _args_of(args, kwargs)
    request("static", "Mx.ExportFunction", [os.fspath(file), _traced(fun), args, *([kwargs] if kwargs else []), shapeless], {})


class _Imported:
    def __init__(self, file):
        self._f = request("static", "Mx.ImportFunction", [os.fspath(file)], {})

    def __call__(self, *args, **kwargs):
        args, kwargs = _args_of(args, kwargs)
        if kwargs:
            return list(request("call", self._f, "Invoke", [args, kwargs], {}))
        return list(request("call", self._f, "Invoke", args, {}))


def import_function(file):
    return _Imported(file)


class exporter:
    def __init__(self, file, fun, shapeless=False):
        self._e = request("static", "Mx.Exporter", [os.fspath(file), _traced(fun), shapeless], {})

    def __enter__(self):
        return self

    def __exit__(self, *a):
        self.close()

    def close(self):
        request("call", self._e, "Dispose", [], {})

    def __call__(self, *args, **kwargs):
        args, kwargs = _args_of(args, kwargs)
        if kwargs:
            raise MlxError("NotSupported", "keywords of an exporter", "")
        request("call", self._e, "Export", args, {})
