package dev.jmlx.engine.cpu;

/// The scratch memory of one worker; arrays grow to the largest use and stay. One worker only.
final class Scratch {
    private final Panel panel = new Panel();
    private float[] sums = new float[0];

    Panel panel() {
        return panel;
    }

    /// Room for `count` results; contents are whatever was there.
    float[] sums(int count) {
        if (sums.length < count) {
            sums = new float[count];
        }
        return sums;
    }
}
