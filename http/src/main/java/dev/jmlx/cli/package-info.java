/// The commands of the jar, configuration from `.env` and the environment.
@NullMarked
package dev.jmlx.cli;

import org.jspecify.annotations.NullMarked;
