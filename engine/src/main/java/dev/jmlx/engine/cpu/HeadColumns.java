package dev.jmlx.engine.cpu;

/// Copies parts of the heads of one tensor to parts of those of another. Any thread.
final class HeadColumns {
    private HeadColumns() {}

    /// For each row and head: `count` columns from `from` on of heads that are `size` wide, to `to` of heads
    /// that are `outSize` wide.
    static void copy(CpuTensor x, int size, int from, CpuTensor out, int outSize, int to, int count, int heads) {
        for (var row = 0; row < x.rows(); row++) {
            for (var head = 0; head < heads; head++) {
                System.arraycopy(
                        x.data(),
                        x.rowOffset(row) + head * size + from,
                        out.data(),
                        out.rowOffset(row) + head * outSize + to,
                        count);
            }
        }
    }
}
