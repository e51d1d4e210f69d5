package dev.jmlx.engine.cpu;

import dev.jmlx.engine.ops.Backend;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.ops.Precision;

/// The backend that is always there: priority 0, so that a device is tried first. Stateless; found by
/// ServiceLoader.
public final class CpuBackend implements Backend {
    @Override
    public String name() {
        return "cpu";
    }

    @Override
    public int priority() {
        return 0;
    }

    @Override
    public Availability available() {
        return new Availability.Available();
    }

    @Override
    public Ops open(int threads, Precision precision) {
        return new CpuOps(threads, precision);
    }
}
