/// The CPU backend: Vector API kernels, their worker pool, and the scalar reference.
@NullMarked
package dev.jmlx.engine.cpu;

import org.jspecify.annotations.NullMarked;
