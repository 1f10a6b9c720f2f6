"""Devices, streams, and how arrays are printed."""

from .._host import request
from .._wire import camels


def default_device():
    return request("static", "Mx.DefaultDevice", [], {})


class _StreamScope:
    def __init__(self, s):
        self._s = s

    def __enter__(self):
        self._scope = request("static", "Mx.StreamScope", [self._s], {})
        return self._s

    def __exit__(self, *a):
        request("call", self._scope, "Dispose", [], {})


def stream(s):
    return _StreamScope(s)


def StreamContext(s):
    return _StreamScope(s)


class _Print:
    def __init__(self, **kw):
        self._kw = kw

    def __enter__(self):
        self._scope = request("static", "Mx.PrintOptions", [], camels(self._kw))

    def __exit__(self, *a):
        request("call", self._scope, "Dispose", [], {})


def printoptions(**kw):
    return _Print(**kw)
