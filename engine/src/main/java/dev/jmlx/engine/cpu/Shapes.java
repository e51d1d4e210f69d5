package dev.jmlx.engine.cpu;

import dev.jmlx.engine.cache.KvCache;
import dev.jmlx.engine.ops.AttentionSpec;
import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.Convolution;
import dev.jmlx.engine.ops.DeltaRule;
import dev.jmlx.engine.ops.Experts;
import dev.jmlx.engine.ops.RopeTable;
import dev.jmlx.engine.ops.Routing;
import dev.jmlx.engine.ops.StateSpace;
import dev.jmlx.engine.tensor.DenseVector;
import dev.jmlx.engine.tensor.Matrix;
import dev.jmlx.engine.tensor.QuantizationMode;
import dev.jmlx.engine.tensor.Tensor;
import java.util.List;
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

    static void rmsNorm(Tensor x, DenseVector weight, int size) {
        if (size < 1 || x.cols() % size != 0 || (weight.length() != size && weight.length() != x.cols())) {
            throw new IllegalArgumentException("rmsNorm: x is " + shape(x) + " in stretches of " + size
                    + " but the weight has " + weight.length() + " values");
        }
    }

    static void layerNorm(Tensor x, DenseVector weight, @Nullable DenseVector bias) {
        if (x.cols() != weight.length() || (bias != null && bias.length() != weight.length())) {
            throw new IllegalArgumentException("layerNorm: x is " + shape(x) + " but the weight has " + weight.length()
                    + " values" + (bias == null ? "" : ", the bias " + bias.length()));
        }
    }

    static void rope(Tensor x, RopeTable table, int headDim, Batch batch) {
        if (x.rows() != batch.tokenCount() || x.cols() % headDim != 0 || table.dims() > headDim) {
            throw new IllegalArgumentException("rope: " + table.dims() + " elements of heads of " + headDim + ", x is "
                    + shape(x) + ", the batch has " + batch.tokenCount() + " tokens");
        }
    }

    static void scaleByPosition(Tensor x, Batch batch) {
        if (x.rows() != batch.tokenCount()) {
            throw new IllegalArgumentException(
                    "scaleByPosition: x is " + shape(x) + " but the batch has " + batch.tokenCount() + " tokens");
        }
    }

    static void same(String operation, Tensor a, Tensor b) {
        if (a.rows() != b.rows() || a.cols() != b.cols()) {
            throw new IllegalArgumentException(operation + ": " + shape(a) + " and " + shape(b) + " differ");
        }
    }

    static void gated(Tensor gate, Tensor x) {
        if (gate.rows() != x.rows() || (gate.cols() != x.cols() && gate.cols() != 1)) {
            throw new IllegalArgumentException(
                    "gated: a gate " + shape(gate) + " for x " + shape(x) + "; it needs one column or as many");
        }
    }

    static void moe(Tensor x, Tensor scores, Routing routing, Experts experts) {
        if (scores.rows() != x.rows() || scores.cols() != experts.count()) {
            throw new IllegalArgumentException(
                    "moe: scores are " + shape(scores) + " for x " + shape(x) + " and " + experts.count() + " experts");
        }
        if (scores.cols() % routing.groups() != 0 || routing.topK() < 1 || routing.topK() > experts.count()) {
            throw new IllegalArgumentException("moe: " + routing.topK() + " of " + experts.count() + " experts in "
                    + routing.groups() + " groups");
        }
        var factors = routing.expertFactors();
        if (factors != null && factors.length() != experts.count()) {
            throw new IllegalArgumentException(
                    "moe: " + factors.length() + " factors for " + experts.count() + " experts");
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

    static void attention(
            Tensor q, @Nullable Tensor k, @Nullable Tensor v, AttentionSpec spec, Batch batch, KvCache.Full cache) {
        var headDim = cache.headDim();
        if (cache.isLatent() ? v != null : (k == null) != (v == null)) {
            throw new IllegalArgumentException(
                    "attention: k and v are both there or both missing; latents have no v of their own");
        }
        if (k != null) {
            stored(k, v == null ? k : v, v == null ? cache.headDim() : cache.valueDim(), batch, cache);
        }
        if (cache.isLatent() && (spec.rope() != null || spec.sinks() != null)) {
            throw new IllegalArgumentException("attention: rotation and sinks are not done with latents");
        }
        if (q.cols() % headDim != 0 || q.cols() / headDim % cache.kvHeads() != 0) {
            throw new IllegalArgumentException(
                    "attention: q is " + shape(q) + ", not a multiple of " + cache.kvHeads() + " heads of " + headDim);
        }
        if (q.rows() != batch.tokenCount()) {
            throw new IllegalArgumentException(
                    "attention: q is " + shape(q) + " but the batch has " + batch.tokenCount() + " tokens");
        }
        if (spec.rope() != null && spec.rope().dims() > headDim) {
            throw new IllegalArgumentException(
                    "attention: rope rotates " + spec.rope().dims() + " elements of heads that have " + headDim);
        }
        if (spec.sinks() != null && spec.sinks().length() != q.cols() / headDim) {
            throw new IllegalArgumentException(
                    "attention: " + spec.sinks().length() + " sinks for " + q.cols() / headDim + " heads");
        }
    }

    static void choosePositions(Tensor q, Tensor k, Tensor weights, int topK, Batch batch, KvCache.Full cache) {
        var heads = weights.cols();
        if (cache.kvHeads() != 1 || k.cols() != cache.headDim() || q.cols() != heads * cache.headDim() || topK < 1) {
            throw new IllegalArgumentException("choosePositions: q, k, weights are " + shape(q) + ", " + shape(k) + ", "
                    + shape(weights) + " for " + topK + " positions and a cache of " + cache.kvHeads() + " heads of "
                    + cache.headDim());
        }
        if (q.rows() != batch.tokenCount() || k.rows() != q.rows() || weights.rows() != q.rows()) {
            throw new IllegalArgumentException("choosePositions: q, k, weights are " + shape(q) + ", " + shape(k) + ", "
                    + shape(weights) + " but the batch has " + batch.tokenCount() + " tokens");
        }
    }

    static void sparseAttention(
            Tensor q, Tensor k, Tensor positions, AttentionSpec spec, Batch batch, KvCache.Full cache) {
        attention(q, k, null, spec, batch, cache);
        if (positions.rows() != q.rows() || !cache.isLatent()) {
            throw new IllegalArgumentException("sparseAttention: positions are " + shape(positions) + " for " + q.rows()
                    + " tokens; the cache must be one of latents");
        }
    }

    /// Whether some token of `batch` sees more than `count` positions.
    static boolean seeMore(Batch batch, int count) {
        for (var segment = 0; segment < batch.segmentCount(); segment++) {
            if (batch.position(batch.segmentStart(segment + 1) - 1) >= count) {
                return true;
            }
        }
        return false;
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

    private static void stored(Tensor k, Tensor v, int valueDim, Batch batch, KvCache.Full cache) {
        if (k.cols() != cache.kvHeads() * cache.headDim() || v.cols() != cache.kvHeads() * valueDim) {
            throw new IllegalArgumentException(
                    "attention: k is " + shape(k) + ", v is " + shape(v) + " but the cache has " + cache.kvHeads()
                            + " heads of " + cache.headDim() + " and " + cache.valueDim());
        }
        if (k.rows() != batch.tokenCount() || v.rows() != batch.tokenCount()) {
            throw new IllegalArgumentException("attention: k and v are " + shape(k) + ", " + shape(v)
                    + " but the batch has " + batch.tokenCount() + " tokens");
        }
    }

    /// Columns of what attention gives for `q`.
    static int attended(Tensor q, KvCache.Full cache) {
        return q.cols() / cache.headDim() * cache.valueDim();
    }

    static void perHead(Tensor x, List<Matrix> weights) {
        var first = weights.getFirst();
        if (x.cols() != weights.size() * first.cols()) {
            throw new IllegalArgumentException(
                    "perHead: x is " + shape(x) + " for " + weights.size() + " weights " + shape(first));
        }
    }

    static void headColumns(Tensor x, int heads, int from, int to) {
        if (x.cols() % heads != 0 || from < 0 || to <= from || to > x.cols() / heads) {
            throw new IllegalArgumentException(
                    "headColumns: " + from + " to " + to + " of each of " + heads + " heads of x " + shape(x));
        }
    }

    static void joinHeads(Tensor a, Tensor b, int heads) {
        if (a.rows() != b.rows() || a.cols() % heads != 0 || b.cols() % heads != 0) {
            throw new IllegalArgumentException(
                    "joinHeads: " + shape(a) + " and " + shape(b) + " for " + heads + " heads");
        }
    }

    static void convolution(Tensor x, Convolution convolution, Batch batch) {
        if (x.rows() != batch.tokenCount() || x.cols() != convolution.channels()) {
            throw new IllegalArgumentException("convolution: x is " + shape(x) + " for " + convolution.channels()
                    + " channels and " + batch.tokenCount() + " tokens");
        }
    }

    static void deltaRule(Tensor qkv, Tensor a, Tensor b, DeltaRule rule, Batch batch) {
        var tokens = batch.tokenCount();
        if (qkv.rows() != tokens
                || qkv.cols() != rule.width()
                || a.rows() != tokens
                || a.cols() != rule.valueHeads()
                || b.rows() != tokens
                || b.cols() != rule.valueHeads()) {
            throw new IllegalArgumentException("deltaRule: qkv, a, b are " + shape(qkv) + ", " + shape(a) + ", "
                    + shape(b) + " for " + tokens + " tokens, " + rule.width() + " columns and " + rule.valueHeads()
                    + " heads");
        }
    }

    static void stateSpace(Tensor xbc, Tensor dt, StateSpace space, Batch batch) {
        var tokens = batch.tokenCount();
        if (xbc.rows() != tokens || xbc.cols() != space.width() || dt.rows() != tokens || dt.cols() != space.heads()) {
            throw new IllegalArgumentException("stateSpace: xbc, dt are " + shape(xbc) + ", " + shape(dt) + " for "
                    + tokens + " tokens, " + space.width() + " columns and " + space.heads() + " heads");
        }
    }

    /// Heads to a key-value head.
    static int headsPerKvHead(Tensor q, KvCache.Full cache) {
        return q.cols() / (cache.kvHeads() * cache.headDim());
    }

    /// Whether the CPU backend has kernels for `weight`, as stored.
    static void weight(Matrix weight) {
        if (weight instanceof Matrix.Quantized w && w.mode() == QuantizationMode.AFFINE) {
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
