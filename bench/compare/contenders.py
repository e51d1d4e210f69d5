"""Who is measured: a contender is a name and the processes that one round of it runs."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

from process import RunFailed, run
from workspace import BUILD_TIMEOUT, HERE, INSTALL_TIMEOUT, Unavailable, java_home, last_json, tool, unpack_newest

JLAMA = "0.8.4"
JAVA_FLAGS = ["--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"]


@dataclass(frozen=True)
class Settings:
    """What is measured: lengths in tokens, seconds of warm-up for programs that compile while they run."""

    threads: int
    prefill: list
    decode: list
    sequences: list
    tokens: int
    warm_up: float

    def lists(self):
        """Prefill and decode lengths as programs take them."""
        return _joined(self.prefill), _joined(self.decode)


@dataclass(frozen=True)
class Part:
    """One process of a round; `parse` turns its standard output into metrics."""

    label: str
    command: list
    parse: Callable[[str], dict] = last_json


@dataclass(frozen=True)
class Contender:
    """A name, what the reader must know about it, its parts, and the weight bytes that a token reads."""

    name: str
    note: str
    parts: list = field(default_factory=list)
    weight_bytes: int = 0


def _joined(numbers):
    return ",".join(str(number) for number in numbers)


def machine(jar, settings, work):
    """The machine's limits: memory read and multiply-add by the same number of threads."""
    java, _ = java_home()
    result = work.folder / "limits.json"
    names = "MachineLimits.(memoryRead|multiplyAdd)ByTwoThreads"
    options = ["-t", settings.threads, "-wi", 1, "-i", 3, "-rf", "json", "-rff", result, "-v", "SILENT"]
    command = [java, "-jar", jar, names, *options]
    return Contender("machine", "JMH, MachineLimits", [Part("limits", command, lambda _: limits(result))])


def limits(file):
    """Gigabytes and gigaflops per second from JMH's result file."""
    found = {}
    for row in json.loads(Path(file).read_text()):
        for counter, metric in (("gigabytes", "read_gbps"), ("gigaflops", "fma_gflops")):
            score = row["secondaryMetrics"][counter]["score"]
            if score > 0:
                found[metric] = score
    return found


def jmlx(jar, model, settings, weight_bytes):
    """This engine, through dev.jmlx.bench.TokensPerSecond."""
    java, _ = java_home()
    prefill, decode = settings.lists()
    base = [java, *JAVA_FLAGS, "-cp", jar, "dev.jmlx.bench.TokensPerSecond", model, "--json"]
    base += ["--threads", settings.threads, "--tokens", settings.tokens, "--warm-up", settings.warm_up]
    parts = [Part("one sequence", [*base, "--prefill", prefill, "--decode", decode])]
    if settings.sequences:
        together = [*base, "--sequences", _joined(settings.sequences)]
        parts.append(Part("several sequences", together, sequence_figures))
    return Contender("jmlx", "the MLX folder as it is", parts, weight_bytes)


def sequence_figures(output):
    """The figures of several sequences alone: the rest was measured by the other process."""
    return {metric: value for metric, value in last_json(output).items() if metric.startswith("sequences")}


