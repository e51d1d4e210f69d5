/// Benchmarks: JMH rows for the kernels, an end-to-end tokens-per-second harness, and what rounded activations
/// cost in accuracy.
///
/// `java --add-modules jdk.incubator.vector -jar bench/target/benchmarks.jar` runs all rows; JMH's options
/// choose some, like `MachineLimits LinearBench -p weights=4 -p tokens=1`. Compare kernel rates only with the
/// machine limits of the same run. End to end: `java --add-modules jdk.incubator.vector -cp
/// bench/target/benchmarks.jar dev.jmlx.bench.TokensPerSecond FOLDER --prefill 512 --decode 128`; accuracy with
/// `dev.jmlx.bench.Accuracy FOLDER TEXT_FILE STEP`.
@NullMarked
package dev.jmlx.bench;

import org.jspecify.annotations.NullMarked;
