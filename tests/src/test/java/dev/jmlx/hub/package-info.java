/// The hub's client against a local hub that misbehaves.
@NullMarked
package dev.jmlx.hub;

import org.jspecify.annotations.NullMarked;
