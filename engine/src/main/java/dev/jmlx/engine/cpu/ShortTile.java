package dev.jmlx.engine.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/// The 16-bit inner loops of [ShortGemm]: two vectors of weights times 8 or 4 tokens.
///
/// Weights are centred nibbles of -8 .. 7, and the activations of a block of columns add up to 4095 at most
/// ([ShortInput]), so its products add up within 16 bits. Lanes are rows. An int lane of a panel holds two
/// weights, one of a lower and one of a higher row block, so that both are unpacked, and their sums widened, by
/// masks and shifts within the lane; no lane ever moves. Panels have [#WIDTH] ints for a column, sums as
/// many for a block, [#STRIDE] for a token.
///
/// Sixteen accumulators, two loaded vectors, a broadcast and a product fit the 32 registers of AVX-512 and
/// NEON. The loop measured 363 Gop/s on a core that can do 441 in registers; 4 tokens times 4 vectors 353, 6
/// times 3 370, 5 times 4 377. These leave more remainders.
///
/// Sums go through memory between the two steps because one method with both is too large for the first-tier
/// compiler ("out of virtual registers"), which then never counts its way to the second: measured 300 times
/// slower. Any thread.
final class ShortTile {
    /// Columns of the shortest block.
    static final int LEAST_BLOCK = 32;

    /// Products that one 16-bit sum takes at most. Blocks of 64 measured 1.04 to 1.11 times the rate of 32:
    /// sums are widened half as often.
    static final int MOST_BLOCK = 64;

    /// Ints from one k to the next in a panel.
    static final int WIDTH = 2 * Lanes.COUNT;

    /// Ints from one token's sums to the next's: those of the most blocks that a panel has. A constant, as are the
    /// steps between blocks, so that C2 checks the bounds of a loop over blocks once and not in each turn.
    static final int STRIDE = Panel.DEPTH / LEAST_BLOCK * WIDTH;

    private ShortTile() {}

