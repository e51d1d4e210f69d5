/// Benchmarks: JMH rows for the kernels and an end-to-end tokens-per-second harness.
@NullMarked
package dev.jmlx.bench;

import org.jspecify.annotations.NullMarked;
