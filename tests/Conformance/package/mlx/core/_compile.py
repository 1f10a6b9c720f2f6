"""mx.compile: the key of a compiled graph and the state it watches."""

import functools

from .._host import request
from ._array import array
from ._structure import flat, unflat


class _Key:
    """A structure with its constants, as the text that C# compares."""

    table, back = {}, {}

    @classmethod
    def of(cls, skeleton):
        try:
            known = cls.table.get(skeleton)
        except TypeError:
            text = repr(skeleton)
            known = cls.table.get(text)
            skeleton_key = text
        else:
            skeleton_key = skeleton
        if known is None:
            known = f"k{len(cls.table)}"
            cls.table[skeleton_key] = known
            cls.back[known] = skeleton
        return known


def _states(tree):
    """C# states for what mx.compile is told to watch."""
    found, plain = [], []

    def walk(t):
        if hasattr(t, "_state_handle"):
            found.append(t._state_handle())
        elif getattr(t, "_is_state", False):
            found.append(t)
        elif isinstance(t, array):
            raise ValueError("an array cannot be captured state")
        elif isinstance(t, (list, tuple)):
            if any(isinstance(x, array) for x in t):
                plain.append(t)
            for x in t:
                if not isinstance(x, array):
                    walk(x)
        elif isinstance(t, dict):
            if any(isinstance(x, array) for x in t.values()) or not t:
                plain.append(t)
            for x in t.values():
                if not isinstance(x, array):
                    walk(x)

    walk(tree)

    def state_of(container):
        def capture():
            if isinstance(container, dict):
                return {str(k): v for k, v in container.items() if isinstance(v, array)}
            return [v for v in container if isinstance(v, array)]

        def restore(tree):
            if isinstance(container, dict):
                keys = {str(k): k for k in container}
                for k, v in tree.items():
                    container[keys.get(k, k)] = v
                for k in [k for k, v in container.items() if isinstance(v, array) and str(k) not in tree]:
                    del container[k]
                return
            it = iter(tree)
            for k in range(len(container)):
                if isinstance(container[k], array):
                    container[k] = next(it)

        return request("state", capture, restore)

    return found + [state_of(p) for p in plain]


def compile(fun, inputs=None, outputs=None, shapeless=False):
    cell = {}

    def body(key, *arrays):
        a, k = unflat(_Key.back[key], iter(arrays))
        out = []
        skeleton = flat(fun(*a, **k), out)
        return [_Key.of(skeleton), *out]

    def run(*args, **kwargs):
        if "f" not in cell:
            watched = [None if state is None else _states(state) for state in (inputs, outputs)]
            cell["f"] = request("compile", body, *watched, shapeless)
        leaves = []
        kwargs = {k: kwargs[k] for k in sorted(kwargs)}
        skeleton = flat((args, kwargs), leaves)
        key, *got = request("call", cell["f"], "Invoke", [[_Key.of(skeleton), *leaves]], {})
        return unflat(_Key.back[key], iter(got))

    functools.update_wrapper(run, fun) if hasattr(fun, "__name__") else None
    return run