    /// Writes the sums of `blocks` blocks of `depth` columns to `sums`, `[token][block][lane]`, with the
    /// panel's `[col][lane]` and the activations' `[col][token]` from `xStart`.
    static void dots8(int[] panel, int[] x, int xStart, int[] sums, int blocks, int depth) {
        for (var block = 0; block < blocks; block++) {
            var w = block * depth * WIDTH;
            var at = xStart + block * depth * 8;
            var c0a = ShortVector.zero(Lanes.SHORT);
            var c0b = ShortVector.zero(Lanes.SHORT);
            var c1a = ShortVector.zero(Lanes.SHORT);
            var c1b = ShortVector.zero(Lanes.SHORT);
            var c2a = ShortVector.zero(Lanes.SHORT);
            var c2b = ShortVector.zero(Lanes.SHORT);
            var c3a = ShortVector.zero(Lanes.SHORT);
            var c3b = ShortVector.zero(Lanes.SHORT);
            var c4a = ShortVector.zero(Lanes.SHORT);
            var c4b = ShortVector.zero(Lanes.SHORT);
            var c5a = ShortVector.zero(Lanes.SHORT);
            var c5b = ShortVector.zero(Lanes.SHORT);
            var c6a = ShortVector.zero(Lanes.SHORT);
            var c6b = ShortVector.zero(Lanes.SHORT);
            var c7a = ShortVector.zero(Lanes.SHORT);
            var c7b = ShortVector.zero(Lanes.SHORT);
            for (var k = 0; k < depth; k++) {
                var wa = (ShortVector)
                        IntVector.fromArray(Lanes.INT, panel, w + k * WIDTH).reinterpretShape(Lanes.SHORT, 0);
                var wb = (ShortVector) IntVector.fromArray(Lanes.INT, panel, w + k * WIDTH + Lanes.COUNT)
                        .reinterpretShape(Lanes.SHORT, 0);
                var x0 = (ShortVector)
                        IntVector.broadcast(Lanes.INT, x[at + k * 8 + 0]).reinterpretShape(Lanes.SHORT, 0);
                c0a = c0a.add(x0.mul(wa));
                c0b = c0b.add(x0.mul(wb));
                var x1 = (ShortVector)
                        IntVector.broadcast(Lanes.INT, x[at + k * 8 + 1]).reinterpretShape(Lanes.SHORT, 0);
                c1a = c1a.add(x1.mul(wa));
                c1b = c1b.add(x1.mul(wb));
                var x2 = (ShortVector)
                        IntVector.broadcast(Lanes.INT, x[at + k * 8 + 2]).reinterpretShape(Lanes.SHORT, 0);
                c2a = c2a.add(x2.mul(wa));
                c2b = c2b.add(x2.mul(wb));
                var x3 = (ShortVector)
                        IntVector.broadcast(Lanes.INT, x[at + k * 8 + 3]).reinterpretShape(Lanes.SHORT, 0);
                c3a = c3a.add(x3.mul(wa));
                c3b = c3b.add(x3.mul(wb));
                var x4 = (ShortVector)
                        IntVector.broadcast(Lanes.INT, x[at + k * 8 + 4]).reinterpretShape(Lanes.SHORT, 0);
                c4a = c4a.add(x4.mul(wa));
                c4b = c4b.add(x4.mul(wb));
                var x5 = (ShortVector)
                        IntVector.broadcast(Lanes.INT, x[at + k * 8 + 5]).reinterpretShape(Lanes.SHORT, 0);
                c5a = c5a.add(x5.mul(wa));
                c5b = c5b.add(x5.mul(wb));
                var x6 = (ShortVector)
                        IntVector.broadcast(Lanes.INT, x[at + k * 8 + 6]).reinterpretShape(Lanes.SHORT, 0);
                c6a = c6a.add(x6.mul(wa));
                c6b = c6b.add(x6.mul(wb));
                var x7 = (ShortVector)
                        IntVector.broadcast(Lanes.INT, x[at + k * 8 + 7]).reinterpretShape(Lanes.SHORT, 0);
                c7a = c7a.add(x7.mul(wa));
                c7b = c7b.add(x7.mul(wb));
            }
            var to = block * WIDTH;
            ((IntVector) c0a.reinterpretShape(Lanes.INT, 0)).intoArray(sums, to);
            ((IntVector) c0b.reinterpretShape(Lanes.INT, 0)).intoArray(sums, to + Lanes.COUNT);
            ((IntVector) c1a.reinterpretShape(Lanes.INT, 0)).intoArray(sums, to + 1 * STRIDE);
            ((IntVector) c1b.reinterpretShape(Lanes.INT, 0)).intoArray(sums, to + 1 * STRIDE + Lanes.COUNT);
            ((IntVector) c2a.reinterpretShape(Lanes.INT, 0)).intoArray(sums, to + 2 * STRIDE);
            ((IntVector) c2b.reinterpretShape(Lanes.INT, 0)).intoArray(sums, to + 2 * STRIDE + Lanes.COUNT);
            ((IntVector) c3a.reinterpretShape(Lanes.INT, 0)).intoArray(sums, to + 3 * STRIDE);
            ((IntVector) c3b.reinterpretShape(Lanes.INT, 0)).intoArray(sums, to + 3 * STRIDE + Lanes.COUNT);
            ((IntVector) c4a.reinterpretShape(Lanes.INT, 0)).intoArray(sums, to + 4 * STRIDE);
            ((IntVector) c4b.reinterpretShape(Lanes.INT, 0)).intoArray(sums, to + 4 * STRIDE + Lanes.COUNT);
            ((IntVector) c5a.reinterpretShape(Lanes.INT, 0)).intoArray(sums, to + 5 * STRIDE);
            ((IntVector) c5b.reinterpretShape(Lanes.INT, 0)).intoArray(sums, to + 5 * STRIDE + Lanes.COUNT);
            ((IntVector) c6a.reinterpretShape(Lanes.INT, 0)).intoArray(sums, to + 6 * STRIDE);
            ((IntVector) c6b.reinterpretShape(Lanes.INT, 0)).intoArray(sums, to + 6 * STRIDE + Lanes.COUNT);
            ((IntVector) c7a.reinterpretShape(Lanes.INT, 0)).intoArray(sums, to + 7 * STRIDE);
            ((IntVector) c7b.reinterpretShape(Lanes.INT, 0)).intoArray(sums, to + 7 * STRIDE + Lanes.COUNT);
        }
    }

