package dev.jmlx.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// Unpacks 4-bit weights in row blocks into the panels of [ShortTile]. Any thread.
final class ShortPanel {
    private ShortPanel() {}

    /// Writes the columns `col .. col + count - 1`, all of one part, of the row blocks `low` and `high` to
    /// `panel[to ..]`, [ShortTile#WIDTH] ints from column to column: each an int of two centred values,
    /// that of block `low` in the low half.
    static void unpack(RowBlocks.Quantized w, int low, int high, int col, int count, int[] panel, int to) {
        MemorySegment packed = w.data();
        var plane = w.planes().getFirst();
        var groupMask = w.groupSize() / 8 - 1;
        var skipped = col / 8 & groupMask;
        var gap = w.recordBytes() - w.wordBytes(plane);
        var lowAt = w.wordAt(plane, low, col);
        var toHigh = w.wordAt(plane, high, col) - lowAt;
        var words = count / 8;
        for (var word = 0; word < words; word++) {
            var a = IntVector.fromMemorySegment(Lanes.INT, packed, lowAt, ByteOrder.LITTLE_ENDIAN);
            var b = IntVector.fromMemorySegment(Lanes.INT, packed, lowAt + toHigh, ByteOrder.LITTLE_ENDIAN);
            lowAt += ((word + skipped) & groupMask) == groupMask ? Lanes.BYTES + gap : Lanes.BYTES;
            var first = a.and(0xFFFF).or(b.lanewise(VectorOperators.LSHL, 16));
            var second = a.lanewise(VectorOperators.LSHR, 16).or(b.and(0xFFFF0000));
            var at = to + word * 8 * ShortTile.WIDTH;
            for (var k = 0; k < 4; k++, at += ShortTile.WIDTH) {
                first.and(0x000F_000F)
                        .reinterpretAsShorts()
                        .sub((short) 8)
                        .reinterpretAsInts()
                        .intoArray(panel, at);
                second.and(0x000F_000F)
                        .reinterpretAsShorts()
                        .sub((short) 8)
                        .reinterpretAsInts()
                        .intoArray(panel, at + 4 * ShortTile.WIDTH);
                first = first.lanewise(VectorOperators.LSHR, 4);
                second = second.lanewise(VectorOperators.LSHR, 4);
            }
        }
    }
}
