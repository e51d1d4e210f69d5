package dev.jmlx.engine.cpu;

import dev.jmlx.engine.cache.KvCache;
import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.Convolution;
import dev.jmlx.engine.ops.DeltaRule;
import dev.jmlx.engine.ops.StateSpace;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Recurrent operations, spread over heads or channels; the tokens of a segment follow each other.
///
/// The inner loops run along values or channels, side by side in memory, and are plain: C2 makes vectors of
/// them. One long-lived object per [CpuOps]; engine thread, workers inside the operations.
final class RecurrenceTask {
    /// Channels of a unit of the convolution.
    private static final int CHANNELS = 512;

    private final WorkerPool pool;
    private final float[][] stored;
    private final WorkerPool.Task deltaHead = this::deltaHead;
    private final WorkerPool.Task convolve = this::convolve;
    private final WorkerPool.Task spaceHead = this::spaceHead;

    // The arguments of the call that is running.
    private CpuTensor x = new CpuTensor();
    private CpuTensor a = x;
    private CpuTensor b = x;
    private CpuTensor out = x;
    private @Nullable DeltaRule rule;
    private @Nullable Convolution convolution;
    private @Nullable StateSpace space;
    private @Nullable Batch batch;
    private KvCache.@Nullable State cache;
    private int stateAt;

    RecurrenceTask(WorkerPool pool) {
        this.pool = pool;
        this.stored = new float[pool.threads()][0];
    }

    void convolution(CpuTensor input, Convolution kind, Batch tokens, KvCache.State state, int at, CpuTensor result) {
        x = input;
        convolution = kind;
        start(tokens, state, at, result);
        pool.run(convolve, tokens.segmentCount() * Math.ceilDiv(kind.channels(), CHANNELS));
    }

    void deltaRule(
            CpuTensor qkv,
            CpuTensor decays,
            CpuTensor betas,
            DeltaRule kind,
            Batch tokens,
            KvCache.State state,
            int at,
            CpuTensor result) {
        x = qkv;
        a = decays;
        b = betas;
        rule = kind;
        for (var i = 0; i < stored.length; i++) {
            if (stored[i].length < 2 * kind.valueDim()) {
                stored[i] = new float[2 * kind.valueDim()];
            }
        }
        start(tokens, state, at, result);
        pool.run(deltaHead, tokens.segmentCount() * kind.valueHeads());
    }

    void stateSpace(
            CpuTensor xbc,
            CpuTensor steps,
            StateSpace kind,
            Batch tokens,
            KvCache.State state,
            int at,
            CpuTensor result) {
        x = xbc;
        a = steps;
        space = kind;
        start(tokens, state, at, result);
        pool.run(spaceHead, tokens.segmentCount() * kind.heads());
    }

    private void start(Batch tokens, KvCache.State state, int at, CpuTensor result) {
        batch = tokens;
        cache = state;
        stateAt = at;
        out = result;
    }

    /// A stretch of channels of one segment.
    private void convolve(int worker, int unit) {
        var kind = Objects.requireNonNull(convolution);
        var tokens = Objects.requireNonNull(batch);
        var segment = unit % tokens.segmentCount();
        var from = unit / tokens.segmentCount() * CHANNELS;
        var count = Math.min(kind.channels(), from + CHANNELS) - from;
        var state = Objects.requireNonNull(cache).of(tokens.segmentSlot(segment));
        for (var row = tokens.segmentStart(segment); row < tokens.segmentStart(segment + 1); row++) {
            convolve(kind, state, x.rowOffset(row) + from, out.rowOffset(row) + from, from, count);
        }
    }

    private void convolve(Convolution kind, float[] state, int input, int to, int from, int count) {
        var kept = kind.length() - 1;
        var step = kind.channels();
        if (kind.bias() == null) {
            Arrays.fill(out.data(), to, to + count, 0);
        } else {
            System.arraycopy(kind.bias().values(), from, out.data(), to, count);
        }
        for (var j = 0; j < kept; j++) {
            addProducts(out.data(), to, kind.taps()[j], from, state, stateAt + j * step + from, count);
        }
        addProducts(out.data(), to, kind.taps()[kept], from, x.data(), input, count);
        for (var j = 0; j + 1 < kept; j++) {
            System.arraycopy(state, stateAt + (j + 1) * step + from, state, stateAt + j * step + from, count);
        }
        if (kept > 0) {
            System.arraycopy(x.data(), input, state, stateAt + (kept - 1) * step + from, count);
        }
        if (kind.isActivated()) {
            for (var i = to; i < to + count; i++) {
                out.data()[i] = (float) (out.data()[i] / (1 + Math.exp(-out.data()[i])));
            }
        }
    }

    private static void addProducts(float[] y, int to, float[] a, int aStart, float[] b, int bStart, int count) {
        for (var i = 0; i < count; i++) {
            y[to + i] += a[aStart + i] * b[bStart + i];
        }
    }

