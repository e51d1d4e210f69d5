/// From logits to the next token id.
@NullMarked
package dev.jmlx.engine.sample;

import org.jspecify.annotations.NullMarked;
