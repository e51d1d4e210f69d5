"""Markdown of one model's comparison, ready for docs/performance.md."""

from ratios import best_variants, ratios, spread

OURS = "jmlx"


def markdown(result):
    """The whole section: speeds, ratios, limits, what else was measured, who is missing."""
    metrics = [f"prefill_{n}" for n in result["prefill"]] + [f"decode_{n}" for n in result["decode"]]
    best = {name: best_variants(samples) for name, samples in result["samples"].items()}
    peers = [name for name in best if name not in (OURS, "machine")]
    parts = [
        f"### {result['model']}, {result['threads']} threads, {result['rounds']} rounds",
        f"{result['cpu']}; {result['date']}. Median of the rounds; prefill and decode (at the context) in tokens/s.",
        speeds(best, [OURS, *peers], metrics),
        f"Ratios {OURS} / peer, median (lowest..highest of the rounds' own ratios); above 1 {OURS} is faster:",
        ratio_table(best, peers, metrics),
        bullets(limit_lines(result, best) + own_lines(result, best.get(OURS, {}))),
        bullets([f"{name}: {note}" for name, note in result["notes"].items()]),
        bullets([f"missing or disturbed: {line}" for line in result["remarks"]]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def table(header, rows):
    """A markdown table; the first column is text, the others are numbers."""
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def bullets(lines):
    """A markdown list."""
    return "\n".join(f"- {line}" for line in lines)


def title(metric):
    """`prefill_512` as `prefill 512`."""
    return metric.replace("_", " ")


def number(value):
    """A speed with as many digits as it deserves."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def speeds(best, names, metrics):
    """Median speed of every contender; the variant that won stands in brackets."""
    rows = []
    for name in names:
        cells = [name]
        for metric in metrics:
            variant, values = best.get(name, {}).get(metric, ("", []))
            found = spread(values)
            cells.append("-" if found is None else number(found.median) + (f" ({variant})" if variant else ""))
        rows.append(cells)
    return table(["", *map(title, metrics)], rows)


def ratio_table(best, peers, metrics):
    """Ratios of the same round."""
    rows = []
    for peer in peers:
        cells = [peer]
        for metric in metrics:
            ours = best.get(OURS, {}).get(metric, ("", []))[1]
            found = ratios(ours, best[peer].get(metric, ("", []))[1])
            cells.append("-" if found is None else ratio(found))
        rows.append(cells)
    return table([f"{OURS} /", *map(title, metrics)], rows) if rows else ""


def ratio(found):
    """Median and range."""
    return f"{found.median:.2f} ({found.low:.2f}..{found.high:.2f})"


def limit_lines(result, best):
    """The machine's limits, and how much of the read bandwidth decoding reaches."""
    machine = {metric: values for metric, (_, values) in best.get("machine", {}).items()}
    lines = []
    for metric, unit in (("read_gbps", "GB/s memory read"), ("fma_gflops", "GFLOP/s f32 multiply-add")):
        if metric in machine:
            found = spread(machine[metric])
            lines.append(f"machine: {found.median:.1f} ({found.low:.1f}..{found.high:.1f}) {unit}")
    for name, metrics in best.items():
        if "threads_used" in metrics:
            lines.append(f"{name}: {spread(metrics['threads_used'][1]).median:.1f} threads used while it decodes")
    for name, size in result["weight_bytes"].items():
        shares = [share(best.get(name, {}), size, machine, f"decode_{n}", n) for n in result["decode"]]
        shares = [text for text in shares if text]
        if shares:
            lines.append(
                f"{name}: {size / 1e6:,.0f} MB of weights a token; of the read bandwidth {', '.join(shares)}"
            )
    return lines


def share(best, size, machine, metric, context):
    """Weight bytes per second over the bandwidth of the same round, as text; '' when either is missing."""
    values = best.get(metric, ("", []))[1]
    found = ratios([None if v is None else v * size / 1e9 for v in values], machine.get("read_gbps", []))
    return f"{100 * found.median:.0f} % at context {context}" if found else ""


def own_lines(result, ours):
    """What only this engine is asked for: several sequences, start, memory."""
    values = {metric: samples for metric, (_, samples) in ours.items()}
    lines = []
    one = values.get("sequences_1")
    counts = sorted(int(metric.split("_")[1]) for metric in values if metric.startswith("sequences_"))
    if one:
        cells = [f"{n}: {ratio(ratios(values[f'sequences_{n}'], one))}" for n in counts if n > 1]
        lines.append(f"{OURS}, tokens/s of sequences decoded together over one sequence's: {', '.join(cells)}")
    cold = ratios(values.get("first_2s", []), values.get("warm_2s", []))
    if cold:
        lines.append(f"{OURS}, answer tokens in the 2 s after a process's first one over a warm one's: {ratio(cold)}")
    first = spread(values.get("first_token_millis", []))
    if first:
        lines.append(
            f"{OURS}, from the start of a process to its first token: {first.median / 1e3:.1f} s"
            f" ({first.low / 1e3:.1f}..{first.high / 1e3:.1f})"
        )
    peak = spread(values.get("peak_bytes", []))
    if peak:
        known = result["checkpoint_bytes"] + result["kv_bytes"]
        lines.append(
            f"{OURS}, peak resident memory with one sequence: {peak.median / 1e6:,.0f} MB; checkpoint and f16 KV cache of"
            f" the longest context: {known / 1e6:,.0f} MB ({peak.median / known:.2f} times)"
        )
    return lines
