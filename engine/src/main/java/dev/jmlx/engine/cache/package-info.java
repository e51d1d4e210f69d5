/// Keys and values of past tokens, per layer and sequence slot.
@NullMarked
package dev.jmlx.engine.cache;

import org.jspecify.annotations.NullMarked;
