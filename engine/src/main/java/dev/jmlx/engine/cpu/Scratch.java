package dev.jmlx.engine.cpu;

/// The scratch memory of one worker; arrays grow to the largest use and stay. One worker only.
final class Scratch {
    private final FloatGemm floatGemm = new FloatGemm();
    private final ShortGemm shortGemm = new ShortGemm();
    private float[] results = new float[0];

    FloatGemm floatGemm() {
        return floatGemm;
    }

    ShortGemm shortGemm() {
        return shortGemm;
    }

    /// Room for `count` results; contents are whatever was there.
    float[] results(int count) {
        if (results.length < count) {
            results = new float[count];
        }
        return results;
    }
}
