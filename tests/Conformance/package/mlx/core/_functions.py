"""The functions of mlx.core: by name from the table, some with arguments that Python folds differently."""

import math

import numpy as np

from .._host import request
from .._values import DTYPES, Dtype, MlxError
from .._wire import camels
from ._array import array


def _shape(args, at=0):
    args = list(args)
    if len(args) > at and isinstance(args[at], (int, np.integer)) and not isinstance(args[at], bool):
        args[at] = [int(args[at])]
    return args


def static(path, args, kwargs):
    return request("static", path, list(args), camels(kwargs))


def _tensordot(path, args, kwargs):
    args = list(args)
    axes = args.pop(2) if len(args) > 2 else kwargs.pop("axes", 2)
    if isinstance(axes, int):
        return static(path, [*args, axes], kwargs)
    return static(path, [*args, *([a] if isinstance(a, int) else list(a) for a in axes)], kwargs)


def _shape_first(path, args, kwargs):
    if "shape" in kwargs and isinstance(kwargs["shape"], int):
        kwargs["shape"] = [kwargs["shape"]]
    if path in ("Mx.Zeros", "Mx.Ones"):
        args = list(args)
        shape = args[0] if args else kwargs.pop("shape")
        shape = [shape] if isinstance(shape, int) else list(shape)
        dtype = args[1] if len(args) > 1 else kwargs.pop("dtype", None)
        if dtype is None and not kwargs:
            return request("static", path, shape, {})
        return static(path, [shape, dtype or DTYPES[10]], kwargs)
    return static(path, _shape(args), kwargs)


def _conv_general(path, args, kwargs):
    args = list(args)
    order = ["input", "weight", "stride", "padding", "kernel_dilation", "input_dilation", "groups", "flip"]
    given = dict(zip(order, args), **kwargs)
    a, w = given.pop("input"), given.pop("weight")
    n = a.ndim - 2
    simple = all(isinstance(given.get(k, 1), int) for k in order[2:6])
    if simple:
        return static(path, [a, w], given)

    def many(v):
        v = [v] if isinstance(v, int) else list(v)
        return v * n if len(v) == 1 else v

    padding = given.pop("padding", 0)
    if isinstance(padding, tuple) and len(padding) == 2 and isinstance(padding[0], (list, tuple)):
        low, high = many(padding[0]), many(padding[1])
    else:
        low = high = many(padding)
    given["padding_low"], given["padding_high"] = low, high
    given["stride"] = many(given.get("stride", 1))
    for k in ("kernel_dilation", "input_dilation"):
        if k in given:
            given[k] = many(given[k])
    return static(path, [a, w], given)


def _reps(path, args, kwargs):
    args = list(args)
    if len(args) > 1 and isinstance(args[1], int):
        args[1] = [args[1]]
    if isinstance(kwargs.get("reps"), int):
        kwargs["reps"] = [kwargs["reps"]]
    return static(path, args, kwargs)


def _norm(path, args, kwargs):
    given = dict(zip(["a", "ord", "axis", "keepdims"], args), **kwargs)
    a, ord_, axis = given.pop("a"), given.pop("ord", None), given.pop("axis", None)
    if isinstance(ord_, str):
        if axis is not None:
            given["axes"] = [axis] if isinstance(axis, int) else list(axis)
        return static(path, [a, ord_], given)
    if isinstance(axis, (list, tuple)):
        return static(path, [a, list(axis), ord_], given)
    return static(path, [a, ord_, axis], given)


def _listed(path, args, kwargs):
    return list(static(path, args, kwargs))


