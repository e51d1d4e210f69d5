/// The Metal backend for Apple GPUs.
@NullMarked
package dev.jmlx.metal;

import org.jspecify.annotations.NullMarked;
