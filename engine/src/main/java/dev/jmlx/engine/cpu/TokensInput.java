package dev.jmlx.engine.cpu;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// The activations of several tokens as a matrix-matrix kernel wants them, arranged by the pool, a tile each.
///
/// Remembers what it holds, since q, k and v (and gate and up) read the same input; [#forget] must be called
/// when tensors may have changed. Engine thread; workers read between operations of it.
final class TokensInput implements WorkerPool.Task {
    private final WorkerPool pool;
    private final FloatInput floats = new FloatInput();
    private final ShortInput shorts = new ShortInput();

    /// A tile before it is quantized, of each worker.
    private final FloatInput[] ownFloats;

    private @Nullable CpuTensor floatTensor;
    private @Nullable CpuTensor shortTensor;
    private CpuTensor x = new CpuTensor();
    private int groupSize;
    private boolean quantizing;

    TokensInput(WorkerPool pool) {
        this.pool = pool;
        ownFloats = new FloatInput[pool.threads()];
        Arrays.setAll(ownFloats, _ -> new FloatInput());
    }

    /// The rows of `tensor` in f32.
    FloatInput floats(CpuTensor tensor) {
        if (tensor != floatTensor) {
            floatTensor = tensor;
            floats.resize(tensor.rows(), tensor.cols());
            arrange(tensor, false);
        }
        return floats;
    }

    /// The rows of `tensor` as integers, with sums for weights in groups of `group`.
    ShortInput shorts(CpuTensor tensor, int group) {
        if (tensor != shortTensor || group != groupSize) {
            shortTensor = tensor;
            groupSize = group;
            shorts.resize(tensor.rows(), tensor.cols(), group);
            arrange(tensor, true);
        }
        return shorts;
    }

    /// Says that tensors were given back or written to.
    void forget() {
        floatTensor = null;
        shortTensor = null;
    }

    @Override
    public void run(int worker, int tile) {
        if (quantizing) {
            shorts.quantize(x.data(), x.offset(), x.cols(), tile, ownFloats[worker]);
        } else {
            floats.pack(x.data(), x.offset(), x.cols(), tile);
        }
    }

    private void arrange(CpuTensor tensor, boolean toShorts) {
        x = tensor;
        quantizing = toShorts;
        pool.run(this, toShorts ? shorts.tiles() : floats.tiles());
    }
}
