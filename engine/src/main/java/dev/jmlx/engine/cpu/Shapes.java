package dev.jmlx.engine.cpu;

import dev.jmlx.engine.cache.KvCache;
import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.RopeTable;
import dev.jmlx.engine.tensor.DenseVector;
import dev.jmlx.engine.tensor.Matrix;
import dev.jmlx.engine.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// The entry checks that both CPU implementations share; each throws an [IllegalArgumentException] that names
/// the operation and the two shapes that disagree. Any thread.
final class Shapes {
    private Shapes() {}

    static void linear(Tensor x, Matrix weight, @Nullable DenseVector bias) {
        if (x.cols() != weight.cols()) {
            throw mismatch("linear", "x", x, weight);
        }
        if (bias != null && bias.length() != weight.rows()) {
            throw new IllegalArgumentException("linear: bias of " + bias.length() + " for weight " + shape(weight)
                    + "; it needs one value per weight row");
        }
    }

    static void rmsNorm(Tensor x, DenseVector weight) {
        if (x.cols() != weight.length()) {
            throw new IllegalArgumentException(
                    "rmsNorm: x is " + shape(x) + " but the weight has " + weight.length() + " values");
        }
    }

    static void add(Tensor a, Tensor b) {
        if (a.rows() != b.rows() || a.cols() != b.cols()) {
            throw new IllegalArgumentException("add: " + shape(a) + " and " + shape(b) + " differ");
        }
    }

    static void gatedMlp(Tensor x, Matrix gate, Matrix up, Matrix down) {
        if (x.cols() != gate.cols()) {
            throw mismatch("gatedMlp", "x", x, gate);
        }
        if (gate.rows() != up.rows() || gate.cols() != up.cols()) {
            throw new IllegalArgumentException("gatedMlp: gate is " + shape(gate) + " but up is " + shape(up));
        }
        if (down.cols() != gate.rows()) {
            throw new IllegalArgumentException("gatedMlp: gate is " + shape(gate) + " but down is " + shape(down));
        }
    }

    static void attention(Tensor q, Tensor k, Tensor v, @Nullable RopeTable rope, Batch batch, KvCache.Full cache) {
        var headDim = cache.headDim();
        var width = cache.kvHeads() * headDim;
        if (k.cols() != width || v.cols() != width) {
            throw new IllegalArgumentException("attention: k is " + shape(k) + ", v is " + shape(v)
                    + " but the cache has " + cache.kvHeads() + " heads of " + headDim);
        }
        if (q.cols() % headDim != 0 || q.cols() / headDim % cache.kvHeads() != 0) {
            throw new IllegalArgumentException(
                    "attention: q is " + shape(q) + ", not a multiple of " + cache.kvHeads() + " heads of " + headDim);
        }
        var tokens = batch.tokenCount();
        if (q.rows() != tokens || k.rows() != tokens || v.rows() != tokens) {
            throw new IllegalArgumentException("attention: q, k, v are " + shape(q) + ", " + shape(k) + ", " + shape(v)
                    + " but the batch has " + tokens + " tokens");
        }
        if (rope != null && rope.dims() > headDim) {
            throw new IllegalArgumentException(
                    "attention: rope rotates " + rope.dims() + " elements of heads that have " + headDim);
        }
    }

    static void embed(Matrix table, Batch batch) {
        for (var row = 0; row < batch.tokenCount(); row++) {
            if (batch.token(row) < 0 || batch.token(row) >= table.rows()) {
                throw new IllegalArgumentException(
                        "embed: token " + batch.token(row) + " is not a row of the table " + shape(table));
            }
        }
    }

    static void logitRows(Tensor x, Batch batch) {
        if (x.rows() != batch.tokenCount()) {
            throw new IllegalArgumentException(
                    "logitRows: x is " + shape(x) + " but the batch has " + batch.tokenCount() + " tokens");
        }
    }

    static void readRow(Tensor x, int row, float[] target) {
        if (row < 0 || row >= x.rows() || target.length < x.cols()) {
            throw new IllegalArgumentException(
                    "readRow: row " + row + " of " + shape(x) + " into " + target.length + " floats");
        }
    }

    /// Heads to a key-value head.
    static int headsPerKvHead(Tensor q, KvCache.Full cache) {
        return q.cols() / (cache.kvHeads() * cache.headDim());
    }

    /// Whether the CPU backend has kernels for `weight`, as stored.
    static void weight(Matrix weight) {
        if (weight instanceof Matrix.Quantized w) {
            var bits = w.bits();
            if (bits < 2 || bits > 8 || bits == 7) {
                throw new IllegalArgumentException(
                        "weight " + shape(w) + ": " + bits + " bits; the CPU backend has 2, 3, 4, 5, 6 and 8");
            }
            var groupSize = w.groupSize();
            if ((groupSize != 32 && groupSize != 64 && groupSize != 128) || w.cols() % groupSize != 0) {
                throw new IllegalArgumentException("weight " + shape(w) + ": group size " + groupSize
                        + " must be 32, 64 or 128 and divide the columns");
            }
        }
    }

    private static IllegalArgumentException mismatch(String operation, String name, Tensor x, Matrix weight) {
        return new IllegalArgumentException(
                operation + ": " + name + " is " + shape(x) + " but the weight is " + shape(weight));
    }

    private static String shape(Tensor x) {
        return "[" + x.rows() + ", " + x.cols() + "]";
    }

    private static String shape(Matrix weight) {
        return "[" + weight.rows() + ", " + weight.cols() + "]";
    }
}
