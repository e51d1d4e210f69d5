package dev.jmlx.engine.cpu;

import dev.jmlx.engine.ops.Routing;
import java.util.Arrays;

/// The experts of each token and their weights, by a [Routing]; both CPU implementations choose alike.
///
/// One long-lived object; engine thread only. Tokens of sizes that were seen before allocate nothing.
final class ExpertChoice {
    private int[] experts = new int[0];
    private float[] weights = new float[0];
    private double[] probabilities = new double[0];
    private double[] ranks = new double[0];
    private double[] groupRanks = new double[0];
    private int topK;
    private boolean forInputs;

    /// Chooses for all rows of `scores`, `[tokens, experts]`.
    void choose(CpuTensor scores, Routing routing) {
        topK = Math.min(routing.topK(), scores.cols());
        forInputs = routing.forInputs();
        if (experts.length < scores.rows() * topK) {
            experts = new int[scores.rows() * topK];
            weights = new float[scores.rows() * topK];
        }
        if (ranks.length < scores.cols()) {
            probabilities = new double[scores.cols()];
            ranks = new double[scores.cols()];
        }
        for (var token = 0; token < scores.rows(); token++) {
            rate(scores, token, routing);
            pick(token, scores.cols(), routing);
        }
    }

    /// Experts of a token.
    int topK() {
        return topK;
    }

    int expert(int token, int choice) {
        return experts[token * topK + choice];
    }

    /// Whether weights are for what experts get, and not for what they make.
    boolean scalesInputs() {
        return forInputs;
    }

    /// The factor of what the expert makes.
    float weight(int token, int choice) {
        return forInputs ? 1 : weights[token * topK + choice];
    }

    /// The factor of what the expert gets.
    float inputWeight(int token, int choice) {
        return forInputs ? weights[token * topK + choice] : 1;
    }

    private void rate(CpuTensor scores, int token, Routing routing) {
        var count = scores.cols();
        var from = scores.rowOffset(token);
        switch (routing.kind()) {
            case SOFTMAX -> {
                var max = Double.NEGATIVE_INFINITY;
                for (var e = 0; e < count; e++) {
                    max = Math.max(max, scores.data()[from + e]);
                }
                var sum = 0.0;
                for (var e = 0; e < count; e++) {
                    probabilities[e] = Math.exp(scores.data()[from + e] - max);
                    sum += probabilities[e];
                }
                for (var e = 0; e < count; e++) {
                    probabilities[e] /= sum;
                }
            }
            case SIGMOID -> {
                for (var e = 0; e < count; e++) {
                    probabilities[e] = 1 / (1 + Math.exp(-scores.data()[from + e]));
                }
            }
        }
        var correction = routing.correction();
        for (var e = 0; e < count; e++) {
            ranks[e] = probabilities[e] + (correction == null ? 0 : correction.values()[e]);
        }
        if (routing.groups() > 1) {
            dropGroups(count / routing.groups(), routing);
        }
    }

    /// Experts of groups that do not take part rank as 0, as in the reference, and not below all others.
    private void dropGroups(int size, Routing routing) {
        if (groupRanks.length < routing.groups()) {
            groupRanks = new double[routing.groups()];
        }
        for (var group = 0; group < routing.groups(); group++) {
            groupRanks[group] = groupRank(group * size, size, routing.correction() == null ? 1 : 2);
        }
        for (var dropped = routing.groups() - routing.topGroups(); dropped > 0; dropped--) {
            var worst = 0;
            for (var group = 1; group < routing.groups(); group++) {
                if (groupRanks[group] < groupRanks[worst]) {
                    worst = group;
                }
            }
            groupRanks[worst] = Double.POSITIVE_INFINITY;
            Arrays.fill(ranks, worst * size, (worst + 1) * size, 0);
        }
    }

    /// The sum of the one or two largest ranks of a group.
    private double groupRank(int from, int size, int count) {
        var first = Double.NEGATIVE_INFINITY;
        var second = Double.NEGATIVE_INFINITY;
        for (var e = from; e < from + size; e++) {
            if (ranks[e] > first) {
                second = first;
                first = ranks[e];
            } else if (ranks[e] > second) {
                second = ranks[e];
            }
        }
        return count == 1 || size == 1 ? first : first + second;
    }

    private void pick(int token, int count, Routing routing) {
        var sum = 0.0;
        for (var choice = 0; choice < topK; choice++) {
            var best = -1;
            for (var e = 0; e < count; e++) {
                if (!isChosen(token, choice, e) && (best < 0 || ranks[e] > ranks[best])) {
                    best = e;
                }
            }
            experts[token * topK + choice] = best;
            sum += probabilities[best];
        }
        // The models with sigmoids leave a single one as it is.
        var normalized = routing.normalized() && (topK > 1 || routing.kind() == Routing.Kind.SOFTMAX);
        var factor = routing.factor() / (normalized ? sum + 1e-20 : 1);
        var own = routing.expertFactors();
        for (var choice = 0; choice < topK; choice++) {
            var at = token * topK + choice;
            weights[at] = (float) (probabilities[experts[at]] * factor * (own == null ? 1 : own.values()[experts[at]]));
        }
    }

    private boolean isChosen(int token, int choices, int expert) {
        for (var choice = 0; choice < choices; choice++) {
            if (experts[token * topK + choice] == expert) {
                return true;
            }
        }
        return false;
    }
}
