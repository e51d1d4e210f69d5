package dev.jmlx.engine.cpu;

import dev.jmlx.engine.cache.KvCache;
import dev.jmlx.engine.ops.Activation;
import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.ops.RopeTable;
import dev.jmlx.engine.tensor.DenseVector;
import dev.jmlx.engine.tensor.Matrix;
import dev.jmlx.engine.tensor.Tensor;
import java.lang.foreign.Arena;
import org.jspecify.annotations.Nullable;

/// The slow truth: every operation as plain loops over one element at a time, sums in double.
///
/// Tests compare every backend with it; nothing else uses it. One thread. Results are f32, rounded once per
/// operation.
public final class ScalarOps implements Ops {
    private final StepArena arena = new StepArena();

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
    public Tensor rmsNorm(Tensor x, DenseVector weight, float eps) {
        Shapes.rmsNorm(x, weight);
        var in = (CpuTensor) x;
        var out = arena.take(x.rows(), x.cols());
        for (var t = 0; t < x.rows(); t++) {
            var squares = 0.0;
            for (var c = 0; c < x.cols(); c++) {
                double value = in.data()[in.rowOffset(t) + c];
                squares += value * value;
            }
            var factor = 1 / Math.sqrt(squares / x.cols() + eps);
            for (var c = 0; c < x.cols(); c++) {
                out.data()[out.rowOffset(t) + c] =
                        (float) (in.data()[in.rowOffset(t) + c] * factor * weight.values()[c]);
            }
        }
        return out;
    }

    @Override
    public Tensor add(Tensor a, Tensor b) {
        Shapes.add(a, b);
        var left = (CpuTensor) a;
        var right = (CpuTensor) b;
        var out = arena.take(a.rows(), a.cols());
        for (var i = 0; i < out.size(); i++) {
            out.data()[out.offset() + i] = left.data()[left.offset() + i] + right.data()[right.offset() + i];
        }
        return out;
    }

    @Override
    public Tensor gatedMlp(Tensor x, Matrix gate, Matrix up, Matrix down, Activation activation) {
        Shapes.gatedMlp(x, gate, up, down);
        var gated = (CpuTensor) linear(x, gate, null);
        var upped = (CpuTensor) linear(x, up, null);
        for (var i = 0; i < gated.size(); i++) {
            var at = gated.offset() + i;
            var activated = activate(activation, gated.data()[at]);
            gated.data()[at] = (float) (activated * upped.data()[upped.offset() + i]);
        }
        return linear(gated, down, null);
    }

    @Override
    public Tensor attention(
            Tensor q, Tensor k, Tensor v, @Nullable RopeTable rope, float scale, Batch batch, KvCache.Full cache) {
        Shapes.attention(q, k, v, rope, batch, cache);
        var out = arena.take(q.rows(), q.cols());
        ScalarAttention.apply((CpuTensor) q, (CpuTensor) k, (CpuTensor) v, rope, scale, batch, cache, out);
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

    private static double activate(Activation activation, double x) {
        return switch (activation) {
            case SILU -> x / (1 + Math.exp(-x));
        };
    }
}
