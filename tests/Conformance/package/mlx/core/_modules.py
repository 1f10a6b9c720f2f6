"""The modules inside mlx.core: random, linalg, fft, fast and those of the devices."""

import sys
import types

from .._host import request
from .._values import Obj
from .._wire import pascal
from ._functions import collect, function
from ._names import TABLE


class _Sub(types.ModuleType):
    def __init__(self, name, prefix, section):
        super().__init__(f"mlx.core.{name}")
        self.__dict__["_prefix"], self.__dict__["_sub"], self.__dict__["_table"] = prefix, name, TABLE[section]
        sys.modules[f"mlx.core.{name}"] = self

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        path = self._table.get(name) or (f"{self._prefix}.{pascal(name)}" if not self._table else None)
        if path is None:
            raise AttributeError(name)
        f = function(f"{self._sub}.{name}", path)
        self.__dict__[name] = f
        return f


random = _Sub("random", "Mx.Random", "mlx.core.random")
linalg = _Sub("linalg", "Mx.Linalg", "mlx.core.linalg")
fft = _Sub("fft", "Mx.Fft", "mlx.core.fft")
fast = _Sub("fast", "Mx.Fast", "mlx.core.fast")
metal = _Sub("metal", "Mx.Metal", "mlx.core.metal")
cuda = _Sub("cuda", "Mx.Cuda", "mlx.core.cuda")
distributed = _Sub("distributed", "Mx.Distributed", "mlx.core.distributed")


def _linalg_svd(a, compute_uv=True, stream=None):
    kw = {} if stream is None else {"stream": stream}
    if not compute_uv:
        return request("static", "Mx.Linalg.SVDVals", [a], kw)
    return request("static", "Mx.Linalg.SVD", [a], kw)


linalg.svd = _linalg_svd
distributed.Group = Obj


class _RandomState:
    """mx.random.state."""

    @property
    def _h(self):
        global _state_object
        if _state_object is None:
            _state_object = request("get static", "Mx.Random.State")
        return _state_object._h

    _is_state = True

    def _tree(self):
        return request("call", self, "CaptureState", [], {})

    def __getitem__(self, i):
        t = self._tree()
        return t[i] if isinstance(t, list) else list(t.values())[i] if isinstance(t, dict) else t

    def __setitem__(self, i, value):
        t = self._tree()
        if isinstance(t, list):
            t[i] = value
        else:
            t = value
        request("call", self, "RestoreState", [t], {})

    def _collect_arrays(self, out):
        collect(self._tree(), out)


_state_object = None
random.state = _RandomState()
