"""mlx.core.array: a C# MlxArray behind Python's operators and protocols."""

import functools
import sys

import numpy as np

from .. import _wire
from .._host import request
from .._values import DTYPES, Dtype
from .._wire import camels
from ._names import METHODS


def _plain(data):
    """(flat list of numbers, shape) of nested sequences."""
    if isinstance(data, (list, tuple)):
        if not data:
            return [], (0,)
        parts = [_plain(d) for d in data]
        shape = parts[0][1]
        if any(p[1] != shape for p in parts):
            raise ValueError("Initialization encountered non-uniform length.")
        return [x for p in parts for x in p[0]], (len(parts),) + tuple(shape)
    return [data], ()


def _has_array(data):
    if isinstance(data, (list, tuple)):
        return any(_has_array(d) for d in data)
    return isinstance(data, (array, np.ndarray)) or hasattr(data, "__mlx_array__")


def _from_numpy(a, dtype):
    if a.dtype == np.float64 and dtype is None:
        a = a.astype(np.float32)
    elif a.dtype == np.complex128:
        a = a.astype(np.complex64)
    name = a.dtype.name
    for d in DTYPES:
        if d.np == name:
            break
    else:
        raise ValueError(f"numpy's {name}")
    made = request("array", d, list(a.shape), np.ascontiguousarray(a).tobytes())
    return made.astype(dtype) if dtype is not None and dtype != d else made


def _make(data, dtype):
    if isinstance(data, array):
        made = request("call", data, "Share", [], {})
        return made if dtype is None or dtype == made.dtype else made.astype(dtype)
    if hasattr(data, "__mlx_array__"):
        made = data.__mlx_array__()
        return made if dtype is None else made.astype(dtype)
    if isinstance(data, np.generic):
        data = np.asarray(data)
    if isinstance(data, np.ndarray):
        return _from_numpy(data, dtype)
    if isinstance(data, (list, tuple)) and _has_array(data):
        parts = [_make(d, None) for d in data]
        if any(p.shape != parts[0].shape for p in parts):
            raise ValueError("Initialization encountered non-uniform length.")
        made = request("static", "Mx.Stack", [parts], {})
        return made if dtype is None else made.astype(dtype)
    if hasattr(data, "__array__") and not isinstance(data, (int, float, complex)):
        return _from_numpy(np.asarray(data), dtype)
    if not isinstance(data, (list, tuple, int, float, complex)):
        try:
            m = memoryview(data)
        except TypeError:
            if hasattr(data, "__iter__"):
                return _make(list(data), dtype)
            raise
        return _from_numpy(np.asarray(m), dtype)
    flat, shape = _plain(data)
    if len(flat) == 0 and dtype is None:
        dtype = DTYPES[10]
    for x in flat:
        if not isinstance(x, (int, float, complex, np.generic)):
            raise ValueError(f"Invalid type {type(x)} received in array initialization.")
    if dtype is None:
        kinds = [isinstance(x, (bool, np.bool_)) for x in flat]
        if not flat:
            dtype = DTYPES[10]
        elif all(kinds):
            dtype = DTYPES[0]
        elif any(isinstance(x, (complex, np.complexfloating)) for x in flat):
            dtype = DTYPES[13]
        elif any(isinstance(x, (float, np.floating)) for x in flat):
            dtype = DTYPES[10]
        else:
            dtype = DTYPES[8] if any(not -(1 << 31) <= x < (1 << 31) for x in flat) else DTYPES[7]
    if len(shape) == 0 and isinstance(flat[0], (bool, int, float, complex)):
        return request("static", "MlxArray.Scalar", [flat[0], dtype], {})
    if dtype.np is None:
        return request("array", DTYPES[10], list(shape), np.array(flat, "float32").tobytes()).astype(dtype)
    with np.errstate(all="ignore"):
        if dtype.np.startswith(("int", "uint")):
            if any(isinstance(x, (float, np.floating)) for x in flat):
                raw = np.array(flat, "float64").astype(dtype.np)
            else:
                raw = np.array([int(x) & 0xFFFFFFFFFFFFFFFF for x in flat], "uint64").astype(dtype.np)
        else:
            raw = np.array(flat, dtype=dtype.np)
    return request("array", dtype, list(shape), raw.tobytes())


def _index(i):
    """The entries of an index."""
    entries = list(i) if isinstance(i, tuple) else [i]
    out = []
    for x in entries:
        if isinstance(x, np.generic):
            x = x.item()
        if isinstance(x, np.ndarray):
            x = array(x)
        if isinstance(x, list):
            x = array(x)
        if isinstance(x, slice):
            x = slice(*(v.item() if isinstance(v, (array, np.generic)) else v for v in (x.start, x.stop, x.step)))
        if not (x is None or x is Ellipsis or isinstance(x, (bool, int, slice, array))):
            raise ValueError("Cannot index mlx array using the given type.")
        out.append(x)
    return out


