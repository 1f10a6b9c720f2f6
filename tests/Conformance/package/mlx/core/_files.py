"""Loading and saving."""

import os
import tempfile

from .._host import request


def load(file, format=None, return_metadata=False, stream=None):
    source = file
    if hasattr(file, "read"):
        name = getattr(file, "name", None)
        source = file.read()
        if format is None:
            format = name.rsplit(".", 1)[-1] if isinstance(name, str) and "." in os.path.basename(name) else "npy"
    elif not isinstance(file, (str, os.PathLike)):
        raise RuntimeError("load")
    else:
        source = os.fspath(file)
        if format is None:
            format = source.rsplit(".", 1)[-1] if "." in os.path.basename(source) else None
        if format == "gguf":
            f = request("static", "Mx.LoadGguf", [source], {})
            return _named(f, return_metadata)
        if format == "safetensors":
            f = request("static", "Mx.LoadSafetensors", [source], {})
            return _named(f, return_metadata)
    if isinstance(source, bytes):
        f = request("static", {"safetensors": "Mx.LoadSafetensors", "gguf": "Mx.LoadGguf"}.get(format, "Mx.Load"), [source], {})
    else:
        f = request("static", "Mx.Load", [source], {})
    if format == "npy":
        return request("get", f, "Array")
    return _named(f, return_metadata)


def _named(f, return_metadata):
    arrays = request("get", f, "Arrays")
    return (arrays, request("get", f, "Metadata")) if return_metadata else arrays


def _save_to(file, ending, run):
    if hasattr(file, "write"):
        with tempfile.TemporaryDirectory() as d:
            p = os.path.join(d, "x" + ending)
            run(p)
            with open(p, "rb") as f:
                file.write(f.read())
        return
    if not isinstance(file, (str, os.PathLike)):
        raise ValueError("file")
    run(os.fspath(file))


def save(file, arr):
    _save_to(file, ".npy", lambda p: request("static", "Mx.Save", [p, arr], {}))


def _savez(path):
    def run(file, *args, **kwargs):
        arrays = {f"arr_{i}": a for i, a in enumerate(args)}
        arrays.update(kwargs)
        _save_to(file, ".npz", lambda p: request("static", path, [p, arrays], {}))
    return run


savez, savez_compressed = _savez("Mx.Savez"), _savez("Mx.SavezCompressed")


def save_safetensors(file, arrays, metadata=None):
    if not isinstance(arrays, dict):
        raise ValueError("arrays")
    _save_to(file, ".safetensors", lambda p: request("static", "Mx.SaveSafetensors", [p, arrays] + ([metadata] if metadata else []), {}))


def save_gguf(file, arrays, metadata=None):
    request("static", "Mx.SaveGguf", [os.fspath(file), arrays] + ([metadata] if metadata else []), {})
