package dev.jmlx.engine.cpu;

import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.RopeTable;
import java.util.ArrayList;
import java.util.List;

/// The [RopeKernel] of each table that a model uses. Engine thread only.
final class RopeKernels {
    private final List<RopeKernel> kernels = new ArrayList<>();

    /// The kernel for `table`, ready for the positions of `batch`.
    RopeKernel kernel(RopeTable table, Batch batch) {
        var kernel = known(table);
        var end = 0;
        for (var segment = 0; segment < batch.segmentCount(); segment++) {
            end = Math.max(end, batch.position(batch.segmentStart(segment + 1) - 1) + 1);
        }
        kernel.reserve(end);
        return kernel;
    }

    @SuppressWarnings("ReferenceEquality") // a model has few tables; comparing their contents each time would be work
    private RopeKernel known(RopeTable table) {
        for (var kernel : kernels) {
            if (kernel.table() == table) {
                return kernel;
            }
        }
        var kernel = new RopeKernel(table);
        kernels.add(kernel);
        return kernel;
    }
}
