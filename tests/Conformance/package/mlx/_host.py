"""Starts .NET in this process by hostfxr and exchanges two functions with it: one for each direction."""

import ctypes
import glob
import os
import shutil
import sys
import threading

from . import _wire
from ._values import BindError, MlxError
from ._wire import dec, enc

_local = threading.local()

_INT, _POINTER = ctypes.c_int, ctypes.c_void_p
_ANSWER = (ctypes.POINTER(_POINTER), ctypes.POINTER(_INT))
_CALLBACK = ctypes.CFUNCTYPE(_INT, _INT, _POINTER, _INT, *_ANSWER)
_REQUEST = ctypes.CFUNCTYPE(_INT, ctypes.c_char_p, _INT, *_ANSWER)
_LOAD = ctypes.CFUNCTYPE(_INT, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, _POINTER, _POINTER, ctypes.POINTER(_POINTER))

# Constants of hostfxr.h and coreclr_delegates.h.
_LOAD_ASSEMBLY_AND_GET_FUNCTION_POINTER = 5
_UNMANAGED_CALLERS_ONLY = _POINTER(-1)


def _answer(out_parts, result, length):
    raw = b"".join(out_parts)
    _local.buffer = ctypes.create_string_buffer(raw, len(raw) + 1)
    result[0] = ctypes.addressof(_local.buffer)
    length[0] = len(raw)


def _callback(i, data, n, result, length):
    try:
        args, _ = dec(ctypes.string_at(data, n), 0)
        out = []
        value = _wire.callbacks[i](*args)
        enc(value, out)
        _local.kept_value = value
        _answer(out, result, length)
        return 0
    except BaseException as e:
        eid = _wire.next_number()
        _wire.errors[eid] = e
        out = []
        enc([eid, f"{type(e).__name__}: {e}"], out)
        _answer(out, result, length)
        return 1


_callback_c = _CALLBACK(_callback)


def _start():
    folder = os.environ["CONFORMANCE_HOST"]
    root = os.environ.get("DOTNET_ROOT") or os.path.dirname(os.path.realpath(shutil.which("dotnet")))
    newest = max(glob.glob(os.path.join(root, "host/fxr/*")), key=_version)
    hostfxr = ctypes.CDLL(glob.glob(os.path.join(newest, "libhostfxr.*"))[0])
    name = os.path.join(folder, "DotMlx.Conformance")
    handle, getter = _POINTER(), _POINTER()
    _check(hostfxr.hostfxr_initialize_for_runtime_config((name + ".runtimeconfig.json").encode(), None, ctypes.byref(handle)))
    _check(hostfxr.hostfxr_get_runtime_delegate(handle, _LOAD_ASSEMBLY_AND_GET_FUNCTION_POINTER, ctypes.byref(getter)))
    load = _LOAD(getter.value)

    def function(method):
        pointer = _POINTER()
        _check(load((name + ".dll").encode(), b"DotMlx.Conformance.Entry, DotMlx.Conformance", method, _UNMANAGED_CALLERS_ONLY,
                    None, ctypes.byref(pointer)))
        return pointer.value

    ctypes.CFUNCTYPE(None, _POINTER)(function(b"Start"))(ctypes.cast(_callback_c, _POINTER))
    return _REQUEST(function(b"Request"))


def _version(path):
    return [int(part) for part in os.path.basename(path).split("-")[0].split(".")]


def _check(status):
    if status < 0:
        raise RuntimeError(f".NET did not start: {status & 0xffffffff:x}")


_request = _start()
LOG = os.environ.get("CONFORMANCE_LOG")


def _log(kind, text):
    """One line for each exception, with the test's file and line, to investigate a failure."""
    frame, where = sys._getframe(), ""
    while frame is not None:
        if frame.f_code.co_name.startswith("test_"):
            where = f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno} {frame.f_code.co_name}"
            break
        frame = frame.f_back
    with open(LOG, "a") as log:
        log.write(f"{kind}\t{where}\t{text[:300]!r}\n")


def request(*message):
    """Asks the host: the name of an operation and its arguments. Raises what C# threw, or what a function of Python raised within."""
    gone = []
    while _wire.freed:
        gone.append(_wire.freed.pop())
    parts = []
    enc([gone, *message], parts)
    raw = b"".join(parts)
    result, length = ctypes.c_void_p(), ctypes.c_int()
    status = _request(raw, len(raw), ctypes.byref(result), ctypes.byref(length))
    value, _ = dec(ctypes.string_at(result, length.value), 0)
    if not status:
        return value
    number, kind, text, trace = value
    if number in _wire.errors:
        raise _wire.errors.pop(number)
    if LOG:
        _log(kind, text)
    raise (BindError if kind == "BindException" else MlxError)(kind, text, trace)
