package dev.jmlx.engine.cpu;

import dev.jmlx.engine.cache.KvCache;
import dev.jmlx.engine.ops.Activation;
import dev.jmlx.engine.ops.AttentionSpec;
import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.Convolution;
import dev.jmlx.engine.ops.DeltaRule;
import dev.jmlx.engine.ops.Experts;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.ops.PositionScale;
import dev.jmlx.engine.ops.RopeTable;
import dev.jmlx.engine.ops.Routing;
import dev.jmlx.engine.ops.StateSpace;
import dev.jmlx.engine.tensor.DenseVector;
import dev.jmlx.engine.tensor.Matrix;
import dev.jmlx.engine.tensor.ScalarMatrix;
import dev.jmlx.engine.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The slow truth: every operation as plain loops over one element at a time, sums in double.
///
/// Tests compare every backend with it; nothing else uses it. One thread. Results are f32, rounded once per
/// operation.
public final class ScalarOps implements Ops {
    private final StepArena arena = new StepArena();
    private final ExpertChoice choice = new ExpertChoice();

    @Override
    public String describe() {
        return "cpu, scalar reference, 1 thread";
    }

    @Override
    public Matrix prepare(Matrix matrix, Arena memory) {
        Shapes.weight(matrix);
        return matrix;
    }

    @Override
    public void beginStep() {
        arena.reset();
    }

    @Override
    public void keepOnly(Tensor x) {
        arena.keepOnly();
    }

    @Override
    public Tensor pin(Tensor x) {
        var in = (CpuTensor) x;
        var out = arena.takePinned(x.rows(), x.cols());
        System.arraycopy(in.data(), in.offset(), out.data(), out.offset(), in.size());
        return out;
    }

    @Override
    public Tensor embed(Matrix table, Batch batch) {
        Shapes.embed(table, batch);
        var out = arena.take(batch.tokenCount(), table.cols());
        var values = new double[table.cols()];
        for (var t = 0; t < batch.tokenCount(); t++) {
            ScalarMatrix.row(table, batch.token(t), values);
            for (var c = 0; c < values.length; c++) {
                out.data()[out.rowOffset(t) + c] = (float) values[c];
            }
        }
        return out;
    }

    @Override
    public Tensor linear(Tensor x, Matrix weight, @Nullable DenseVector bias) {
        Shapes.linear(x, weight, bias);
        var in = (CpuTensor) x;
        var out = arena.take(x.rows(), weight.rows());
        var values = new double[weight.cols()];
        for (var r = 0; r < weight.rows(); r++) {
            ScalarMatrix.row(weight, r, values);
            for (var t = 0; t < x.rows(); t++) {
                var sum = bias == null ? 0 : (double) bias.values()[r];
                for (var c = 0; c < values.length; c++) {
                    sum += in.data()[in.rowOffset(t) + c] * values[c];
                }
                out.data()[out.rowOffset(t) + r] = (float) sum;
            }
        }
        return out;
    }

    @Override
    public Tensor rmsNorm(Tensor x, DenseVector weight, int size, float eps) {
        Shapes.rmsNorm(x, weight, size);
        var in = (CpuTensor) x;
        var out = arena.take(x.rows(), x.cols());
        for (var from = 0; from < in.size(); from += size) {
            var squares = 0.0;
            for (var c = 0; c < size; c++) {
                double value = in.data()[in.offset() + from + c];
                squares += value * value;
            }
            var factor = 1 / Math.sqrt(squares / size + eps);
            for (var c = 0; c < size; c++) {
                out.data()[out.offset() + from + c] = (float)
                        (in.data()[in.offset() + from + c] * factor * weight.values()[(from + c) % weight.length()]);
            }
        }
        return out;
    }

    @Override
    public Tensor layerNorm(Tensor x, DenseVector weight, @Nullable DenseVector bias, float eps) {
        Shapes.layerNorm(x, weight, bias);
        var in = (CpuTensor) x;
        var out = arena.take(x.rows(), x.cols());
        for (var t = 0; t < x.rows(); t++) {
            var mean = 0.0;
            for (var c = 0; c < x.cols(); c++) {
                mean += in.data()[in.rowOffset(t) + c] / (double) x.cols();
            }
            var variance = 0.0;
            for (var c = 0; c < x.cols(); c++) {
                var difference = in.data()[in.rowOffset(t) + c] - mean;
                variance += difference * difference / x.cols();
            }
            for (var c = 0; c < x.cols(); c++) {
                var normed = (in.data()[in.rowOffset(t) + c] - mean) / Math.sqrt(variance + eps);
                var shift = bias == null ? 0 : bias.values()[c];
                out.data()[out.rowOffset(t) + c] = (float) (normed * weight.values()[c] + shift);
            }
        }
        return out;
    }