    /// [#dots8] for 4 tokens.
    static void dots4(int[] panel, int[] x, int xStart, int[] sums, int blocks, int depth) {
        for (var block = 0; block < blocks; block++) {
            var w = block * depth * WIDTH;
            var at = xStart + block * depth * 4;
            var c0a = ShortVector.zero(Lanes.SHORT);
            var c0b = ShortVector.zero(Lanes.SHORT);
            var c1a = ShortVector.zero(Lanes.SHORT);
            var c1b = ShortVector.zero(Lanes.SHORT);
            var c2a = ShortVector.zero(Lanes.SHORT);
            var c2b = ShortVector.zero(Lanes.SHORT);
            var c3a = ShortVector.zero(Lanes.SHORT);
            var c3b = ShortVector.zero(Lanes.SHORT);
            for (var k = 0; k < depth; k++) {
                var wa = (ShortVector)
                        IntVector.fromArray(Lanes.INT, panel, w + k * WIDTH).reinterpretShape(Lanes.SHORT, 0);
                var wb = (ShortVector) IntVector.fromArray(Lanes.INT, panel, w + k * WIDTH + Lanes.COUNT)
                        .reinterpretShape(Lanes.SHORT, 0);
                var x0 = (ShortVector)
                        IntVector.broadcast(Lanes.INT, x[at + k * 4 + 0]).reinterpretShape(Lanes.SHORT, 0);
                c0a = c0a.add(x0.mul(wa));
                c0b = c0b.add(x0.mul(wb));
                var x1 = (ShortVector)
                        IntVector.broadcast(Lanes.INT, x[at + k * 4 + 1]).reinterpretShape(Lanes.SHORT, 0);
                c1a = c1a.add(x1.mul(wa));
                c1b = c1b.add(x1.mul(wb));
                var x2 = (ShortVector)
                        IntVector.broadcast(Lanes.INT, x[at + k * 4 + 2]).reinterpretShape(Lanes.SHORT, 0);
                c2a = c2a.add(x2.mul(wa));
                c2b = c2b.add(x2.mul(wb));
                var x3 = (ShortVector)
                        IntVector.broadcast(Lanes.INT, x[at + k * 4 + 3]).reinterpretShape(Lanes.SHORT, 0);
                c3a = c3a.add(x3.mul(wa));
                c3b = c3b.add(x3.mul(wb));
            }
            var to = block * WIDTH;
            ((IntVector) c0a.reinterpretShape(Lanes.INT, 0)).intoArray(sums, to);
            ((IntVector) c0b.reinterpretShape(Lanes.INT, 0)).intoArray(sums, to + Lanes.COUNT);
            ((IntVector) c1a.reinterpretShape(Lanes.INT, 0)).intoArray(sums, to + 1 * STRIDE);
            ((IntVector) c1b.reinterpretShape(Lanes.INT, 0)).intoArray(sums, to + 1 * STRIDE + Lanes.COUNT);
            ((IntVector) c2a.reinterpretShape(Lanes.INT, 0)).intoArray(sums, to + 2 * STRIDE);
            ((IntVector) c2b.reinterpretShape(Lanes.INT, 0)).intoArray(sums, to + 2 * STRIDE + Lanes.COUNT);
            ((IntVector) c3a.reinterpretShape(Lanes.INT, 0)).intoArray(sums, to + 3 * STRIDE);
            ((IntVector) c3b.reinterpretShape(Lanes.INT, 0)).intoArray(sums, to + 3 * STRIDE + Lanes.COUNT);
        }
    }

