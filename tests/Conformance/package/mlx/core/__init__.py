"""mlx.core, answered by DotMlx. What is not here by name is in the table of docs/coverage.md."""

from .._host import request
from .._values import CATEGORIES, CPU, DTYPES, GPU, Device, DeviceType, Dtype, DtypeCategory, Obj
from .._wire import pascal
from ._array import ArrayAt, array
from ._compile import compile
from ._export import export_function, export_to_dot, exporter, import_function
from ._files import load, save, save_gguf, save_safetensors, savez, savez_compressed
from ._functions import function
from ._modules import cuda, distributed, fast, fft, linalg, metal, random
from ._names import FUNCTIONS
from ._scopes import StreamContext, default_device, printoptions, stream
from ._transforms import checkpoint, custom_function, grad, jvp, value_and_grad, vjp, vmap

globals().update({t.name: t for t in DTYPES if t.name != "bool"}, **{c.name: c for c in CATEGORIES})
bool_ = DTYPES[0]
cpu, gpu = CPU, GPU
Stream = Obj
newaxis = None
pi, e, euler_gamma, inf, nan = (request("get static", f"Mx.{n}") for n in ("Pi", "E", "EulerGamma", "Inf", "NaN"))

_made = {}      # Not among the globals: many functions are named as Python's own.


def __getattr__(name):
    if name == "__version__":
        return request("get static", "MlxLibrary.MlxVersion")
    path = FUNCTIONS.get(name)
    if path is None or not path.startswith("Mx."):
        raise AttributeError(f"module 'mlx.core' has no attribute '{name}'")
    if name not in _made:
        _made[name] = function(name, path)
    return _made[name]


class _Info:
    """The limits of a dtype."""

    def __init__(self, path, dtype):
        self._info = request("static", path, [dtype], {})
        self.min, self.max, self.dtype = (request("get", self._info, n) for n in ("Min", "Max", "DType"))

    def __getattr__(self, name):
        return request("get", self._info, pascal(name))


def finfo(dtype):
    return _Info("Mx.FInfo", dtype)


def iinfo(dtype):
    return _Info("Mx.IInfo", dtype)