    @Override
    public Tensor add(Tensor a, Tensor b) {
        Shapes.same("add", a, b);
        var left = (CpuTensor) a;
        var right = (CpuTensor) b;
        var out = arena.take(a.rows(), a.cols());
        for (var i = 0; i < out.size(); i++) {
            out.data()[out.offset() + i] = left.data()[left.offset() + i] + right.data()[right.offset() + i];
        }
        return out;
    }

    @Override
    public Tensor scale(Tensor x, float factor) {
        return each(x, (value, _, _) -> (double) value * factor);
    }

    @Override
    public Tensor softcap(Tensor x, float cap) {
        return each(x, (value, _, _) -> cap * Math.tanh(value / cap));
    }

    @Override
    public Tensor gated(Tensor gate, Tensor x, Activation activation) {
        Shapes.gated(gate, x);
        var by = (CpuTensor) gate;
        var step = gate.cols() == 1 ? 0 : 1;
        return each(x, (value, row, col) -> gate(activation, by.data()[by.rowOffset(row) + step * col], value));
    }

    @Override
    public Tensor moe(Tensor x, Tensor scores, Routing routing, Experts experts) {
        Shapes.moe(x, scores, routing, experts);
        choice.choose((CpuTensor) scores, routing);
        var out = arena.take(x.rows(), x.cols());
        Arrays.fill(out.data(), out.offset(), out.offset() + out.size(), 0);
        for (var token = 0; token < x.rows(); token++) {
            for (var i = 0; i < choice.topK(); i++) {
                var expert = choice.expert(token, i);
                var own = row((CpuTensor) x, token);
                var weight = choice.inputWeight(token, i);
                var result = (CpuTensor) expert(
                        each(own, (value, _, _) -> value * weight),
                        experts.experts().get(expert),
                        experts);
                for (var c = 0; c < out.cols(); c++) {
                    out.data()[out.rowOffset(token) + c] +=
                            choice.weight(token, i) * result.data()[result.offset() + c];
                }
            }
        }
        return out;
    }

    private Tensor expert(Tensor x, Experts.Expert expert, Experts experts) {
        var up = linear(x, expert.upProj(), expert.upBias());
        var gate = expert.gateProj() == null ? up : linear(x, expert.gateProj(), expert.gateBias());
        return linear(gated(gate, up, experts.activation()), expert.downProj(), expert.downBias());
    }

    private CpuTensor row(CpuTensor x, int row) {
        var out = arena.take(1, x.cols());
        System.arraycopy(x.data(), x.rowOffset(row), out.data(), out.offset(), x.cols());
        return out;
    }

    @Override
    public Tensor rope(Tensor x, RopeTable table, int headDim, Batch batch) {
        Shapes.rope(x, table, headDim, batch);
        var out = each(x, (value, _, _) -> value);
        for (var row = 0; row < x.rows(); row++) {
            ScalarAttention.rotate(out, row, headDim, batch.position(row), table);
        }
        return out;
    }

    @Override
    public Tensor headColumns(Tensor x, int heads, int from, int to) {
        Shapes.headColumns(x, heads, from, to);
        var out = arena.take(x.rows(), heads * (to - from));
        HeadColumns.copy((CpuTensor) x, x.cols() / heads, from, out, to - from, 0, to - from, heads);
        return out;
    }

    @Override
    public Tensor joinHeads(Tensor a, Tensor b, int heads) {
        Shapes.joinHeads(a, b, heads);
        var first = a.cols() / heads;
        var second = b.cols() / heads;
        var out = arena.take(a.rows(), a.cols() + b.cols());
        HeadColumns.copy((CpuTensor) a, first, 0, out, first + second, 0, first, heads);
        HeadColumns.copy((CpuTensor) b, second, 0, out, first + second, first, second, heads);
        return out;
    }

    @Override
    public Tensor perHead(Tensor x, List<Matrix> weights) {
        Shapes.perHead(x, weights);
        var inSize = weights.getFirst().cols();
        var outSize = weights.getFirst().rows();
        var out = arena.take(x.rows(), weights.size() * outSize);
        for (var head = 0; head < weights.size(); head++) {
            var part = headColumns(x, 1, head * inSize, (head + 1) * inSize);
            var result = (CpuTensor) linear(part, weights.get(head), null);
            HeadColumns.copy(result, outSize, 0, out, out.cols(), head * outSize, outSize, 1);
        }
        return out;
    }

    @Override
    public Tensor scaleByPosition(Tensor x, PositionScale scale, Batch batch) {
        Shapes.scaleByPosition(x, batch);
        return each(x, (value, row, _) -> (double) value * scale.at(batch.position(row)));
    }

    /// What becomes of one element.
    @FunctionalInterface
    private interface Element {
        double apply(float value, int row, int col);
    }