    /// One value head of one segment.
    private void deltaHead(int worker, int unit) {
        var kind = Objects.requireNonNull(rule);
        var tokens = Objects.requireNonNull(batch);
        var segment = unit % tokens.segmentCount();
        var head = unit / tokens.segmentCount();
        var state = Objects.requireNonNull(cache).of(tokens.segmentSlot(segment));
        for (var row = tokens.segmentStart(segment); row < tokens.segmentStart(segment + 1); row++) {
            deltaStep(kind, row, head, state, stored[worker]);
        }
    }

    private void deltaStep(DeltaRule kind, int row, int head, float[] state, float[] delta) {
        var keyDim = kind.keyDim();
        var valueDim = kind.valueDim();
        var at = stateAt + head * keyDim * valueDim;
        var keyHead = head / (kind.valueHeads() / kind.keyHeads());
        var q = x.rowOffset(row) + keyHead * keyDim;
        var k = q + kind.keyHeads() * keyDim;
        var v = x.rowOffset(row) + 2 * kind.keyHeads() * keyDim + head * valueDim;
        var qFactor = (float) (1 / Math.sqrt(keyDim) / ScalarRecurrence.length(x.data(), q, keyDim));
        var kFactor = (float) (1 / ScalarRecurrence.length(x.data(), k, keyDim));
        var decay = (float) ScalarRecurrence.decay(kind, head, a.data()[a.rowOffset(row) + head]);
        var beta = (float) (1 / (1 + Math.exp(-b.data()[b.rowOffset(row) + head])));
        Arrays.fill(delta, 0, valueDim, 0);
        for (var i = 0; i < keyDim; i++) {
            decayAndAdd(state, at + i * valueDim, decay, x.data()[k + i] * kFactor, delta, valueDim);
        }
        for (var j = 0; j < valueDim; j++) {
            delta[j] = (x.data()[v + j] - delta[j]) * beta;
        }
        var to = out.rowOffset(row) + head * valueDim;
        Arrays.fill(out.data(), to, to + valueDim, 0);
        for (var i = 0; i < keyDim; i++) {
            var key = x.data()[k + i] * kFactor;
            var query = x.data()[q + i] * qFactor;
            storeAndRead(state, at + i * valueDim, key, delta, query, out.data(), to, valueDim);
        }
    }

    /// `s *= decay; sum += key * s`.
    private static void decayAndAdd(float[] s, int at, float decay, float key, float[] sum, int count) {
        for (var j = 0; j < count; j++) {
            var value = s[at + j] * decay;
            s[at + j] = value;
            sum[j] += value * key;
        }
    }

    /// `s += key * delta; y += query * s`.
    private static void storeAndRead(
            float[] s, int at, float key, float[] delta, float query, float[] y, int to, int count) {
        for (var j = 0; j < count; j++) {
            var value = s[at + j] + key * delta[j];
            s[at + j] = value;
            y[to + j] += value * query;
        }
    }

    /// One head of one segment.
    private void spaceHead(int worker, int unit) {
        var kind = Objects.requireNonNull(space);
        var tokens = Objects.requireNonNull(batch);
        var segment = unit % tokens.segmentCount();
        var head = unit / tokens.segmentCount();
        var state = Objects.requireNonNull(cache).of(tokens.segmentSlot(segment));
        for (var row = tokens.segmentStart(segment); row < tokens.segmentStart(segment + 1); row++) {
            spaceStep(kind, row, head, state);
        }
    }

    private void spaceStep(StateSpace kind, int row, int head, float[] state) {
        var dims = kind.headDim();
        var from = x.rowOffset(row) + head * dims;
        var b = ScalarRecurrence.bOffset(kind, x, row, head);
        var c = b + kind.groups() * kind.stateSize();
        var step = ScalarRecurrence.step(kind, head, a.data()[a.rowOffset(row) + head]);
        var decay = (float) Math.exp(-Math.exp(kind.aLog().values()[head]) * step);
        var to = out.rowOffset(row) + head * dims;
        Elementwise.scale(x.data(), from, kind.d().values()[head], out.data(), to, dims);
        for (var n = 0; n < kind.stateSize(); n++) {
            var at = stateAt + (head * kind.stateSize() + n) * dims;
            var in = (float) (step * x.data()[b + n]);
            decayStoreAndRead(state, at, decay, in, x.data(), from, x.data()[c + n], out.data(), to, dims);
        }
    }

    /// `s = s * decay + in * x; y += read * s`.
    private static void decayStoreAndRead(
            float[] s, int at, float decay, float in, float[] x, int from, float read, float[] y, int to, int count) {
        for (var j = 0; j < count; j++) {
            var value = s[at + j] * decay + in * x[from + j];
            s[at + j] = value;
            y[to + j] += read * value;
        }
    }
}
