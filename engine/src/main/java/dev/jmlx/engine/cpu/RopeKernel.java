package dev.jmlx.engine.cpu;

import dev.jmlx.engine.ops.RopeTable;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/// Rotary embedding with the cosines and sines of one [RopeTable], kept for all positions seen so far.
///
/// The angle is `position * inverseFrequency` rounded to f32, as the reference has it; its cosine and sine are
/// computed in double and multiplied by the table's factor. [#reserve] belongs to the engine thread, [#rotate]
/// to any.
final class RopeKernel {
    private final RopeTable table;
    private final int pairs;
    private float[] cosines = new float[0];
    private float[] sines = new float[0];
    private int positions;

    RopeKernel(RopeTable table) {
        this.table = table;
        this.pairs = table.inverseFrequencies().length;
    }

    RopeTable table() {
        return table;
    }

    /// Makes positions below `count` ready; grows by doubling.
    void reserve(int count) {
        if (count <= positions) {
            return;
        }
        var grown = Math.max(count, Math.max(256, 2 * positions));
        cosines = Arrays.copyOf(cosines, grown * pairs);
        sines = Arrays.copyOf(sines, grown * pairs);
        for (var position = positions; position < grown; position++) {
            for (var pair = 0; pair < pairs; pair++) {
                var angle = (float) position * table.inverseFrequencies()[pair];
                cosines[position * pairs + pair] = (float) (table.factor() * Math.cos(angle));
                sines[position * pairs + pair] = (float) (table.factor() * Math.sin(angle));
            }
        }
        positions = grown;
    }

    /// Rotates the heads in `x[from .. from + width - 1]` in place.
    void rotate(float[] x, int from, int width, int headDim, int position) {
        for (var head = from; head < from + width; head += headDim) {
            if (table.interleaved()) {
                interleaved(x, head, position * pairs);
            } else {
                halves(x, head, position * pairs);
            }
        }
    }

    private void halves(float[] x, int head, int angle) {
        var i = 0;
        for (var bound = Lanes.FLOAT.loopBound(pairs); i < bound; i += Lanes.COUNT) {
            var cos = FloatVector.fromArray(Lanes.FLOAT, cosines, angle + i);
            var sin = FloatVector.fromArray(Lanes.FLOAT, sines, angle + i);
            var a = FloatVector.fromArray(Lanes.FLOAT, x, head + i);
            var b = FloatVector.fromArray(Lanes.FLOAT, x, head + pairs + i);
            a.mul(cos).sub(b.mul(sin)).intoArray(x, head + i);
            a.mul(sin).add(b.mul(cos)).intoArray(x, head + pairs + i);
        }
        for (; i < pairs; i++) {
            pair(x, head + i, head + pairs + i, angle + i);
        }
    }

    private void interleaved(float[] x, int head, int angle) {
        for (var i = 0; i < pairs; i++) {
            pair(x, head + 2 * i, head + 2 * i + 1, angle + i);
        }
    }

    private void pair(float[] x, int first, int second, int angle) {
        var a = x[first];
        var b = x[second];
        x[first] = a * cosines[angle] - b * sines[angle];
        x[second] = a * sines[angle] + b * cosines[angle];
    }
}
