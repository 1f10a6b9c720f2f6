"""mlx.nn on DotMlx.NN: layers are C# objects, a Python class of modules is a DynamicModule of the host."""

import sys
import types
import weakref

from .. import _wire
from .. import core as mx
from .._host import request
from ..core._functions import collect
from ..core._structure import flat, unflat
from .._values import BindError, MlxError, Obj
from .._wire import camels, pascal

_classes = {}
_known = weakref.WeakValueDictionary()      # C# identity -> Python object


def _wrap(handle, type_name):
    if not type_name.startswith("module:"):
        return Obj(handle, type_name)
    _, i, name = type_name.split(":", 2)
    known = _known.get(int(i))
    if known is not None:
        _wire.freed.append(handle)
        return known
    cls = _classes.get(name.split(".")[-1].lower(), _Layer)
    self = object.__new__(cls)
    d = self.__dict__
    d["_h_object"], d["_children_kept"] = Obj(handle, name), []
    _known[int(i)] = self
    return self


_wire.wrap_object = _wrap


def _holds(v):
    if isinstance(v, (mx.array, Module)):
        return True
    if isinstance(v, (list, tuple)):
        return any(_holds(x) for x in v)
    if isinstance(v, dict):
        return any(_holds(x) for x in v.values())
    return False


class Module:
    _module_object = True

    def __init__(self):
        ref = weakref.ref(self)
        d = self.__dict__
        o = request("module", lambda *x: ref()(*x))
        d["_h_object"], d["_keep"] = Obj(o._h, "dynamic") if isinstance(o, Obj) else o._h_object, {}
        _known[request("identity", self)] = self

    @property
    def _h(self):
        return self.__dict__["_h_object"]._h

    # attributes
    def __setattr__(self, name, value):
        dynamic = "_keep" in self.__dict__
        if name.startswith("_h_") or not dynamic:
            if "_h_object" in self.__dict__ and not name.startswith("_"):
                try:
                    request("set", self, name.replace("_", ""), value)
                    return
                except BindError:
                    pass        # An attribute of Python's own.
            object.__setattr__(self, name, value)
            return
        if _holds(value):
            self.__dict__.pop(name, None)
            self._keep[name] = value
            request("put", self, name, value)
        else:
            if name in self._keep:
                del self._keep[name]
                request("drop", self, name)
            object.__setattr__(self, name, value)

    def __getattr__(self, name):
        if name.startswith("__") or "_h_object" not in self.__dict__:
            raise AttributeError(name)
        kept = self.__dict__.get("_keep", {}).get(name)
        if isinstance(kept, Module):
            found = request("find", self, name)
            return found
        try:
            found = request("find", self, name)
        except MlxError:
            raise AttributeError(name)
        if found is None and "_keep" in self.__dict__ and name not in self._keep:
            raise AttributeError(name)
        return found

    def __delattr__(self, name):
        if name in self.__dict__.get("_keep", {}):
            del self._keep[name]
            request("drop", self, name)
        else:
            object.__delattr__(self, name)

    def keys(self):
        return request("names", self)

    def __contains__(self, name):
        return name in self.keys() or name in self.__dict__

    def __getitem__(self, name):
        return getattr(self, name)

    def get(self, name, default=None):
        return getattr(self, name) if name in self else default

    def items(self):
        return [(k, getattr(self, k)) for k in self.keys()]

    def values(self):
        return [v for _, v in self.items()]

    def __repr__(self):
        return request("call", self, "ToString", [], {})

    def _state_handle(self):
        return self

    def _collect_arrays(self, out):
        collect(request("call", self, "CaptureState", [], {}), out)

    @property
    def state(self):
        return self

    @property
    def training(self):
        return request("get", self, "Training")

    # trees
    def parameters(self):
        return request("call", self, "Parameters", [], {})

    def trainable_parameters(self):
        return request("call", self, "TrainableParameters", [], {})

    def update(self, parameters, strict=True):
        if isinstance(parameters, Module):
            parameters = parameters.parameters()
        request("call", self, "Update", [parameters], {"strict": strict})
        return self

    def apply(self, map_fn, filter_fn=None):
        if filter_fn is None:
            request("call", self, "Apply", [map_fn], {})
        else:
            request("call", self, "Apply", [map_fn, filter_fn], {})
        return self

    def apply_to_modules(self, apply_fn):
        request("call", self, "ApplyToModules", [apply_fn], {})
        return self

    def filter_and_map(self, filter_fn, map_fn=None, is_leaf_fn=None):
        if is_leaf_fn is not None:
            raise MlxError("Missing", "filter_and_map has no is_leaf_fn", "")
        return request("call", self, "FilterAndMap", [filter_fn] + ([map_fn] if map_fn else []), {})

    def _tree(self, pairs):
        from ..utils import tree_unflatten
        return tree_unflatten([(k, v) for k, v in pairs]) if pairs else {}

    def children(self):
        return self._tree(request("call", self, "Children", [], {}))

    def leaf_modules(self):
        return self._tree(request("call", self, "LeafModules", [], {}))

    def modules(self):
        return request("call", self, "Modules", [], {})

    def named_modules(self):
        return [tuple(p) for p in request("call", self, "NamedModules", [], {})]

    def update_modules(self, modules, strict=True):
        from ..utils import tree_flatten
        leaves = tree_flatten(modules, is_leaf=lambda m: isinstance(m, Module))
        pairs = [(k, v) for k, v in leaves if isinstance(v, Module) or strict and not isinstance(v, dict)]
        for k, v in pairs:
            if not isinstance(v, Module):
                raise ValueError("not a module")
        request("call", self, "UpdateModules", [pairs], {"strict": strict})
        return self

    def freeze(self, *, recurse=True, keys=None, strict=False):
        request("call", self, "Freeze", [], {"recurse": recurse, "keys": [keys] if isinstance(keys, str) else keys, "strict": strict})
        return self

    def unfreeze(self, *, recurse=True, keys=None, strict=False):
        request("call", self, "Unfreeze", [], {"recurse": recurse, "keys": [keys] if isinstance(keys, str) else keys, "strict": strict})
        return self

    def train(self, mode=True):
        request("call", self, "Train", [mode], {})
        return self

    def eval(self):
        request("call", self, "Eval", [], {})
        return self

    def set_dtype(self, dtype, *predicate, **named):
        request("call", self, "SetDType", [dtype, *predicate], named)       # A predicate that is None is not one left out.

    def save_weights(self, file):
        request("call", self, "SaveWeights", [str(file)], {})

    def load_weights(self, file_or_weights, strict=True):
        source = file_or_weights if isinstance(file_or_weights, list) else str(file_or_weights)
        request("call", self, "LoadWeights", [source], {"strict": strict})
        return self

    @staticmethod
    def is_module(value):
        return isinstance(value, Module)

    @staticmethod
    def valid_child_filter(module, key, value):
        return isinstance(value, (dict, list))

    @staticmethod
    def valid_parameter_filter(module, key, value):
        return isinstance(value, (dict, list, mx.array)) and not key.startswith("_")

    @staticmethod
    def trainable_parameter_filter(module, key, value):
        return request("static", "NN.Module.IsTrainableParameter", [module, key, value], {})


