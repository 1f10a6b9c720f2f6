"""Values as bytes, to the C# host and back; Host/Wire/Tag.cs has the same tags."""

import itertools
import os
import struct
import threading

import numpy as np

from ._values import CATEGORIES, CPU, DTYPES, GPU, Device, DeviceType, Dtype, DtypeCategory, MlxError, Obj

freed = []
callbacks = {}
errors = {}
_numbers = itertools.count(1)
array_class = None      # mlx.core sets it.
wrap_object = Obj        # mlx.nn makes modules of the objects that are some.
_local = threading.local()


def next_number():
    """A new number for a function or an exception that C# is told of."""
    return next(_numbers)


def pascal(name):
    return "".join(p[:1].upper() + p[1:] for p in name.split("_"))


def camel(name):
    name = name.rstrip("_")
    first, *rest = name.split("_")
    return first + "".join(p[:1].upper() + p[1:] for p in rest)


def camels(kwargs):
    return {camel(k): v for k, v in kwargs.items()}


_p = struct.pack


def enc(v, out):
    t = type(v)
    if v is None:
        out.append(b"\0")
    elif t is bool:
        out.append(b"\1" if v else b"\2")
    elif t is array_class:
        out.append(_p("<Bi", 8, v._h))
    elif t is int:
        if -(1 << 63) <= v < (1 << 63):
            out.append(_p("<Bq", 3, v))
        elif v < (1 << 64) and v >= 0:
            out.append(_p("<BQ", 4, v))
        else:
            raise OverflowError("int too large")
    elif t is float:
        out.append(_p("<Bd", 5, v))
    elif t is str:
        b = v.encode()
        out.append(_p("<Bi", 7, len(b)))
        out.append(b)
    elif t is list:
        out.append(_p("<Bi", 9, len(v)))
        for x in v:
            enc(x, out)
    elif isinstance(v, tuple):
        out.append(_p("<Bi", 10, len(v)))
        for x in v:
            enc(x, out)
    elif hasattr(v, "_h"):
        out.append(_p("<Bi", 8, v._h))
    elif isinstance(v, dict):
        out.append(_p("<Bi", 11, len(v)))
        for k, x in v.items():
            enc(k, out)
            enc(x, out)
    elif t is Dtype:
        out.append(_p("<BB", 12, v._n))
    elif t is DtypeCategory:
        out.append(_p("<BB", 17, v._n))
    elif t is slice:
        out.append(b"\x0d")
        for x in (v.start, v.stop, v.step):
            enc(x, out)
    elif v is Ellipsis:
        out.append(b"\x0e")
    elif t is bytes:
        out.append(_p("<Bi", 15, len(v)))
        out.append(v)
    elif t is complex:
        out.append(_p("<Bdd", 6, v.real, v.imag))
    elif t is DeviceType:
        out.append(_p("<BBi", 18, v._n, 0))
    elif t is Device:
        out.append(_p("<BBi", 18, v.type._n, v.index))
    elif isinstance(v, np.generic):
        enc(v.item(), out)
    elif isinstance(v, np.ndarray) or hasattr(v, "__mlx_array__"):
        a = array_class(v)
        _local.keep = getattr(_local, "keep", [])
        _local.keep.append(a)
        enc(a, out)
    elif isinstance(v, (bool, int)):
        enc(int(v), out)
    elif isinstance(v, float):
        enc(float(v), out)
    elif isinstance(v, str):
        enc(str(v), out)
    elif isinstance(v, list):
        enc(list(v), out)
    elif hasattr(v, "__fspath__"):
        enc(os.fspath(v), out)
    elif callable(v):
        out.append(_p("<Bi", 16, callback_id(v)))
    elif isinstance(v, (range, map, filter)) or hasattr(v, "__next__"):
        enc(list(v), out)
    else:
        raise MlxError("Unsupported", f"{t} cannot be passed", "")


def callback_id(f):
    i = next_number()
    callbacks[i] = f
    return i


def dec(b, at):
    tag = b[at]
    at += 1
    if tag == 0:
        return None, at
    if tag == 1:
        return True, at
    if tag == 2:
        return False, at
    if tag == 3:
        return struct.unpack_from("<q", b, at)[0], at + 8
    if tag == 4:
        return struct.unpack_from("<Q", b, at)[0], at + 8
    if tag == 5:
        return struct.unpack_from("<d", b, at)[0], at + 8
    if tag == 6:
        return complex(*struct.unpack_from("<dd", b, at)), at + 16
    if tag in (7, 15):
        n = struct.unpack_from("<i", b, at)[0]
        raw = b[at + 4:at + 4 + n]
        return (raw.decode() if tag == 7 else bytes(raw)), at + 4 + n
    if tag in (9, 10):
        n = struct.unpack_from("<i", b, at)[0]
        at += 4
        items = []
        for _ in range(n):
            v, at = dec(b, at)
            items.append(v)
        return (items if tag == 9 else tuple(items)), at
    if tag == 11:
        n = struct.unpack_from("<i", b, at)[0]
        at += 4
        items = {}
        for _ in range(n):
            k, at = dec(b, at)
            items[k], at = dec(b, at)
        return items, at
    if tag == 12:
        return DTYPES[b[at]], at + 1
    if tag == 17:
        return CATEGORIES[b[at]], at + 1
    if tag == 18:
        kind, index = struct.unpack_from("<Bi", b, at)
        return Device(GPU if kind else CPU, index), at + 5
    if tag == 19:
        h, dt, nd = struct.unpack_from("<iBB", b, at)
        at += 6
        shape = struct.unpack_from(f"<{nd}i", b, at)
        return array_class._wrap(h, DTYPES[dt], shape), at + 4 * nd
    if tag == 20:
        h, n = struct.unpack_from("<ii", b, at)
        name = b[at + 8:at + 8 + n].decode()
        return wrap_object(h, name), at + 8 + n
    raise RuntimeError(f"tag {tag}")
