/// The transformer-sized operations that a model is written in, and the choice of the backend that
/// runs them.
@NullMarked
package dev.jmlx.engine.ops;

import org.jspecify.annotations.NullMarked;
