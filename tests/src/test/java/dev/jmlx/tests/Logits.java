package dev.jmlx.tests;

/// Compares rows of logits.
final class Logits {
    private Logits() {}

    /// The largest difference of two rows, relative to the standard deviation of the expected one.
    static double error(float[] actual, float[] expected) {
        var largest = 0.0;
        for (var i = 0; i < expected.length; i++) {
            var difference = Math.abs((double) actual[i] - expected[i]);
            // NaN compares false with everything: it must not pass for small.
            largest = Double.isNaN(difference) ? Double.POSITIVE_INFINITY : Math.max(largest, difference);
        }
        return largest / deviation(expected);
    }

    static int argmax(float[] row) {
        var best = 0;
        for (var i = 1; i < row.length; i++) {
            if (row[i] > row[best]) {
                best = i;
            }
        }
        return best;
    }

    private static double deviation(float[] row) {
        double sum = 0;
        double squares = 0;
        for (var value : row) {
            sum += value;
            squares += (double) value * value;
        }
        var mean = sum / row.length;
        return Math.sqrt(squares / row.length - mean * mean);
    }
}
