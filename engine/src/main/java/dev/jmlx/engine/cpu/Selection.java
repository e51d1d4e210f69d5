package dev.jmlx.engine.cpu;

/// Selects the largest of many numbers, in linear time on average. Source: C. A. R. Hoare, "Algorithm 65: find".
/// Stateless.
final class Selection {
    private Selection() {}

    /// Writes the indices, from 0, of the `k` largest of the `count` numbers `values[from ..]` to `out[to ..]`,
    /// ascending; of equal ones the first. `count` is at least `k`; `scratch` has room for `count` floats.
    /// Numbers that are none may stand anywhere in the order.
    static void largest(float[] values, int from, int count, int k, float[] scratch, float[] out, int to) {
        System.arraycopy(values, from, scratch, 0, count);
        var least = kth(scratch, count, k - 1);
        var equal = k;
        for (var i = from; i < from + count; i++) {
            equal -= values[i] > least ? 1 : 0;
        }
        var at = to;
        for (var i = 0; i < count && at < to + k; i++) {
            var isLarger = values[from + i] > least;
            if (isLarger || (equal > 0 && !(values[from + i] < least))) {
                equal -= isLarger ? 0 : 1;
                out[at++] = i;
            }
        }
        for (; at < to + k; at++) {
            out[at] = 0;
        }
    }

    /// The number that has index `k` when the first `count` are sorted downwards; sorts them in part.
    private static float kth(float[] a, int count, int k) {
        var low = 0;
        var high = count - 1;
        while (low < high) {
            var pivot = a[k];
            var i = low;
            var j = high;
            do {
                while (a[i] > pivot) {
                    i++;
                }
                while (pivot > a[j]) {
                    j--;
                }
                if (i <= j) {
                    var other = a[i];
                    a[i++] = a[j];
                    a[j--] = other;
                }
            } while (i <= j);
            if (j < k) {
                low = i;
            }
            if (k < i) {
                high = j;
            }
        }
        return a[k];
    }
}
