"""Generates with mlx-lm: loads the models named as arguments, then answers each line "NUMBER PROMPT TOKENS" with seconds per token."""

import sys
import time
from pathlib import Path

import mlx.core as mx
from mlx_lm.generate import generate_step
from mlx_lm.utils import load_model

models = []
for folder in sys.argv[1:]:
    begun = time.perf_counter()
    model = load_model(Path(folder))[0]
    mx.eval(model.parameters())
    models.append(model)
    print(time.perf_counter() - begun, flush=True)

for line in sys.stdin:
    number, length, tokens = map(int, line.split())
    prompt = mx.array([1 + i % 300 for i in range(length)])
    begun = None
    count = 0
    for token, _ in generate_step(prompt, models[number], max_tokens=tokens):
        if begun is None:
            begun = time.perf_counter()
        else:
            count += 1
    print((time.perf_counter() - begun) / count, flush=True)
