"""Speeds of mlx-lm on a model folder, as one line of JSON with the names that TokensPerSecond uses.

usage: mlx_speed.py MODEL_FOLDER PREFILL DECODE TOKENS   (PREFILL and DECODE: lists such as 512,2048)

Nothing is compiled here while it runs, so a short prompt is warm-up enough. Contexts are random keys and
values put into the cache: on a CPU a prompt takes minutes, and speed does not depend on the values.
Activations, scales and cache are f32, which loses nothing: in f16 and bf16 mlx is far slower on x86.
`threads_used` is processor time over clock time while it decodes: mlx has no setting for threads on a CPU.
Runs inside the comparison's virtual environment (mlx-lm, mlx-cpu).
"""

import json
import sys
import time
from pathlib import Path

import mlx.core as mx
from mlx_lm.generate import generate_step
from mlx_lm.models.cache import make_prompt_cache
from mlx_lm.utils import load_model

WARM_UP_PROMPT = 16


def random_ids(count):
    """A prompt of ids that are ordinary in any vocabulary."""
    ids = mx.random.randint(100, 20_000, (count,))
    mx.eval(ids)
    return ids


def prompt_speed(model, count):
    """Prompt tokens per second, until the first answer token."""
    ids = random_ids(count)
    start = time.perf_counter()
    next(generate_step(ids, model, max_tokens=1))
    return count / (time.perf_counter() - start)


def _random_like(part, context):
    return mx.random.normal((*part.shape[:2], context, part.shape[3])).astype(part.dtype)


def filled_cache(model, context):
    """A cache that holds `context` positions; a step of one token tells the shape and type."""
    cache = make_prompt_cache(model)
    next(generate_step(random_ids(1), model, max_tokens=1, prompt_cache=cache))
    for layer in cache:
        layer.keys, layer.values = (_random_like(part, context) for part in (layer.keys, layer.values))
        layer.offset = context
    mx.eval([part for layer in cache for part in (layer.keys, layer.values)])
    return cache


def answer_speed(model, context, answer):
    """Answer tokens per second behind `context` positions, and processor seconds per second."""
    steps = generate_step(random_ids(1), model, max_tokens=answer + 1, prompt_cache=filled_cache(model, context))
    next(steps)
    start, start_cpu = time.perf_counter(), time.process_time()
    for _ in range(answer):
        next(steps)
    seconds = time.perf_counter() - start
    return answer / seconds, (time.process_time() - start_cpu) / seconds


def main(folder, prefill, decode, answer):
    """Measures what was asked for and prints it."""
    mx.set_default_device(mx.cpu)
    model, _ = load_model(Path(folder))
    model.set_dtype(mx.float32)
    prompt_speed(model, WARM_UP_PROMPT)
    results = {f"prefill_{count}": prompt_speed(model, count) for count in prefill}
    for context in decode:
        results[f"decode_{context}"], results["threads_used"] = answer_speed(model, context, answer)
    print(json.dumps(results))


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    lists = [[int(part) for part in text.split(",") if part] for text in sys.argv[2:4]]
    main(sys.argv[1], *lists, int(sys.argv[4]))