class array:
    __slots__ = ("_h", "_shape", "_dtype", "__weakref__")
    __hash__ = object.__hash__

    def __new__(cls, val=None, dtype=None):
        if isinstance(dtype, Dtype) or dtype is None:
            return _make(val, dtype)
        raise TypeError("dtype")

    def __init__(self, *args, **kwargs):
        pass

    @classmethod
    def _wrap(cls, handle, dtype, shape):
        self = object.__new__(cls)
        self._h, self._dtype, self._shape = handle, dtype, shape
        return self

    def __del__(self):
        _wire.freed.append(self._h)

    def _become(self, other):
        self._h, other._h = other._h, self._h
        self._dtype, self._shape = other._dtype, other._shape
        return self

    # properties
    shape = property(lambda self: tuple(self._shape))
    dtype = property(lambda self: self._dtype)
    ndim = property(lambda self: len(self._shape))
    size = property(lambda self: request("get", self, "Size"))
    nbytes = property(lambda self: request("get", self, "NBytes"))
    itemsize = property(lambda self: request("get", self, "ItemSize"))
    T = property(lambda self: request("get", self, "T"))
    real = property(lambda self: request("get", self, "Real"))
    imag = property(lambda self: request("get", self, "Imag"))
    at = property(lambda self: ArrayAt(self))

    def __array_namespace__(self, api_version=None):
        return sys.modules["mlx.core"]

    def item(self):
        return request("item", self)

    def tolist(self):
        if self.ndim == 0:
            return self.item()
        return _numpy(self, lossy=True).tolist()

    def __array__(self, dtype=None, copy=None):
        a = _numpy(self)
        return a if dtype is None else a.astype(dtype)

    def __dlpack_device__(self):
        return (1, 0)

    def __len__(self):
        if self.ndim == 0:
            raise TypeError("len() 0-dimensional array.")
        return self._shape[0]

    def __iter__(self):
        if self.ndim == 0:
            raise TypeError("iteration over 0-d array")
        return iter(request("rows", self))

    def __getitem__(self, i):
        return request("index", self, _index(i))

    def __setitem__(self, i, value):
        if isinstance(value, (list, tuple)):
            value = array(value)
        changed = request("set index", self, _index(i), value)
        self._dtype, self._shape = changed._dtype, changed._shape

    def __bool__(self):
        return request("bool", self)

    def __int__(self):
        return request("int", self)

    def __float__(self):
        return request("float", self)

    def __complex__(self):
        if self.size != 1:
            raise ValueError("only arrays of one element")
        return complex(self.item())

    def __index__(self):
        if self._dtype.np and not self._dtype.np.startswith(("int", "uint")):
            raise TypeError("only integer arrays")
        return request("int", self)

    def __repr__(self):
        return request("call", self, "ToString", [], {})

    __str__ = __repr__

    def __format__(self, spec):
        if self.ndim == 0:
            return format(self.item(), spec)
        if spec:
            raise TypeError("unsupported format string")
        return str(self)

    def __copy__(self):
        return request("call", self, "Share", [], {})

    def __deepcopy__(self, memo):
        return request("call", self, "Share", [], {})

    def __getattr__(self, name):
        if name.startswith("_") or name not in METHODS and not hasattr(sys.modules["mlx.core"], name):
            raise AttributeError(name)
        return functools.partial(_method, self, name)


def _numpy(a, lossy=False):
    if a.dtype.np is None:
        if not lossy:
            raise RuntimeError("numpy has no bfloat16")
        return np.frombuffer(request("bytes", a.astype(DTYPES[10])), "float32").reshape(a.shape)
    return np.frombuffer(request("bytes", a), a.dtype.np).reshape(a.shape).copy()


def _method(self, name, *args, **kwargs):
    args = list(args)
    if name in ("astype",):
        return request("call", self, "AsType", args, camels(kwargs))
    if name in ("split",):
        return list(request("call", self, "Split", args, camels(kwargs)))
    target = METHODS.get(name)
    if target:
        return request("call", self, target.split(".")[1], args, camels(kwargs))
    return getattr(sys.modules["mlx.core"], name)(self, *args, **kwargs)


def _operand(x):
    return isinstance(x, (array, int, float, complex, np.generic, np.ndarray)) or hasattr(x, "__mlx_array__")


def _operators():
    def check(symbol, x):
        if not _operand(x):
            raise ValueError(f"Cannot perform {symbol} on an mlx.core.array and {type(x)}")
        return array(x) if isinstance(x, np.ndarray) else x

    def binary(symbol):
        def forward(self, other):
            return request("operator", symbol, self, check(symbol, other))

        def reverse(self, other):
            return request("operator", symbol, check(symbol, other), self)

        def inplace(self, other):
            if symbol == "/" and self._dtype.np and self._dtype.np.startswith(("int", "uint", "bool")):
                raise ValueError("In place division cannot be performed on integer types")
            return self._become(request("operator", symbol, self, check(symbol, other)))

        return forward, reverse, inplace

    for name, symbol in dict(add="+", sub="-", mul="*", truediv="/", floordiv="//", mod="%", pow="**", matmul="@", lshift="<<", rshift=">>",
                             **{"and": "&", "or": "|", "xor": "^"}).items():
        f, r, i = binary(symbol)
        setattr(array, f"__{name}__", f)
        setattr(array, f"__r{name}__", r)
        setattr(array, f"__i{name}__", i)
    for name, symbol in dict(lt="<", le="<=", gt=">", ge=">=").items():
        setattr(array, f"__{name}__", binary(symbol)[0])

    def eq(self, other):
        return request("operator", "==", self, other) if _operand(other) else False

    def ne(self, other):
        return request("operator", "!=", self, other) if _operand(other) else True

    array.__eq__, array.__ne__ = eq, ne
    array.__neg__ = lambda self: request("operator", "neg", self)
    array.__invert__ = lambda self: request("operator", "~", self)
    array.__abs__ = lambda self: request("call", self, "Abs", [], {})


_operators()
array.__hash__ = object.__hash__
_wire.array_class = array


class ArrayAt:
    def __init__(self, a, index=None):
        self._a, self._i = a, index

    def __getitem__(self, i):
        return ArrayAt(self._a, _index(i))

    def __getattr__(self, name):
        if name not in ("add", "subtract", "multiply", "divide", "maximum", "minimum"):
            raise AttributeError(name)

        def run(value):
            if isinstance(value, (list, tuple)):
                value = array(value)
            return request("at", self._a, self._i, name, value)

        return run
