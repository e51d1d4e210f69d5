#!/usr/bin/env python3
"""Measures jmlx, its peers and the machine's limits in alternating runs, and prints the ratios.

One command on one machine: installs the peers that it can into the work folder (pip, Maven, cmake), converts the
model, then runs round after round, every contender in a process of its own, one at a time, the order turned round
each time. Prints markdown; writes it and all samples (JSON) to the work folder. A peer that cannot be had or run is
named with the reason and left out. Nothing else may run on the machine meanwhile. Linux and macOS.
"""

import argparse
import json
import platform
import re
import signal
import sys
import time
from pathlib import Path

import contenders as build
from process import OtherWork, RunFailed, locked, run
from report import markdown
from workspace import HERE, Unavailable, Workspace, java_home

ROOT = HERE.parent.parent
EMBEDDED = ROOT / "models" / "smollm2-135m-instruct-4bit"
JAR = ROOT / "bench" / "target" / "benchmarks.jar"
# Cores; the system itself stays well below it.
DISTURBANCE = 0.1
CONTENDERS = ("machine", "jmlx", "llama-q4_0", "llama-q4_1", "mlx-lm", "jlama", "llama3.java")


def arguments(argv):
    """Reads the command line."""

    def numbers(text):
        values = [int(part) for part in text.split(",") if part]
        if any(value < 1 for value in values):
            raise argparse.ArgumentTypeError("lengths are at least 1")
        return values

    def chosen(text):
        unknown = set(text.split(",")) - set(CONTENDERS)
        if unknown:
            raise argparse.ArgumentTypeError(
                f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(CONTENDERS)}"
            )
        return text.split(",")

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add(
        "--model",
        type=Path,
        action="append",
        metavar="DIR",
        help="MLX folder; several allowed (default: the embedded)",
    )
    add("--random-llama", action="store_true", help="also the random 1.2-billion-parameter llama, made when missing")
    add(
        "--work",
        type=Path,
        default=ROOT / "bench" / "target" / "compare",
        metavar="DIR",
        help="(default: %(default)s)",
    )
    add("--rounds", type=int, default=5, help="alternating rounds; fewer than 5 say little (default: %(default)s)")
    add("--threads", type=int, default=2, help="of every contender that can be told (default: %(default)s)")
    add("--prefill", type=numbers, default=[512, 2048], metavar="N,N", help="prompt lengths (default: 512,2048)")
    add("--decode", type=numbers, default=[128, 1024], metavar="N,N", help="contexts (default: 128,1024)")
    add("--sequences", type=numbers, default=[1, 2, 4, 8], metavar="N,N", help="decoded together (default: 1,2,4,8)")
    add("--tokens", type=int, default=32, help="answer tokens that are timed (default: %(default)s)")
    add("--warm-up", type=float, default=10, metavar="S", help="seconds, for Java programs (default: %(default)s)")
    add("--timeout", type=float, default=300, metavar="S", help="for one process of a round (default: %(default)s)")
    add("--only", type=chosen, default=list(CONTENDERS), metavar="A,B", help=f"contenders: {', '.join(CONTENDERS)}")
    add("--llama-bin", type=Path, metavar="DIR", help="llama-bench and llama-quantize that are already built")
    add("--llama3-java", type=Path, metavar="FILE", help="Llama3.java; not installed by this script")
    add(
        "--lock",
        type=Path,
        metavar="FILE",
        help="flock(2) this file: shared to prepare, exclusive for each timed process",
    )
    options = parser.parse_args(argv)
    if min(options.rounds, options.threads) < 1 or options.tokens < 2:
        parser.error("--rounds and --threads are at least 1, --tokens at least 2")
    return options


def recipes(options, work, model, settings, size):
    """Name to a function that makes the contender ready; each may raise Unavailable."""

    def llama(style):
        binaries = build.llama_build(work, options.llama_bin)
        return build.llama_cpp(binaries, work, model, settings, style)

    def llama3():
        if options.llama3_java is None:
            raise Unavailable("--llama3-java not given")
        file = build.gguf_file(work, model, "q4_0", build.llama_build(work, options.llama_bin))
        return build.llama3_java(work, options.llama3_java.resolve(), file, settings)

    return {
        "machine": lambda: build.machine(JAR, settings, work),
        "jmlx": lambda: build.jmlx(JAR, model, settings, size),
        "llama-q4_0": lambda: llama("q4_0"),
        "llama-q4_1": lambda: llama("q4_1"),
        "mlx-lm": lambda: build.mlx_lm(work, model, settings, size),
        "jlama": lambda: build.jlama(work, model, settings),
        "llama3.java": llama3,
    }


def prepare(options, work, model, settings, size):
    """Those who can take part, and a line for each who cannot."""
    ready, missing = [], []
    for name, make in recipes(options, work, model, settings, size).items():
        if name not in options.only:
            continue
        say(f"preparing {name}")
        try:
            with locked(options.lock, exclusive=False):
                ready.append(make())
        except Unavailable as e:
            missing.append(f"{name}: {e}")
            say(missing[-1])
    return ready, missing


