"""Gradients, vectorization, checkpoints and functions with rules of their own."""

import functools

from .._host import request
from ._array import array
from ._structure import axes_of, flat, is_tree, leaves_like, unflat


def value_and_grad(fun, argnums=None, argnames=None):
    argnames = [] if argnames is None else ([argnames] if isinstance(argnames, str) else list(argnames))
    single = isinstance(argnums, int) or (argnums is None and not argnames)
    if argnums is None:
        argnums = [] if argnames else [0]
    nums = [argnums] if isinstance(argnums, int) else list(argnums)
    if any(not isinstance(n, int) for n in nums):
        raise TypeError("argnums")
    if not nums and not argnames:
        raise ValueError("Gradients wrt no argument requested")
    if len(set(nums)) != len(nums) or any(n < 0 for n in nums):
        raise ValueError("argnums")

    def run(*args, **kwargs):
        if nums and max(nums) >= len(args):
            raise ValueError("Can't compute the gradient of argument index")
        for n in argnames:
            if n not in kwargs:
                raise ValueError(f"Can't compute the gradient of keyword argument '{n}'")
        picked = [args[n] for n in nums] + [kwargs[n] for n in argnames]
        leaves = []
        skeleton = [flat(p, leaves) for p in picked]

        def constants(s):
            if s[0] == "c":
                raise ValueError("[tree_flatten] The argument should contain only arrays")
            for x in (s[1] if s[0] in "l" else s[2] if s[0] in "tn" else [v for _, v in s[1]] if s[0] == "d" else []):
                constants(x)

        for s in skeleton:
            constants(s)
        seen = {}

        def body(arrays):
            it = iter(arrays)
            values = [unflat(s, it) for s in skeleton]
            new_args, new_kwargs = list(args), dict(kwargs)
            for n, v in zip(nums, values):
                new_args[n] = v
            for n, v in zip(argnames, values[len(nums):]):
                new_kwargs[n] = v
            result = fun(*new_args, **new_kwargs)
            aux = None
            if isinstance(result, array):
                loss = result
                seen["many"] = False
            elif isinstance(result, (tuple, list)) and len(result) > 0 and isinstance(result[0], array):
                loss, aux = result[0], list(result[1:])
                seen["many"] = True
            else:
                raise ValueError("[value_and_grad] the function should return a scalar array, or a tuple whose first element is one")
            out = []
            seen["aux"] = flat(aux, out)
            return [loss, *out]

        if single and len(picked) == 1 and leaves and not isinstance(picked[0], array) and is_tree(picked[0]):
            value, aux_arrays, gradient = request("value and grad of tree", lambda t: body(leaves_like(t, picked[0])), picked[0])
            grads = [gradient]
        else:
            value, aux_arrays, gradients = request("value and grad", body, leaves)
            it = iter(gradients)
            grads = [unflat(s, it) for s in skeleton]
        if seen["many"]:
            value = (value, *unflat(seen["aux"], iter(aux_arrays)))
        positional = tuple(grads[:len(nums)])
        g = positional[0] if len(nums) == 1 else positional if nums else None
        if argnames:
            g = (g, dict(zip(argnames, grads[len(nums):])))
        return value, g

    return run


def grad(fun, argnums=None, argnames=None):
    def only(*args, **kwargs):
        r = fun(*args, **kwargs)
        if not isinstance(r, array):
            raise ValueError("[grad] the function should return one array")     # in C# no overload takes such a function
        return r

    f = value_and_grad(only, argnums, argnames)
    return lambda *args, **kwargs: f(*args, **kwargs)[1]


def _many(fun):
    def body(arrays):
        r = fun(*arrays)
        return [r] if isinstance(r, array) else list(r)
    return body


def vjp(fun, primals, cotangents):
    o, v = request("static", "Mx.Vjp", [_many(fun), list(primals), list(cotangents)], {})
    return list(o), list(v)


def jvp(fun, primals, tangents):
    o, v = request("static", "Mx.Jvp", [_many(fun), list(primals), list(tangents)], {})
    return list(o), list(v)


def vmap(fun, in_axes=0, out_axes=0):
    def run(*args):
        leaves, axes = [], []
        skeleton = flat(args, leaves)
        ia = in_axes
        if isinstance(ia, list):
            ia = tuple(ia)
        axes_of(ia if isinstance(ia, tuple) else ia, args, axes)
        seen = {}

        def body(arrays):
            r = fun(*unflat(skeleton, iter(arrays)))
            out = []
            seen["out"] = flat(r, out)
            seen["axes"] = []
            alone = isinstance(r, array) and isinstance(out_axes, (tuple, list)) and len(out_axes) == 1
            axes_of(out_axes[0] if alone else out_axes, r, seen["axes"])
            return out

        if out_axes == 0:
            got = request("vmap", body, axes, None, leaves)
        else:
            got = request("vmap twice", body, axes, lambda: seen["axes"], leaves)
        return unflat(seen["out"], iter(got))

    return run


def checkpoint(fun):
    def run(*args, **kwargs):
        leaves, seen = [], {}
        skeleton = flat((args, kwargs), leaves)

        def body(arrays):
            a, k = unflat(skeleton, iter(arrays))
            out = []
            seen["out"] = flat(fun(*a, **k), out)
            return out

        got = request("checkpoint", body, leaves)
        return unflat(seen["out"], iter(got))

    return run


class custom_function:
    def __init__(self, fun):
        self._fun, self._rules = fun, {}
        functools.update_wrapper(self, fun)

    def vjp(self, f):
        self._rules["vjp"] = f
        return self

    def jvp(self, f):
        self._rules["jvp"] = f
        return self

    def vmap(self, f):
        self._rules["vmap"] = f
        return self

    def __call__(self, *args, **kwargs):
        leaves, seen = [], {}
        skeleton = flat((args, kwargs), leaves)

        def one(t):
            return t[0] if len(t) == 1 else t

        def body(arrays):
            a, k = unflat(skeleton, iter(arrays))
            out = []
            seen["out"] = flat(self._fun(*a, **k), out)
            return out

        custom = request("new", "CustomFunction", [body], {})

        def primals_of(arrays):
            a, k = unflat(skeleton, iter(arrays))
            return one(a), k

        def listed(r):
            out = []
            flat(r, out)
            return out

        if "vjp" in self._rules:
            def vjp_rule(primals, cotangents, outputs):
                p, k = primals_of(primals)
                r = self._rules["vjp"](p, unflat(seen["out"], iter(cotangents)), unflat(seen["out"], iter(outputs)), **k)
                return self._gradients(r, skeleton, primals)
            request("set", custom, "Vjp", vjp_rule)
        if "jvp" in self._rules:
            def jvp_rule(primals, tangents):
                p, k = primals_of(primals)
                t, _ = unflat(skeleton, iter(tangents))
                return listed(self._rules["jvp"](p, one(t), **k))
            request("set", custom, "Jvp", jvp_rule)
        if "vmap" in self._rules:
            def vmap_rule(inputs, axes):
                p, k = primals_of(inputs)
                ax, _ = unflat(skeleton, iter(axes))
                out, out_axes = self._rules["vmap"](p, one(ax), **k)
                flat_axes = []
                axes_of(out_axes, out, flat_axes)
                return (listed(out), flat_axes)
            request("set", custom, "Vmap", vmap_rule)
        got = request("call", custom, "Invoke", [leaves], {})
        return unflat(seen["out"], iter(got))

    def _gradients(self, r, skeleton, primals):
        out = []
        flat(r, out)
        while len(out) < len(primals):
            out.append(request("static", "Mx.ZerosLike", [primals[len(out)]], {}))
        return out
