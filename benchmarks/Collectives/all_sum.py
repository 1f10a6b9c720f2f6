"""One rank of the measurement with Python's MLX: all_sum.py ROUNDS SIZE... prints the median seconds of each size."""

import statistics
import sys
import time

import mlx.core as mx

rounds = int(sys.argv[1])
group = mx.distributed.init(strict=True, backend="ring")


def measure(x, calls):
    start = time.perf_counter()
    for _ in range(calls):
        mx.eval(mx.distributed.all_sum(x, group=group))
    return (time.perf_counter() - start) / calls


for size in map(int, sys.argv[2:]):
    x = mx.ones((size // 4,))
    mx.eval(x)
    measure(x, 3)
    calls = min(max((64 << 20) // size, 2), 100)
    times = [measure(x, calls) for _ in range(rounds)]
    if group.rank() == 0:
        print(f"Python\t{size}\t{statistics.median(times)!r}", flush=True)
