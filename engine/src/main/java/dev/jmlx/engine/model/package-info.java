/// One file per architecture, and the registry that finds it by `model_type`.
@NullMarked
package dev.jmlx.engine.model;

import org.jspecify.annotations.NullMarked;
