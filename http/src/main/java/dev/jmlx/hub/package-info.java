/// Models by their name on the Hugging Face hub: the cache that `huggingface_hub` shares with us, and downloads.
@NullMarked
package dev.jmlx.hub;

import org.jspecify.annotations.NullMarked;