def measure(ready, remarks, options, work, save):
    """Runs the rounds. A process that fails once is not tried again."""
    samples, failed = {contender.name: {} for contender in ready}, set()
    for turn in range(options.rounds):
        for contender in ready if turn % 2 == 0 else reversed(ready):
            for part in contender.parts:
                if (contender.name, part.label) in failed:
                    continue
                say(f"round {turn + 1} of {options.rounds}: {contender.name}, {part.label}")
                try:
                    found = timed(contender, part, options, work, remarks, turn)
                except (RunFailed, ValueError, KeyError, OSError) as e:
                    failed.add((contender.name, part.label))
                    remarks.append(f"{contender.name}, {part.label}, round {turn + 1}: {e}")
                    say(remarks[-1])
                    continue
                for metric, value in found.items():
                    samples[contender.name].setdefault(metric, [None] * options.rounds)[turn] = value
        save(samples)
    return samples


def timed(contender, part, options, work, disturbed, turn):
    """Runs one process alone; a line goes to `disturbed` when the machine was not quiet meanwhile."""
    with locked(options.lock, exclusive=True):
        others = OtherWork()
        output = run(part.command, options.timeout, log=work.log(contender.name))
        cores = others.cores()
    if cores is not None and cores > DISTURBANCE:
        disturbed.append(
            f"{contender.name}, {part.label}, round {turn + 1}: disturbed, {cores:.1f} cores had other work"
        )
        say(disturbed[-1])
    return part.parse(output)


def checkpoint_facts(model, longest):
    """Checkpoint bytes, bytes of weights that one token reads, bytes of an f16 cache of the longest context."""
    config = json.loads((model / "config.json").read_text())
    total = unread = 0
    for file in model.glob("*.safetensors"):
        with file.open("rb") as stream:
            header = json.loads(stream.read(int.from_bytes(stream.read(8), "little")))
        header.pop("__metadata__", None)
        for name, entry in header.items():
            size = entry["data_offsets"][1] - entry["data_offsets"][0]
            total += size
            if "embed_tokens" in name and not config.get("tie_word_embeddings", False):
                unread += size
    heads = config["num_attention_heads"]
    head_dim = config.get("head_dim") or config["hidden_size"] // heads
    kv_heads = config.get("num_key_value_heads") or heads
    return total, total - unread, 2 * 2 * config["num_hidden_layers"] * kv_heads * head_dim * longest


def compare(model, options, work):
    """One model: prepare, measure, report."""
    if not (model / "config.json").is_file():
        raise SystemExit(f"{model}: no config.json; --model wants a folder in MLX format")
    settings = build.Settings(
        options.threads, options.prefill, options.decode, options.sequences, options.tokens, options.warm_up
    )
    total, read, kv = checkpoint_facts(model, max([*options.prefill, *(n + options.tokens for n in options.decode)]))
    ready, missing = prepare(options, work, model, settings, read)
    result = {
        "model": model.name,
        "date": time.strftime("%Y-%m-%d"),
        "cpu": processor(),
        "threads": options.threads,
        "rounds": options.rounds,
        "prefill": options.prefill,
        "decode": options.decode,
        "checkpoint_bytes": total,
        "kv_bytes": kv,
        "weight_bytes": {contender.name: contender.weight_bytes for contender in ready if contender.weight_bytes},
        "notes": {contender.name: contender.note for contender in ready},
        "remarks": missing,
    }
    file = work.folder / f"{model.name}.json"

    def save(samples):
        file.write_text(json.dumps({**result, "samples": samples}, indent=1))

    result["samples"] = measure(ready, missing, options, work, save)
    save(result["samples"])
    text = markdown(result)
    file.with_suffix(".md").write_text(text)
    print(text, flush=True)
    say(f"samples: {file}")


def processor():
    """The processor's name, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def check_java():
    """Fails with one sentence where jmlx cannot run."""
    if not JAR.is_file():
        raise SystemExit(f"{JAR} is missing: run ./mvnw -q -DskipTests package")
    try:
        java, _ = java_home()
        version = run([java, "--version"], 60).split(maxsplit=2)[1]
    except (Unavailable, RunFailed) as e:
        raise SystemExit(f"JDK 25 is needed, in JAVA_HOME or on the PATH: {e}") from e
    major = re.match(r"\d+", version)  # also of an early access: 25-ea
    if not major or int(major[0]) < 25:
        raise SystemExit(f"JDK 25 is needed, in JAVA_HOME or on the PATH: {java} is {version}")


def say(line):
    """Progress goes to standard error, results to standard output."""
    print(line, file=sys.stderr, flush=True)


def main(argv):
    """See the module."""
    options = arguments(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    check_java()
    work = Workspace(options.work)
    models = [folder.resolve() for folder in options.model or ([] if options.random_llama else [EMBEDDED])]
    try:
        if options.random_llama:
            target = work.folder / "random-llama-1b"
            python = work.python("tools", "numpy", "gguf")
            models.append(work.make(target, [python, HERE / "random_llama.py", target]))
        if len({model.name for model in models}) < len(models):
            raise SystemExit("two models have the same folder name; what is made of them would be mixed up")
        for model in models:
            compare(model, options, work)
    except Unavailable as e:
        raise SystemExit(str(e)) from e
    except KeyboardInterrupt:
        raise SystemExit("interrupted; finished rounds are in the work folder") from None


if __name__ == "__main__":
    main(sys.argv[1:])
