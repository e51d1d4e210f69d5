package dev.jmlx.engine.cpu;

import dev.jmlx.engine.cache.KvCache;
import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.Convolution;
import dev.jmlx.engine.ops.DeltaRule;
import dev.jmlx.engine.ops.StateSpace;

/// Recurrent operations by their definitions, for [ScalarOps]: token after token, sums in double. One thread.
final class ScalarRecurrence {
    private ScalarRecurrence() {}

    static void convolution(
            CpuTensor x, Convolution convolution, Batch batch, KvCache.State cache, int stateAt, CpuTensor out) {
        var channels = convolution.channels();
        var kept = convolution.length() - 1;
        for (var segment = 0; segment < batch.segmentCount(); segment++) {
            var state = cache.of(batch.segmentSlot(segment));
            for (var row = batch.segmentStart(segment); row < batch.segmentStart(segment + 1); row++) {
                for (var c = 0; c < channels; c++) {
                    var input = x.data()[x.rowOffset(row) + c];
                    var sum = (double) convolution.taps()[kept][c] * input;
                    for (var j = 0; j < kept; j++) {
                        sum += (double) convolution.taps()[j][c] * state[stateAt + j * channels + c];
                    }
                    sum += convolution.bias() == null ? 0 : convolution.bias().values()[c];
                    out.data()[out.rowOffset(row) + c] =
                            (float) (convolution.isActivated() ? sum / (1 + Math.exp(-sum)) : sum);
                    for (var j = 0; j < kept; j++) {
                        var next = j + 1 < kept ? state[stateAt + (j + 1) * channels + c] : input;
                        state[stateAt + j * channels + c] = next;
                    }
                }
            }
        }
    }

    /// The state is `[valueHead][key][value]`.
    static void deltaRule(
            CpuTensor qkv,
            CpuTensor a,
            CpuTensor b,
            DeltaRule rule,
            Batch batch,
            KvCache.State cache,
            int stateAt,
            CpuTensor out) {
        for (var segment = 0; segment < batch.segmentCount(); segment++) {
            var state = cache.of(batch.segmentSlot(segment));
            for (var row = batch.segmentStart(segment); row < batch.segmentStart(segment + 1); row++) {
                for (var head = 0; head < rule.valueHeads(); head++) {
                    var at = stateAt + head * rule.keyDim() * rule.valueDim();
                    head(qkv, a, b, rule, row, head, state, at, out);
                }
            }
        }
    }

    private static void head(
            CpuTensor qkv,
            CpuTensor a,
            CpuTensor b,
            DeltaRule rule,
            int row,
            int head,
            float[] state,
            int at,
            CpuTensor out) {
        var keyDim = rule.keyDim();
        var valueDim = rule.valueDim();
        var keyHead = head / (rule.valueHeads() / rule.keyHeads());
        var q = qkv.rowOffset(row) + keyHead * keyDim;
        var k = q + rule.keyHeads() * keyDim;
        var v = qkv.rowOffset(row) + 2 * rule.keyHeads() * keyDim + head * valueDim;
        var x = qkv.data();
        var qFactor = 1 / Math.sqrt(keyDim) / length(x, q, keyDim);
        var kFactor = 1 / length(x, k, keyDim);
        var decay = decay(rule, head, a.data()[a.rowOffset(row) + head]);
        var beta = 1 / (1 + Math.exp(-b.data()[b.rowOffset(row) + head]));
        for (var j = 0; j < valueDim; j++) {
            var stored = 0.0;
            for (var i = 0; i < keyDim; i++) {
                stored += decay * state[at + i * valueDim + j] * x[k + i] * kFactor;
            }
            var delta = (x[v + j] - stored) * beta;
            var result = 0.0;
            for (var i = 0; i < keyDim; i++) {
                var next = decay * state[at + i * valueDim + j] + x[k + i] * kFactor * delta;
                state[at + i * valueDim + j] = (float) next;
                result += next * x[q + i] * qFactor;
            }
            out.data()[out.rowOffset(row) + head * valueDim + j] = (float) result;
        }
    }

    /// What a head keeps of its state: `exp(-exp(aLog) * softplus(a + dtBias))`.
    static double decay(DeltaRule rule, int head, float a) {
        var step = Math.log1p(Math.exp(a + rule.dtBias().values()[head]));
        return Math.exp(-Math.exp(rule.aLog().values()[head]) * step);
    }

    static double length(float[] x, int from, int count) {
        var squares = 1e-6;
        for (var i = 0; i < count; i++) {
            squares += (double) x[from + i] * x[from + i];
        }
        return Math.sqrt(squares);
    }

    /// The state is `[head][stateSize][headDim]`.
    static void stateSpace(
            CpuTensor xbc,
            CpuTensor dt,
            StateSpace space,
            Batch batch,
            KvCache.State cache,
            int stateAt,
            CpuTensor out) {
        var dims = space.headDim();
        for (var segment = 0; segment < batch.segmentCount(); segment++) {
            var state = cache.of(batch.segmentSlot(segment));
            for (var row = batch.segmentStart(segment); row < batch.segmentStart(segment + 1); row++) {
                for (var head = 0; head < space.heads(); head++) {
                    var x = xbc.rowOffset(row) + head * dims;
                    var b = bOffset(space, xbc, row, head);
                    var c = b + space.groups() * space.stateSize();
                    var step = step(space, head, dt.data()[dt.rowOffset(row) + head]);
                    var decay = Math.exp(-Math.exp(space.aLog().values()[head]) * step);
                    for (var j = 0; j < dims; j++) {
                        double value = xbc.data()[x + j];
                        var sum = space.d().values()[head] * value;
                        for (var n = 0; n < space.stateSize(); n++) {
                            var at = stateAt + (head * space.stateSize() + n) * dims + j;
                            var next = decay * state[at] + step * value * xbc.data()[b + n];
                            state[at] = (float) next;
                            sum += next * xbc.data()[c + n];
                        }
                        out.data()[out.rowOffset(row) + head * dims + j] = (float) sum;
                    }
                }
            }
        }
    }

    /// Where the `B` of a head begins.
    static int bOffset(StateSpace space, CpuTensor xbc, int row, int head) {
        var group = head / (space.heads() / space.groups());
        return xbc.rowOffset(row) + space.heads() * space.headDim() + group * space.stateSize();
    }

    /// How long a token's step is.
    static double step(StateSpace space, int head, float dt) {
        var step = Math.log1p(Math.exp(dt + space.dtBias().values()[head]));
        return Math.clamp(step, space.leastStep(), space.mostStep());
    }
}
