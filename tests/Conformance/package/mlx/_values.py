"""The other members of Python's mlx: dtypes, devices, C# objects, errors."""

from . import _host, _wire


class MlxError(ValueError, TypeError, IndexError, KeyError, NotImplementedError, OverflowError):
    """Whatever DotMlx throws. Upstream's tests ask for kinds of Python errors; C# has kinds of its own."""

    def __init__(self, kind, message, trace):
        Exception.__init__(self, f"{kind}: {message}")
        self.kind, self.text, self.trace = kind, message, trace

    def __str__(self):
        return f"{self.kind}: {self.text}"


class BindError(MlxError):
    """In C# the call would not compile."""


class Obj:
    """Something of C# that is no array."""

    __slots__ = ("_h", "_type", "__weakref__")

    def __init__(self, handle, type_name):
        self._h, self._type = handle, type_name

    def __del__(self):
        _wire.freed.append(self._h)

    def __call__(self, *args, **kwargs):
        return _host.request("call", self, "Invoke", list(args), _wire.camels(kwargs))

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return _host.request("get", self, _wire.pascal(name))


class Dtype:
    def __init__(self, number, name, size, numpy_name):
        self._n, self.name, self.size, self.np = number, name, size, numpy_name

    def __repr__(self):
        return f"mlx.core.{self.name}"

    def __eq__(self, other):
        return isinstance(other, Dtype) and other._n == self._n

    def __hash__(self):
        return hash(("dtype", self._n))

    def __reduce__(self):
        return (_dtype_of, (self._n,))


def _dtype_of(n):
    return DTYPES[n]


DTYPES = [
    Dtype(0, "bool", 1, "bool"), Dtype(1, "uint8", 1, "uint8"), Dtype(2, "uint16", 2, "uint16"), Dtype(3, "uint32", 4, "uint32"),
    Dtype(4, "uint64", 8, "uint64"), Dtype(5, "int8", 1, "int8"), Dtype(6, "int16", 2, "int16"), Dtype(7, "int32", 4, "int32"),
    Dtype(8, "int64", 8, "int64"), Dtype(9, "float16", 2, "float16"), Dtype(10, "float32", 4, "float32"),
    Dtype(11, "float64", 8, "float64"), Dtype(12, "bfloat16", 2, None), Dtype(13, "complex64", 8, "complex64"),
]


class DtypeCategory:
    def __init__(self, number, name):
        self._n, self.name = number, name

    def __repr__(self):
        return f"mlx.core.{self.name}"


CATEGORIES = [DtypeCategory(i, n) for i, n in enumerate(
    ["complexfloating", "floating", "inexact", "signedinteger", "unsignedinteger", "integer", "number", "generic"])]


class DeviceType:
    def __init__(self, number, name):
        self._n, self.name = number, name

    def __repr__(self):
        return f"DeviceType.{self.name}"

    def __eq__(self, other):
        if isinstance(other, Device):
            return other.type._n == self._n and other.index == 0
        return isinstance(other, DeviceType) and other._n == self._n

    def __hash__(self):
        return hash(("device", self._n))


CPU, GPU = DeviceType(0, "cpu"), DeviceType(1, "gpu")


class Device:
    def __init__(self, type, index=0):
        self.type, self.index = type, index

    def __eq__(self, other):
        if isinstance(other, DeviceType):
            other = Device(other)
        return isinstance(other, Device) and (other.type._n, other.index) == (self.type._n, self.index)

    def __hash__(self):
        return hash((self.type, self.index))

    def __repr__(self):
        return f"Device({self.type.name}, {self.index})"
