package dev.jmlx.metal;

import dev.jmlx.engine.ops.Backend;
import dev.jmlx.engine.ops.BackendUnavailableException;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.ops.Precision;
import java.util.Locale;

/// Apple GPUs. Its kernels are not part of this version, so it reports itself as unavailable and says why.
///
/// Found through `ServiceLoader` by `Backends`; holds no state.
public final class MetalBackend implements Backend {
    @Override
    public String name() {
        return "metal";
    }

    @Override
    public int priority() {
        return 100;
    }

    @Override
    public Availability available() {
        return new Availability.Unavailable(reason());
    }

    @Override
    public Ops open(int threads, Precision precision) {
        throw new BackendUnavailableException("metal is unavailable: " + reason());
    }

    private static String reason() {
        var system = System.getProperty("os.name", "");
        return system.toLowerCase(Locale.ROOT).startsWith("mac")
                ? "this version has no Metal kernels yet"
                : "Metal exists on macOS only, this is " + system;
    }
}