def llama_build(work, given):
    """The folder with llama-bench and llama-quantize; built from llama-cpp-python's source package."""
    if given:
        return Path(given).resolve()
    cmake, downloads = tool("cmake"), work.folder / "llama-cpp"
    ready = downloads / "complete"
    if ready.exists():
        return Path(ready.read_text())
    downloads.mkdir(parents=True, exist_ok=True)
    python = work.python("tools", "numpy", "gguf")
    log = work.log("llama-cpp")
    pip = [python, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", "llama-cpp-python"]
    off = [f"-DLLAMA_{part}=OFF" for part in ("CURL", "BUILD_TESTS", "BUILD_SERVER", "BUILD_EXAMPLES")]
    try:
        run([*pip, "-d", downloads, "llama-cpp-python"], INSTALL_TIMEOUT, log=log)
        source = unpack_newest(downloads, "llama_cpp_python-*.tar.gz") / "vendor" / "llama.cpp"
        configure = [cmake, "-S", source, "-B", source / "build", "-DCMAKE_BUILD_TYPE=Release", "-DGGML_NATIVE=ON"]
        run([*configure, *off], INSTALL_TIMEOUT, log=log)
        targets = ["--target", "llama-bench", "--target", "llama-quantize"]
        run([cmake, "--build", source / "build", "-j", "2", *targets], BUILD_TIMEOUT, log=log)
    except RunFailed as e:
        raise Unavailable(f"{e}; see {log}") from e
    ready.write_text(str(source / "build" / "bin"))
    return source / "build" / "bin"


def gguf_file(work, model, style, binaries):
    """The model as GGUF of style q4_0 or q4_1. The name starts with a letter: llama-quantize misreads digits."""
    python = work.python("tools", "numpy", "gguf")
    folder = work.folder / "gguf" / model.name
    target = folder / f"m-{style}.gguf"
    if style == "q4_1":
        return work.make(target, [python, HERE / "to_gguf.py", model, target, style])
    if target.exists():
        return target
    dense = work.make(folder / "m-f16.gguf", [python, HERE / "to_gguf.py", model, folder / "m-f16.gguf", "f16"])
    made = work.make(target, [binaries / "llama-quantize", "--pure", dense, target, style.upper()])
    dense.unlink()
    return made


def llama_cpp(binaries, work, model, settings, style):
    """llama.cpp's own bench, with flash attention off and on; the better of the two counts for each metric."""
    file = gguf_file(work, model, style, binaries)
    base = [binaries / "llama-bench", "-m", file, "-t", settings.threads, "-r", 1, "-o", "json"]
    parts = []
    for flash in ("off", "on"):
        for count in settings.prefill:
            # Behind 512 tokens a warm-up as long as the test costs more than it can change.
            cold = ["--no-warmup"] if count > 512 else []
            parts.append(
                Part(f"prefill {count} fa={flash}", [*base, "-p", count, "-n", 0, "-fa", flash, *cold], llama_bench)
            )
        if settings.decode:
            depths = ["-p", 0, "-n", settings.tokens, "-d", _joined(settings.decode)]
            parts.append(Part(f"decode fa={flash}", [*base, *depths, "-fa", flash], llama_bench))
    notes = {
        "q4_0": "all matrices rounded again to Q4_0 by llama-quantize --pure",
        "q4_1": "4-bit weights are the checkpoint's own; an 8-bit embedding is rounded again to Q8_0",
    }
    return Contender(f"llama.cpp {style.upper()}", notes[style], parts, file.stat().st_size)


def llama_bench(output):
    """Metrics of llama-bench's JSON."""
    found = {}
    for row in json.loads(output):
        flash = "fa=on" if row["flash_attn"] in (True, 1, "on") else "fa=off"
        metric = f"decode_{row['n_depth']}" if row["n_gen"] else f"prefill_{row['n_prompt']}"
        found[f"{metric}|{flash}"] = row["avg_ts"]
    return found


def mlx_lm(work, model, settings, weight_bytes):
    """mlx-lm on mlx-cpu; a process for each prompt length, because long ones may take too long."""
    python = work.python("mlx", "mlx", "mlx-cpu", "mlx-lm")
    tail = [settings.tokens]
    parts = [Part("decode", [python, HERE / "mlx_speed.py", model, "", _joined(settings.decode), *tail])]
    for count in settings.prefill:
        parts.append(Part(f"prefill {count}", [python, HERE / "mlx_speed.py", model, count, "", *tail]))
    note = "mlx-cpu has no setting for threads (see threads_used); activations and scales in f32"
    return Contender("mlx-lm", note, parts, weight_bytes)


def jlama(work, model, settings):
    """Jlama from Maven Central with its native library, quantized to its Q4 by itself, int8 activations."""
    java, javac = java_home()
    jars = work.folder / "jlama" / f"lib-{JLAMA}"
    pom = work.folder / "jlama" / "pom.xml"
    pom.parent.mkdir(parents=True, exist_ok=True)
    pom.write_text((HERE / "jlama-pom.xml").read_text().replace("@VERSION@", JLAMA))
    copy = ["dependency:copy-dependencies", f"-DoutputDirectory={jars.with_name('half-' + jars.name)}"]
    work.make(jars, [tool("mvn"), "-B", "-q", "-f", pom, *copy])
    classes = work.folder / "jlama" / "classes"
    path = f"{classes}:{jars}/*"
    compile_java(work, [javac, "-nowarn", "-cp", f"{jars}/*", "-d", classes, HERE / "JlamaSpeed.java"])
    python = work.python("tools", "numpy", "gguf")
    dense, ready = (work.folder / "jlama" / f"{model.name}-{kind}" for kind in ("f16", "q4"))
    program = [java, *JAVA_FLAGS, "-cp", path, "JlamaSpeed"]
    if not ready.exists():
        work.make(dense, [python, HERE / "to_hf.py", model, dense])
        work.make(ready, [*program, "quantize", dense, ready])
    command = [*program, ready, settings.threads, *settings.lists(), settings.tokens, settings.warm_up]
    size = sum(file.stat().st_size for file in ready.glob("*.safetensors"))
    return Contender(
        "Jlama", f"{JLAMA} with jlama-native; its own Q4, int8 activations", [Part("speed", command)], size
    )


def llama3_java(work, source, file, settings):
    """The user's Llama3.java, compiled beside Llama3Speed.java, on the Q4_0 file."""
    java, javac = java_home()
    classes = work.folder / "llama3-java"
    vector = "--add-modules=jdk.incubator.vector"
    compile_java(work, [javac, "-nowarn", vector, "-d", classes, source, HERE / "Llama3Speed.java"])
    helpers = f"-Djava.util.concurrent.ForkJoinPool.common.parallelism={max(1, settings.threads - 1)}"
    flags = [*JAVA_FLAGS, "-Djdk.incubator.vector.VECTOR_ACCESS_OOB_CHECK=0", helpers]
    tail = [file, *settings.lists(), settings.tokens, settings.warm_up]
    command = [java, *flags, "-cp", classes, "com.llama4j.Llama3Speed", *tail]
    return Contender("llama3.java Q4_0", "llama.cpp's Q4_0 file", [Part("speed", command)], file.stat().st_size)


def compile_java(work, command):
    """Runs javac; a failure means that the contender cannot take part."""
    try:
        run(command, INSTALL_TIMEOUT, log=work.log("javac"))
    except RunFailed as e:
        raise Unavailable(f"javac: {e}") from e
