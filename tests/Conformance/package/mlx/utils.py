"""mlx.utils on DotMlx's Tree."""

from collections import defaultdict

from ._host import request
from ._values import MlxError
from .core._array import array
from .core._structure import is_tree


# Trees in C# have arrays as leaves, and are lists and dictionaries: only those are DotMlx's to map. What the tests do with trees of
# other things (numbers, booleans, tuples) is their own bookkeeping, done here in Python.


class _NotArray(Exception):
    """The function gave something that is no leaf in C#."""


def _of_arrays(fn):
    def call(*leaves):
        result = fn(*leaves)
        if not isinstance(result, array):
            raise _NotArray()
        return result

    return call


def tree_map(fn, tree, *rest, is_leaf=None):
    if is_leaf is None and len(rest) < 2 and not isinstance(tree, array) and all(is_tree(t) for t in (tree, *rest)):
        try:
            return request("static", "Tree.Map", [_of_arrays(fn), tree, *rest], {})
        except (_NotArray, MlxError):
            pass
    return tree_map_with_path(lambda _, *leaves: fn(*leaves), tree, *rest, is_leaf=is_leaf)


def tree_map_with_path(fn, tree, *rest, is_leaf=None, path=None):
    if is_leaf is not None and is_leaf(tree):
        return fn(path, tree, *rest)

    def child(key, value):
        below = f"{path}.{key}" if path else str(key)
        return tree_map_with_path(fn, value, *(r[key] for r in rest), is_leaf=is_leaf, path=below)

    if isinstance(tree, (list, tuple)):
        children = [child(i, t) for i, t in enumerate(tree)]
        return type(tree)(*children) if hasattr(tree, "_fields") else type(tree)(children)
    if isinstance(tree, dict):
        return {k: child(k, t) for k, t in tree.items()}
    return fn(path, tree, *rest)


def tree_flatten(tree, prefix="", is_leaf=None, destination=None):
    if is_leaf is None and not prefix and destination is None and is_tree(tree) and not isinstance(tree, array):
        return [tuple(p) for p in request("flatten", tree)]
    found = destination if destination is not None else []

    def add(k, v):
        if isinstance(found, dict):
            found[k] = v
        else:
            found.append((k, v))

    def walk(t, p):
        if is_leaf is not None and is_leaf(t):
            add(p[1:], t)
        elif isinstance(t, (list, tuple)):
            for i, x in enumerate(t):
                walk(x, f"{p}.{i}")
        elif isinstance(t, dict):
            for k, x in t.items():
                walk(x, f"{p}.{k}")
        else:
            add(p[1:], t)

    walk(tree, prefix)
    return found


def tree_unflatten(items):
    items = list(items.items()) if isinstance(items, dict) else list(items)
    if items and all(isinstance(v, array) for _, v in items) and all(k for k, _ in items):
        return request("static", "Tree.Unflatten", [items], {})
    if len(items) == 1 and items[0][0] == "":
        return items[0][1]
    children = defaultdict(list)
    for k, v in items:
        head, _, rest = k.partition(".")
        children[head].append((rest, v))
    try:
        if any(str(int(k)) != k for k in children):
            raise ValueError
        keys = sorted((int(k), k) for k in children)
        out = []
        for i, k in keys:
            out.extend([{} for _ in range(i - len(out))])
            out.append(tree_unflatten(children[k]))
        return out
    except ValueError:
        return {k: tree_unflatten(v) for k, v in children.items()}


def tree_reduce(fn, tree, initializer=None, is_leaf=None):
    accumulator = initializer
    for _, v in tree_flatten(tree, is_leaf=is_leaf):
        accumulator = v if accumulator is None else fn(accumulator, v)
    return accumulator


def tree_merge(a, b, merge_fn=None):
    if is_tree(a) and is_tree(b):
        return request("static", "Tree.Merge", [a, b, merge_fn], {})
    if isinstance(a, (dict, list)) and len(a) == 0:
        a = None
    if isinstance(b, (dict, list)) and len(b) == 0:
        b = None
    if a is None:
        return b
    if b is None:
        return a
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        n = max(len(a), len(b))
        return type(a)(tree_merge(a[i] if i < len(a) else None, b[i] if i < len(b) else None, merge_fn) for i in range(n))
    if isinstance(a, dict) and isinstance(b, dict):
        return {k: tree_merge(a.get(k), b.get(k), merge_fn) for k in list(a) + [k for k in b if k not in a]}
    if merge_fn is None:
        raise ValueError("two leaves in one place")
    return merge_fn(a, b)