class _Layer(Module):
    _cs = None

    def __init__(self, *args, **kwargs):
        o = self._make(list(args), kwargs)
        self.__dict__["_h_object"] = Obj(o._h, type(self)._cs) if isinstance(o, Obj) else o.__dict__["_h_object"]
        self.__dict__["_args"] = (args, kwargs)
        _known[request("identity", self)] = self

    def _make(self, args, kwargs):
        return request("new", "NN." + type(self)._cs, args, camels(kwargs))

    def __call__(self, *args, **kwargs):
        return request("call", self, "Forward", list(args), camels(kwargs))

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return Module.__getattr__(self, name)
        except AttributeError:
            pass

        def method(*args, **kwargs):
            return request("call", self, pascal(name), list(args), camels(kwargs))

        if name in ("as_linear",):
            return method
        raise AttributeError(name)


_LAYERS = """
ALiBi AvgPool1d AvgPool2d AvgPool3d BatchNorm Bilinear CELU Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d Dropout
Dropout2d Dropout3d ELU Embedding GELU GLU GRU GroupNorm HardShrink HardTanh Hardswish Identity InstanceNorm LSTM LayerNorm LeakyReLU
Linear LogSigmoid LogSoftmax MaxPool1d MaxPool2d MaxPool3d Mish MultiHeadAttention PReLU QQLinear QuantizedEmbedding QuantizedLinear
RMSNorm RNN ReLU QuantizedAllToShardedLinear QuantizedShardedToAllLinear AllToShardedLinear ShardedToAllLinear ReLU2 ReLU6 RoPE SELU
Sequential SiLU Sigmoid SinusoidalPositionalEncoding Softmax Softmin Softplus Softshrink Softsign Step Tanh Transformer
TransformerEncoder TransformerDecoder TransformerEncoderLayer TransformerDecoderLayer Upsample LoraLinear
""".split()
for _name in _LAYERS:
    globals()[_name] = _classes[_name.lower()] = type(_name, (_Layer,), {"_cs": _name})


