/// Text to token ids and back, as a `tokenizer.json` describes it.
@NullMarked
package dev.jmlx.tokenizer;

import org.jspecify.annotations.NullMarked;
