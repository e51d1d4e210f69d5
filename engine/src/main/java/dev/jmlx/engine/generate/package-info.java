/// The engine itself: continuous batching, and the handle a caller reads token events from.
@NullMarked
package dev.jmlx.engine.generate;

import org.jspecify.annotations.NullMarked;
