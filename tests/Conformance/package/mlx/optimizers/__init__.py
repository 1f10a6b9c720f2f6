"""mlx.optimizers on DotMlx.Optimizers."""

import sys
import types

from ..core._functions import collect
from .._host import request
from .._wire import camels, pascal


class _State(dict):
    """optimizer.state: a copy of the C# state that writes through."""

    def __init__(self, optimizer, items, path=()):
        super().__init__(items)
        self._optimizer = optimizer

    def _state_handle(self):
        return self._optimizer

    def _current(self):
        return request("get", self._optimizer, "State")

    def __setitem__(self, k, v):
        super().__setitem__(k, v)
        self._optimizer.state = dict(self)

    def _collect_arrays(self, out):
        collect(self._current(), out)


class Optimizer:
    _cs = None

    def __init__(self, *args, **kwargs):
        if type(self)._cs is None:
            raise NotImplementedError("only the optimizers of DotMlx")
        self._h_object = request("new", "Optimizers." + type(self)._cs, self._fix(list(args)), camels(kwargs))
        self._extra = {}

    def _fix(self, args):
        return args

    @property
    def _h(self):
        return self._h_object._h

    def _state_handle(self):
        return self

    @property
    def state(self):
        return _State(self, request("get", self, "State"))

    @state.setter
    def state(self, value):
        request("set", self, "State", dict(value))

    def init(self, parameters):
        request("call", self, "Init", [parameters], {})

    def apply_gradients(self, gradients, parameters):
        return request("call", self, "ApplyGradients", [gradients, parameters], {})

    def update(self, model, gradients):
        if isinstance(model, dict):
            # Python: model.update(apply_gradients(gradients, model))
            model.update(self.apply_gradients(gradients, model))
            return
        request("call", self, "Update", [model, gradients], {})

    @property
    def learning_rate(self):
        return request("get", self, "LearningRate")

    @learning_rate.setter
    def learning_rate(self, value):
        request("set", self, "LearningRate", value)

    @property
    def step(self):
        return request("get", self, "Step")

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return request("get", self, pascal(name))


for _name in ("SGD", "RMSprop", "Adagrad", "AdaDelta", "Adam", "AdamW", "Adamax", "Lion", "Adafactor", "Muon", "MultiOptimizer"):
    globals()[_name] = type(_name, (Optimizer,), {"_cs": _name})


def _schedule(name):
    def make(*args, **kwargs):
        return request("static", "Optimizers.Schedules." + pascal(name), list(args), camels(kwargs))
    make.__name__ = name
    return make


schedulers = types.ModuleType("mlx.optimizers.schedulers")
sys.modules["mlx.optimizers.schedulers"] = schedulers
for _name in ("exponential_decay", "step_decay", "cosine_decay", "join_schedules", "linear_schedule"):
    globals()[_name] = _schedule(_name)
    setattr(schedulers, _name, globals()[_name])


def clip_grad_norm(grads, max_norm):
    return request("static", "Optimizers.Gradients.ClipNorm", [grads, max_norm], {})
