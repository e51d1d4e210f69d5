/// Element types, weight matrices and the opaque activations that operations pass to each other.
@NullMarked
package dev.jmlx.engine.tensor;

import org.jspecify.annotations.NullMarked;