def _arange(path, args, kwargs):
    given = dict(kwargs)
    args = list(args)
    for i, a in enumerate(args):
        if isinstance(a, array):
            args[i] = a.item()
    if len(args) > 1 and args[1] is None:       # arange(stop, None, step)
        args = [0, args[0], *args[2:]]
    if "stop" in given or "start" in given:
        start = given.pop("start", args.pop(0) if args and "stop" in given else 0)
        stop = given.pop("stop", None)
        if stop is None:
            if not args:
                raise MlxError("TypeError", "arange needs a stop", "")
            stop = args.pop(0)
        args = [start, stop, *args]
    if len(args) == 1 and "step" in given:
        args = [0, args[0]]
    if len(args) > 3 and args[3] is not None:
        given["dtype"] = args.pop(3)
    if any(isinstance(x, (float, np.floating)) for x in args):
        args = [float(x) for x in args]
        if "step" in given:
            given["step"] = float(given["step"])
    elif isinstance(given.get("step"), float):
        args = [float(x) for x in args]
    for x in args[:2]:
        if isinstance(x, float) and (math.isnan(x)):
            raise ValueError("nan")
    return static(path, args, given)


def _asarray(path, args, kwargs):
    return static(path, [array(args[0]) if not isinstance(args[0], array) else args[0], *args[1:]], kwargs)


def _linspace(path, args, kwargs):
    args = list(args)
    if len(args) > 3 and not isinstance(args[3], bool):     # Before 0.32 the dtype came here.
        kwargs["dtype"] = args.pop(3)
    return static(path, args, kwargs)


def _result_type(path, args, kwargs):
    if any(isinstance(a, array) for a in args) and any(isinstance(a, Dtype) for a in args):
        args = [a.dtype if isinstance(a, array) else a for a in args]
    return static(path, args, kwargs)


def _meshgrid(path, args, kwargs):
    if kwargs:
        return list(static(path, [list(args)], {"sparse": False, **kwargs}))
    return list(static(path, args, kwargs))


def _broadcast_shapes(path, args, kwargs):
    return tuple(static(path, [list(a) for a in args], kwargs))


def _einsum_path(path, args, kwargs):
    found, report = static(path, args, kwargs)
    return [tuple(p) for p in found], report


def _quantize(path, args, kwargs):
    r = static(path, args, kwargs)
    return tuple(x for x in r if x is not None)


def _random_shape(path, args, kwargs):
    if isinstance(kwargs.get("shape"), int):
        kwargs["shape"] = [kwargs["shape"]]
    if path in ("Mx.Random.Normal", "Mx.Random.Bits", "Mx.Random.Gumbel", "Mx.Random.Laplace"):
        args = _shape(args)
    return static(path, args, kwargs)


def _eval(path, args, kwargs):
    leaves = []
    for a in args:
        collect(a, leaves)
    if all(isinstance(a, array) for a in args):
        return request("static", path, leaves, {})
    return request("static", path, [leaves], {})


def collect(tree, out):
    if isinstance(tree, array):
        out.append(tree)
    elif hasattr(tree, "_collect_arrays"):
        tree._collect_arrays(out)
    elif isinstance(tree, (list, tuple)):
        for t in tree:
            collect(t, out)
    elif isinstance(tree, dict):
        for t in tree.values():
            collect(t, out)


_SPECIAL = {
    "tensordot": _tensordot, "asarray": _asarray, "linspace": _linspace, "result_type": _result_type, "zeros": _shape_first, "ones": _shape_first, "full": _shape_first,
    "conv_general": _conv_general, "tile": _reps,
    "split": _listed, "arange": _arange, "meshgrid": _meshgrid, "broadcast_arrays": _listed, "broadcast_shapes": _broadcast_shapes,
    "einsum_path": _einsum_path, "quantize": _quantize, "eval": _eval, "async_eval": _eval, "linalg.norm": _norm,
    **{"random." + name: _random_shape for name in (
        "uniform", "normal", "randint", "bernoulli", "truncated_normal", "gumbel", "laplace", "multivariate_normal", "bits",
        "categorical")},
}


def function(name, path):
    special = _SPECIAL.get(name)

    def call(*args, **kwargs):
        if special:
            return special(path, args, kwargs)
        return static(path, args, kwargs)

    call.__name__ = call.__qualname__ = name.split(".")[-1]
    return call
