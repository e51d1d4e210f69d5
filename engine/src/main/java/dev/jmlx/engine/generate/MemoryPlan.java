package dev.jmlx.engine.generate;

import dev.jmlx.engine.cache.CacheType;
import dev.jmlx.engine.cache.KvCaches;
import dev.jmlx.engine.cache.LayerShape;
import dev.jmlx.engine.weights.ModelLoadException;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// How much of a machine's memory a model may take, and how long contexts can be for that. Bytes. Immutable.
record MemoryPlan(long memory, long weights) {
    private static final Logger log = LoggerFactory.getLogger(MemoryPlan.class);

    /// What the program itself takes: heap, compiled kernels, activations.
    static final long OWN = 300_000_000;

    /// A context below this is of no use to anybody.
    private static final int SHORTEST = 512;

    /// For this machine, or the container that the program runs in. Throws [ModelLoadException] when `weights`
    /// bytes do not fit.
    static MemoryPlan forThisMachine(long weights) {
        var system = ManagementFactory.getPlatformMXBean(com.sun.management.OperatingSystemMXBean.class);
        var plan = new MemoryPlan(system.getTotalMemorySize(), weights);
        plan.requireWeightsFit();
        return plan;
    }

    /// The same machine with the weights as a backend has them, and other bytes that caches cannot have.
    MemoryPlan with(long prepared, long others) {
        var plan = new MemoryPlan(memory, prepared + others);
        plan.requireWeightsFit();
        return plan;
    }

    void requireWeightsFit() {
        if (weights > usable()) {
            throw new ModelLoadException(String.format(
                    Locale.ROOT,
                    "the model's weights take %s, and of this machine's %s at most %s can be theirs;"
                            + " choose a model with fewer parameters or bits",
                    gigabytes(weights),
                    gigabytes(memory),
                    gigabytes(Math.max(0, usable()))));
        }
    }

    /// All but a tenth, which is the system's, and what the program takes.
    private long usable() {
        return memory / 10 * 9 - OWN;
    }

    /// What caches may take, all together.
    long cacheBytes() {
        return usable() - weights;
    }

    /// The tokens that one sequence may have: `wanted` (0: the model's own `modelLength`), where its cache fits.
    ///
    /// Throws [ModelLoadException] when what is wanted does not fit, or nothing useful does.
    int contextLength(int wanted, int modelLength, CacheType type, List<? extends LayerShape> shapes) {
        var length = wanted == 0 ? modelLength : Math.min(wanted, modelLength);
        var largest = largest(length, type, shapes);
        if (largest < Math.min(length, wanted == 0 ? SHORTEST : length)) {
            throw new ModelLoadException(String.format(
                    Locale.ROOT,
                    "a context of %,d tokens takes %s, and %s of this machine's %s are left beside the weights;"
                            + " the longest that fits has %,d tokens (MAX_CONTEXT, KV_CACHE)",
                    length,
                    gigabytes(KvCaches.bytesFor(type, shapes, length)),
                    gigabytes(Math.max(0, cacheBytes())),
                    gigabytes(memory),
                    largest));
        }
        if (wanted > modelLength) {
            log.info("MAX_CONTEXT is {}, but the model has no more than {} tokens", wanted, modelLength);
        }
        if (largest < length) {
            log.info(
                    "contexts have at most {} of the model's {} tokens: more do not fit into {} beside the weights",
                    largest,
                    modelLength,
                    gigabytes(memory));
        }
        return largest;
    }

    /// The longest context of at most `length` that fits.
    private int largest(int length, CacheType type, List<? extends LayerShape> shapes) {
        var fits = 0;
        var tooLong = (long) length + 1;
        while (fits + 1 < tooLong) {
            var middle = (int) ((fits + tooLong) / 2);
            if (KvCaches.bytesFor(type, shapes, middle) <= cacheBytes()) {
                fits = middle;
            } else {
                tooLong = middle;
            }
        }
        return fits;
    }

    private static String gigabytes(long bytes) {
        return String.format(Locale.ROOT, "%.1f GB", bytes / 1e9);
    }
}
