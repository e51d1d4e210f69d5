package dev.jmlx.tokenizer;

import java.util.Arrays;

/// A binary heap of longs, the smallest on top; `java.util.PriorityQueue` without boxes. One thread.
final class LongHeap {

    private long[] values;
    private int size;

    LongHeap(int capacity) {
        values = new long[Math.max(capacity, 8)];
    }

    boolean isEmpty() {
        return size == 0;
    }

    void push(long value) {
        if (size == values.length) {
            values = Arrays.copyOf(values, size * 2);
        }
        var slot = size++;
        while (slot > 0 && values[(slot - 1) / 2] > value) {
            values[slot] = values[(slot - 1) / 2];
            slot = (slot - 1) / 2;
        }
        values[slot] = value;
    }

    /// Removes the smallest value; the heap is not empty.
    long pop() {
        var top = values[0];
        var last = values[--size];
        var slot = 0;
        while (2 * slot + 1 < size) {
            var child = 2 * slot + 1;
            if (child + 1 < size && values[child + 1] < values[child]) {
                child++;
            }
            if (values[child] >= last) {
                break;
            }
            values[slot] = values[child];
            slot = child;
        }
        values[slot] = last;
        return top;
    }
}