    private CpuTensor each(Tensor x, Element function) {
        var in = (CpuTensor) x;
        var out = arena.take(x.rows(), x.cols());
        for (var row = 0; row < x.rows(); row++) {
            for (var col = 0; col < x.cols(); col++) {
                var value = in.data()[in.rowOffset(row) + col];
                out.data()[out.rowOffset(row) + col] = (float) function.apply(value, row, col);
            }
        }
        return out;
    }

    @Override
    public Tensor gatedMlp(Tensor x, Matrix gate, Matrix up, Matrix down, Activation activation) {
        Shapes.gatedMlp(x, gate, up, down);
        return linear(gated(linear(x, gate, null), linear(x, up, null), activation), down, null);
    }

    @Override
    public Tensor attention(
            Tensor q, @Nullable Tensor k, @Nullable Tensor v, AttentionSpec spec, Batch batch, KvCache.Full cache) {
        Shapes.attention(q, k, v, spec, batch, cache);
        var out = arena.take(q.rows(), Shapes.attended(q, cache));
        ScalarAttention.apply((CpuTensor) q, (CpuTensor) k, (CpuTensor) v, spec, batch, cache, null, out);
        return out;
    }

    @Override
    public Tensor choosePositions(Tensor q, Tensor k, Tensor weights, int topK, Batch batch, KvCache.Full cache) {
        Shapes.choosePositions(q, k, weights, topK, batch, cache);
        var out = arena.take(q.rows(), topK);
        ScalarAttention.choose((CpuTensor) q, (CpuTensor) k, (CpuTensor) weights, batch, cache, out);
        return out;
    }

    @Override
    public Tensor sparseAttention(
            Tensor q, Tensor k, Tensor positions, AttentionSpec spec, Batch batch, KvCache.Full cache) {
        Shapes.sparseAttention(q, k, positions, spec, batch, cache);
        var out = arena.take(q.rows(), Shapes.attended(q, cache));
        var chosen = (CpuTensor) positions;
        ScalarAttention.apply((CpuTensor) q, (CpuTensor) k, null, spec, batch, cache, chosen, out);
        return out;
    }

    @Override
    public Tensor convolution(Tensor x, Convolution convolution, Batch batch, KvCache.State state, int stateAt) {
        Shapes.convolution(x, convolution, batch);
        var in = (CpuTensor) x;
        var out = arena.take(x.rows(), x.cols());
        ScalarRecurrence.convolution(in, convolution, batch, state, stateAt, out);
        return out;
    }

    @Override
    public Tensor deltaRule(
            Tensor qkv, Tensor a, Tensor b, DeltaRule rule, Batch batch, KvCache.State state, int stateAt) {
        Shapes.deltaRule(qkv, a, b, rule, batch);
        var out = arena.take(qkv.rows(), rule.valueHeads() * rule.valueDim());
        ScalarRecurrence.deltaRule((CpuTensor) qkv, (CpuTensor) a, (CpuTensor) b, rule, batch, state, stateAt, out);
        return out;
    }

    @Override
    public Tensor stateSpace(Tensor xbc, Tensor dt, StateSpace space, Batch batch, KvCache.State state, int stateAt) {
        Shapes.stateSpace(xbc, dt, space, batch);
        var out = arena.take(xbc.rows(), space.heads() * space.headDim());
        ScalarRecurrence.stateSpace((CpuTensor) xbc, (CpuTensor) dt, space, batch, state, stateAt, out);
        return out;
    }

    @Override
    public Tensor logitRows(Tensor x, Batch batch) {
        Shapes.logitRows(x, batch);
        var in = (CpuTensor) x;
        var out = arena.take(batch.logitCount(), x.cols());
        for (var i = 0; i < batch.logitCount(); i++) {
            System.arraycopy(in.data(), in.rowOffset(batch.logitRow(i)), out.data(), out.rowOffset(i), x.cols());
        }
        return out;
    }

    @Override
    public void readRow(Tensor x, int row, float[] target) {
        Shapes.readRow(x, row, target);
        var in = (CpuTensor) x;
        System.arraycopy(in.data(), in.rowOffset(row), target, 0, x.cols());
    }

    @Override
    public void close() {}

    /// `activation(gate) * x`.
    static double gate(Activation activation, double gate, double x) {
        return switch (activation) {
            case SILU -> gate / (1 + Math.exp(-gate)) * x;
            case GELU -> {
                var inner = Math.sqrt(2 / Math.PI) * (gate + 0.044715 * gate * gate * gate);
                yield 0.5 * gate * (1 + Math.tanh(inner)) * x;
            }
            case SIGMOID -> 1 / (1 + Math.exp(-gate)) * x;
            case IDENTITY -> gate * x;
            case RELU -> Math.max(gate, 0) * x;
            case CLAMPED_SILU -> {
                var g = Math.min(gate, Activation.CLAMP);
                yield g
                        / (1 + Math.exp(-Activation.CLAMPED_SLOPE * g))
                        * (Math.clamp(x, -Activation.CLAMP, Activation.CLAMP) + 1);
            }
        };
    }
}
