"""The arithmetic of the comparison: medians, ratios of the same round, the best variant of a contender.

Samples are `{metric: [value of round 0, round 1, ...]}` with None where a round has no value. A metric's name may
carry a variant behind '|' (`decode_128|fa=on`): a setting of the contender of which the best counts.
"""

from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Spread:
    """Median and range of what was measured in each round."""

    median: float
    low: float
    high: float
    rounds: int


def spread(values):
    """The spread of the values that are there, or None when there is none."""
    present = [value for value in values if value is not None]
    if not present:
        return None
    return Spread(median(present), min(present), max(present), len(present))


def best_variants(samples):
    """Metric to (variant, values), the variant with the highest median; '' for a metric without variants."""
    best = {}
    for name, values in samples.items():
        metric, _, variant = name.partition("|")
        found = spread(values)
        if found and (metric not in best or found.median > spread(best[metric][1]).median):
            best[metric] = (variant, values)
    return best


def ratios(ours, theirs):
    """Spread of ours / theirs over the rounds that have both, or None."""
    pairs = zip(ours, theirs)
    return spread([a / b if a is not None and b else None for a, b in pairs])