    /// Adds `sum * scale * xScale` of each block to `c[token, row]`, four vectors of rows, for what
    /// [#dots8] or [#dots4] left in `sums`. Two tokens at a time measured 1.06 times the rate of the whole product
    /// with one: blocks are few, so the start of a loop counts. Scales are `[block][row]` from `scalesStart`. Sums
    /// of lower halves are shifted up, those of upper halves stay there: `xScales` makes up for the factor of 2^16.
    static void scale(
            int[] sums,
            int blocks,
            int tokens,
            float[] xScales,
            int xStart,
            float[] scales,
            int scalesStart,
            float[] c,
            int cStart) {
        for (var t = 0; t < tokens; t += 2) {
            var at = cStart + t * 2 * WIDTH;
            var next = at + 2 * WIDTH;
            var c0a = FloatVector.fromArray(Lanes.FLOAT, c, at);
            var c0b = FloatVector.fromArray(Lanes.FLOAT, c, at + Lanes.COUNT);
            var c0c = FloatVector.fromArray(Lanes.FLOAT, c, at + 2 * Lanes.COUNT);
            var c0d = FloatVector.fromArray(Lanes.FLOAT, c, at + 3 * Lanes.COUNT);
            var c1a = FloatVector.fromArray(Lanes.FLOAT, c, next);
            var c1b = FloatVector.fromArray(Lanes.FLOAT, c, next + Lanes.COUNT);
            var c1c = FloatVector.fromArray(Lanes.FLOAT, c, next + 2 * Lanes.COUNT);
            var c1d = FloatVector.fromArray(Lanes.FLOAT, c, next + 3 * Lanes.COUNT);
            for (var block = 0; block < blocks; block++) {
                var s = t * STRIDE + block * WIDTH;
                var g = scalesStart + block * 2 * WIDTH;
                var x0 = FloatVector.broadcast(Lanes.FLOAT, xScales[xStart + block * tokens + t]);
                var x1 = FloatVector.broadcast(Lanes.FLOAT, xScales[xStart + block * tokens + t + 1]);
                var s0 = IntVector.fromArray(Lanes.INT, sums, s);
                var s1 = IntVector.fromArray(Lanes.INT, sums, s + STRIDE);
                var w0 = FloatVector.fromArray(Lanes.FLOAT, scales, g);
                c0a = ((FloatVector)
                                s0.lanewise(VectorOperators.LSHL, 16).convertShape(VectorOperators.I2F, Lanes.FLOAT, 0))
                        .mul(x0)
                        .fma(w0, c0a);
                c1a = ((FloatVector)
                                s1.lanewise(VectorOperators.LSHL, 16).convertShape(VectorOperators.I2F, Lanes.FLOAT, 0))
                        .mul(x1)
                        .fma(w0, c1a);
                var w1 = FloatVector.fromArray(Lanes.FLOAT, scales, g + Lanes.COUNT);
                c0b = ((FloatVector) s0.and(0xFFFF0000).convertShape(VectorOperators.I2F, Lanes.FLOAT, 0))
                        .mul(x0)
                        .fma(w1, c0b);
                c1b = ((FloatVector) s1.and(0xFFFF0000).convertShape(VectorOperators.I2F, Lanes.FLOAT, 0))
                        .mul(x1)
                        .fma(w1, c1b);
                s0 = IntVector.fromArray(Lanes.INT, sums, s + Lanes.COUNT);
                s1 = IntVector.fromArray(Lanes.INT, sums, s + STRIDE + Lanes.COUNT);
                var w2 = FloatVector.fromArray(Lanes.FLOAT, scales, g + 2 * Lanes.COUNT);
                c0c = ((FloatVector)
                                s0.lanewise(VectorOperators.LSHL, 16).convertShape(VectorOperators.I2F, Lanes.FLOAT, 0))
                        .mul(x0)
                        .fma(w2, c0c);
                c1c = ((FloatVector)
                                s1.lanewise(VectorOperators.LSHL, 16).convertShape(VectorOperators.I2F, Lanes.FLOAT, 0))
                        .mul(x1)
                        .fma(w2, c1c);
                var w3 = FloatVector.fromArray(Lanes.FLOAT, scales, g + 3 * Lanes.COUNT);
                c0d = ((FloatVector) s0.and(0xFFFF0000).convertShape(VectorOperators.I2F, Lanes.FLOAT, 0))
                        .mul(x0)
                        .fma(w3, c0d);
                c1d = ((FloatVector) s1.and(0xFFFF0000).convertShape(VectorOperators.I2F, Lanes.FLOAT, 0))
                        .mul(x1)
                        .fma(w3, c1d);
            }
            c0a.intoArray(c, at);
            c0b.intoArray(c, at + Lanes.COUNT);
            c0c.intoArray(c, at + 2 * Lanes.COUNT);
            c0d.intoArray(c, at + 3 * Lanes.COUNT);
            c1a.intoArray(c, next);
            c1b.intoArray(c, next + Lanes.COUNT);
            c1c.intoArray(c, next + 2 * Lanes.COUNT);
            c1d.intoArray(c, next + 3 * Lanes.COUNT);
        }
    }
}
