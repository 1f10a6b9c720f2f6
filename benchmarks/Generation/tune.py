"""Fine-tunes with mlx-lm: loads the models named as arguments, then answers each line "NUMBER STEPS KIND" with seconds per step.

KIND is "step" for a whole step, compiled as mlx-lm's trainer compiles it, or "build" for building the graph of a step that is not compiled.
"""

import sys
import time
from functools import partial
from pathlib import Path

import mlx.core as mx
import mlx.nn as nn
import mlx.optimizers as optim
from mlx_lm.tuner.trainer import default_loss
from mlx_lm.tuner.utils import linear_to_lora_layers
from mlx_lm.utils import load_model

ROWS, LENGTH = 4, 65
tokens = mx.array([[1 + (7 * row + i) % 300 for i in range(LENGTH)] for row in range(ROWS)])
lengths = mx.array([[0, LENGTH - 1]] * ROWS)


class Run:
    def __init__(self, folder):
        begun = time.perf_counter()
        self.model = load_model(Path(folder))[0]
        mx.eval(self.model.parameters())
        print(time.perf_counter() - begun, flush=True)
        self.model.freeze()
        linear_to_lora_layers(self.model, len(self.model.layers), {"rank": 8, "scale": 20.0, "dropout": 0.0})
        self.model.train()
        self.optimizer = optim.Adam(learning_rate=1e-5)
        self.gradients = nn.value_and_grad(self.model, default_loss)
        self.state = [self.model.state, self.optimizer.state, mx.random.state]

        @partial(mx.compile, inputs=self.state, outputs=self.state)
        def step():
            (loss, count), gradients = self.gradients(self.model, tokens, lengths)
            self.optimizer.update(self.model, gradients)
            return loss, count

        self.compiled = step

    def step(self):
        begun = time.perf_counter()
        loss, count = self.compiled()
        mx.eval(self.state, loss, count)
        return time.perf_counter() - begun

    def build(self):
        begun = time.perf_counter()
        (loss, count), gradients = self.gradients(self.model, tokens, lengths)
        self.optimizer.update(self.model, gradients)
        passed = time.perf_counter() - begun
        mx.eval(self.state, loss, count)
        return passed


runs = [Run(folder) for folder in sys.argv[1:]]
for line in sys.stdin:
    number, steps, kind = line.split()
    run = runs[int(number)]
    measure = run.step if kind == "step" else run.build
    print(sum(measure() for _ in range(int(steps))) / int(steps), flush=True)
