"""Python's nested arguments as lists of arrays, and back."""

from ._array import array


def flat(tree, leaves):
    """The structure of a tree; its arrays go to leaves."""
    if isinstance(tree, array):
        leaves.append(tree)
        return ("a",)
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return ("n", type(tree), tuple(flat(t, leaves) for t in tree))
    if isinstance(tree, tuple):
        return ("t", type(tree), tuple(flat(t, leaves) for t in tree))
    if isinstance(tree, list):
        return ("l", tuple(flat(t, leaves) for t in tree))
    if isinstance(tree, dict) and not hasattr(tree, "_module_object"):
        return ("d", tuple((k, flat(tree[k], leaves)) for k in tree))
    return ("c", tree)


def unflat(skeleton, leaves):
    kind = skeleton[0]
    if kind == "a":
        return next(leaves)
    if kind == "n":
        return skeleton[1](*[unflat(s, leaves) for s in skeleton[2]])
    if kind == "t":
        return skeleton[1](unflat(s, leaves) for s in skeleton[2])
    if kind == "l":
        return [unflat(s, leaves) for s in skeleton[1]]
    if kind == "d":
        return {k: unflat(s, leaves) for k, s in skeleton[1]}
    return skeleton[1]


def is_tree(value):
    """Whether it is a tree of C#: lists and dictionaries by text, with arrays as leaves."""
    if isinstance(value, dict):
        return all(isinstance(k, str) and is_tree(v) for k, v in value.items())
    if isinstance(value, list):
        return all(is_tree(v) for v in value)
    return isinstance(value, array)


def leaves_like(tree, like):
    out = []
    if isinstance(like, array):
        return [tree]
    if isinstance(like, dict):
        for k, v in like.items():
            out += leaves_like(tree[k], v)
    elif isinstance(like, list):
        for a, b in zip(tree, like):
            out += leaves_like(a, b)
    return out


def axes_of(axes, tree, out):
    if isinstance(tree, array):
        if not (axes is None or isinstance(axes, int)):
            raise ValueError("[vmap] axes do not match the argument")
        out.append(axes)
    elif isinstance(tree, (list, tuple)):
        if isinstance(axes, (list, tuple)):
            if len(axes) != len(tree):
                raise ValueError("[vmap] axes do not match the argument")
            for a, t in zip(axes, tree):
                axes_of(a, t, out)
        else:
            for t in tree:
                axes_of(axes, t, out)
    elif isinstance(tree, dict):
        for k, t in tree.items():
            if isinstance(axes, dict) and k not in axes:
                raise ValueError("[vmap] axes do not match")
            axes_of(axes[k] if isinstance(axes, dict) else axes, t, out)
