package dev.jmlx.engine.cpu;

import dev.jmlx.engine.ops.Routing;
import java.util.Arrays;

/// A step's tokens by the experts that they chose, so that each expert's weights are read once for all of its
/// tokens.
///
/// One long-lived object per [CpuOps]; engine thread only.
final class ExpertRows {
    private final ExpertChoice choice = new ExpertChoice();

    /// Where the tokens of each expert begin in [#order], and behind the last one their number.
    private int[] starts = new int[1];

    /// Choices (`token * topK + i`), by expert.
    private int[] order = new int[0];

    /// Chooses and sorts, for all rows of `scores`.
    void plan(CpuTensor scores, Routing routing, int experts) {
        choice.choose(scores, routing);
        var total = scores.rows() * choice.topK();
        if (starts.length < experts + 1) {
            starts = new int[experts + 1];
        }
        if (order.length < total) {
            order = new int[total];
        }
        Arrays.fill(starts, 0, experts + 1, 0);
        for (var i = 0; i < total; i++) {
            starts[expert(i) + 1]++;
        }
        for (var e = 0; e < experts; e++) {
            starts[e + 1] += starts[e];
        }
        // Filling moves each start to its end, which is the next one's start.
        for (var i = 0; i < total; i++) {
            order[starts[expert(i)]++] = i;
        }
        System.arraycopy(starts, 0, starts, 1, experts);
        starts[0] = 0;
    }

    private int expert(int index) {
        return choice.expert(index / choice.topK(), index % choice.topK());
    }

    /// Tokens that chose `expert`.
    int count(int expert) {
        return starts[expert + 1] - starts[expert];
    }

    /// The `index`th token of `expert`.
    int token(int expert, int index) {
        return order[starts[expert] + index] / choice.topK();
    }

    /// Whether weights are for what experts get, and not for what they make.
    boolean scalesInputs() {
        return choice.scalesInputs();
    }

    /// Copies the rows of `x` that chose `expert` to `rows`, times their weights where these are for inputs.
    void gather(int expert, CpuTensor x, CpuTensor rows) {
        for (var i = 0; i < count(expert); i++) {
            var index = order[starts[expert] + i];
            var token = index / choice.topK();
            var weight = choice.inputWeight(token, index % choice.topK());
            Elementwise.scale(x.data(), x.rowOffset(token), weight, rows.data(), rows.rowOffset(i), x.cols());
        }
    }

    /// Adds what `expert` made of its rows to those of `out`, times their weights.
    void addTo(int expert, CpuTensor rows, CpuTensor out) {
        for (var i = 0; i < count(expert); i++) {
            var index = order[starts[expert] + i];
            var token = index / choice.topK();
            Elementwise.addScaled(
                    rows.data(),
                    rows.rowOffset(i),
                    choice.weight(token, index % choice.topK()),
                    out.data(),
                    out.rowOffset(token),
                    out.cols());
        }
    }
}
