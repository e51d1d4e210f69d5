/// Reads a model folder: `config.json`, memory-mapped safetensors, generation defaults.
@NullMarked
package dev.jmlx.engine.weights;

import org.jspecify.annotations.NullMarked;
