/// Layers: immutable records over weights that apply themselves through `Ops`.
@NullMarked
package dev.jmlx.engine.nn;

import org.jspecify.annotations.NullMarked;