def _upsample(self, args, kwargs):
    given = dict(zip(["scale_factor", "mode", "align_corners"], args), **kwargs)
    f = given.pop("scale_factor")
    return request("new", "NN.Upsample", [list(f) if isinstance(f, (tuple, list)) else float(f)], camels(given))


Upsample._make = _upsample


def _gelu(self, args, kwargs):
    names = {"none": "None", "precise": "Precise", "tanh": "Precise", "fast": "Fast"}
    approx = args[0] if args else kwargs.get("approx", "none")
    if approx not in names:
        raise ValueError("approx")
    return request("new", "NN.GELU", [names[approx]], {})


GELU._make = _gelu
MultiHeadAttention.create_additive_causal_mask = staticmethod(
    lambda n, *args, **kw: request("static", "NN.MultiHeadAttention.CreateAdditiveCausalMask", [n, *args], camels(kw)))


def _from_linear(cls, linear, *args, **kwargs):
    return request("static", f"NN.{cls._cs}.From{'Embedding' if 'Embedding' in cls._cs else 'Linear'}", [linear, *args], camels(kwargs))


def _from_quantized_linear(cls, linear, *args, **kwargs):
    return request("static", f"NN.{cls._cs}.FromQuantizedLinear", [linear, *args], camels(kwargs))


for _c in (QuantizedAllToShardedLinear, QuantizedShardedToAllLinear):
    _c.from_quantized_linear = classmethod(_from_quantized_linear)
for _c in (QuantizedLinear, QuantizedEmbedding, QQLinear):
    _c.from_linear = classmethod(_from_linear)
    _c.from_embedding = classmethod(_from_linear)


def _sub(name, prefix):
    m = types.ModuleType("mlx.nn." + name)

    def get(attribute):
        if attribute.startswith("__"):
            raise AttributeError(attribute)

        def call(*args, **kwargs):
            return request("static", f"{prefix}.{pascal(attribute)}", list(args), camels(kwargs))

        call.__name__ = attribute
        return call

    m.__getattr__ = get
    sys.modules["mlx.nn." + name] = m
    return m


losses = _sub("losses", "NN.Losses")
init = _sub("init", "NN.Initializers")
activations = _activations = _sub("activations", "NN.Activations")


def value_and_grad(model, fn):
    def run(*args, **kwargs):
        leaves, seen = [], {}
        skeleton = flat((args, kwargs), leaves)

        def body(arrays):
            a, k = unflat(skeleton, iter(arrays))
            r = fn(*a, **k)
            aux = None
            seen["many"] = not isinstance(r, mx.array)
            if seen["many"]:
                r, aux = r[0], list(r[1:])
            out = []
            seen["aux"] = flat(aux, out)
            return [r, *out]

        value, aux, grads = request("module value and grad", model, body, leaves)
        if seen["many"]:
            value = (value, *unflat(seen["aux"], iter(aux)))
        return value, grads

    return run


def quantize(model, group_size=None, bits=None, *, mode="affine", quantize_input=False, class_predicate=None):
    kw = {"mode": mode, "quantize_input": quantize_input, "group_size": group_size, "bits": bits}
    if class_predicate is None:
        request("call", model, "Quantize", [], camels(kw))
        return
    answers = {p: class_predicate(p, m) for p, m in model.named_modules()}
    if all(isinstance(r, bool) for r in answers.values()):
        request("call", model, "Quantize", [], camels({**kw, "class_predicate": class_predicate}))
        return

    def one(path, module):
        r = class_predicate(path, module)
        if not r or not isinstance(module, (Linear, Embedding)):
            return None
        given = dict(kw) if r is True else {**kw, **r}
        return request("call", module, "ToQuantized", [], camels(given))

    request("call", model, "Quantize", [one], {})


def _to_quantized(self, group_size=None, bits=None, mode="affine", quantize_input=False):
    return request("call", self, "ToQuantized", [group_size, bits, mode, quantize_input], {})


_Layer.to_quantized = _to_quantized
utils = types.ModuleType("mlx.nn.utils")
sys.modules["mlx.nn.utils"] = utils


def _checkpoint(module, fn=None):
    fn = fn or module.__call__

    def run(*args):
        return request("call", module, "Checkpoint", [fn], {})(*args)

    return run


utils.checkpoint = _checkpoint
layers = types.ModuleType("mlx.nn.layers")
sys.modules["mlx.nn.layers"] = layers
layers.__dict__.update({n: globals()[n] for n in _LAYERS})
for _m in ("base", "activations", "dropout", "normalization"):
    sys.modules["mlx.nn.layers." + _m] = layers


def average_gradients(*args, **kwargs):
    return request("static", "Optimizers.Gradients.Average", list(args), camels(kwargs))


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    return getattr(_activations, name)
