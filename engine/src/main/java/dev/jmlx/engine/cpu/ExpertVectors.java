package dev.jmlx.engine.cpu;

import dev.jmlx.engine.ops.Experts;
import dev.jmlx.engine.ops.Precision;
import java.util.ArrayList;
import java.util.List;

/// The experts that have one token of a step, which is how a step of few tokens uses them: all of them in two
/// parallel regions, one for gates and first layers, one for last layers.
///
/// An expert's layers are small: one after the other, regions began and ended about as often as threads had
/// read a hundred kilobytes. One long-lived object per [CpuOps]; engine thread.
final class ExpertVectors {
    private final WorkerPool pool;
    private final Precision precision;
    private final SeparateLinears linears;
    private final RowTask gating;
    private final CpuTensor row = new CpuTensor();
    private final List<Input> inputs = new ArrayList<>();

    /// The experts of the call that is running.
    private int[] chosen = new int[0];

    private int count;

    ExpertVectors(WorkerPool pool, RowTask gating, Precision precision) {
        this.pool = pool;
        this.precision = precision;
        linears = new SeparateLinears(pool);
        this.gating = gating;
    }

    /// A vector and its arrangement for weights.
    private record Input(CpuTensor row, TokenInput arranged) {
        /// From now on the row `index` of `x`, or its first `size` columns.
        void point(CpuTensor x, int index, int size) {
            row.point(x.data(), x.rowOffset(index), 1, size);
            arranged.forget();
        }

        TokenInput prepared(RowBlocks weight) {
            arranged.prepare(row, weight);
            return arranged;
        }
    }

    /// Whether `expert` has one token of `rows`, and kernels.
    static boolean takes(ExpertRows rows, Experts experts, int expert) {
        if (rows.count(expert) != 1) {
            return false;
        }
        var layers = experts.experts().get(expert);
        var up = (RowBlocks) layers.upProj();
        var gate = layers.gateProj() == null ? up : (RowBlocks) layers.gateProj();
        return MatVec.applies(up) && VectorInput.same(gate, up) && MatVec.applies((RowBlocks) layers.downProj());
    }

    /// Adds what the experts that it takes make of their tokens of `x` to `out`, with tensors of `memory`.
    void apply(CpuTensor x, ExpertRows rows, Experts experts, StepArena memory, CpuTensor out) {
        choose(rows, experts);
        if (count == 0) {
            return;
        }
        var hidden = firstLayers(x, rows, experts, memory);
        var size = experts.experts().getFirst().upProj().rows();
        var results = memory.take(count, Lanes.roundUp(out.cols()));
        for (var i = 0; i < count; i++) {
            var down = (RowBlocks) experts.experts().get(chosen[i]).downProj();
            inputs.get(i).point(hidden, i, size);
            linears.add(down, inputs.get(i).prepared(down), results.data(), results.rowOffset(i));
        }
        linears.run();
        for (var i = 0; i < count; i++) {
            var bias = experts.experts().get(chosen[i]).downBias();
            row.point(results.data(), results.rowOffset(i), 1, results.cols());
            LinearTask.addBias(row, bias == null ? null : bias.values(), 0, out.cols());
            rows.addTo(chosen[i], row, out);
        }
    }

    private void choose(ExpertRows rows, Experts experts) {
        if (chosen.length < experts.count()) {
            chosen = new int[experts.count()];
        }
        count = 0;
        for (var expert = 0; expert < experts.count(); expert++) {
            if (takes(rows, experts, expert)) {
                chosen[count++] = expert;
            }
        }
    }

    /// Activated gates times first layers, a row for each expert, in whole blocks.
    private CpuTensor firstLayers(CpuTensor x, ExpertRows rows, Experts experts, StepArena memory) {
        var width = Lanes.roundUp(experts.experts().getFirst().upProj().rows());
        var gates = memory.take(count, width);
        var upped = memory.take(count, width);
        var own = gather(x, rows, memory);
        for (var i = 0; i < count; i++) {
            var expert = experts.experts().get(chosen[i]);
            var up = (RowBlocks) expert.upProj();
            var input = inputs.get(own ? i : rows.token(chosen[i], 0)).prepared(up);
            if (expert.gateProj() != null) {
                linears.add((RowBlocks) expert.gateProj(), input, gates.data(), gates.rowOffset(i));
            }
            linears.add(up, input, upped.data(), upped.rowOffset(i));
        }
        linears.run();
        activate(experts, gates, upped);
        return gates;
    }

    private void activate(Experts experts, CpuTensor gates, CpuTensor upped) {
        for (var i = 0; i < count; i++) {
            var expert = experts.experts().get(chosen[i]);
            var size = expert.upProj().rows();
            row.point(upped.data(), upped.rowOffset(i), 1, upped.cols());
            LinearTask.addBias(
                    row, expert.upBias() == null ? null : expert.upBias().values(), 0, size);
            row.point(gates.data(), gates.rowOffset(i), 1, gates.cols());
            LinearTask.addBias(
                    row, expert.gateBias() == null ? null : expert.gateBias().values(), 0, size);
            if (expert.gateProj() == null) {
                System.arraycopy(upped.data(), upped.rowOffset(i), gates.data(), gates.rowOffset(i), size);
            }
        }
        gating.gate(gates, upped, experts.activation(), gates);
    }

    /// Sets the inputs: a row for each expert where weights are for what they get, and then true; else one for
    /// each token, whose experts read the same arrangement.
    private boolean gather(CpuTensor x, ExpertRows rows, StepArena memory) {
        while (inputs.size() < Math.max(count, x.rows())) {
            inputs.add(new Input(new CpuTensor(), new TokenInput(precision, new ShortFewInput(pool))));
        }
        if (!rows.scalesInputs()) {
            for (var token = 0; token < x.rows(); token++) {
                inputs.get(token).point(x, token, x.cols());
            }
            return false;
        }
        var own = memory.take(count, x.cols());
        for (var i = 0; i < count; i++) {
            row.point(own.data(), own.rowOffset(i), 1, x.cols());
            rows.gather(chosen[i], x, row);
            inputs.get(i).point(own, i, x.cols());
        }
        return true;
    }
}
