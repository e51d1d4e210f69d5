/// The Jinja that chat templates are written in: lexer, parser, interpreter.
@NullMarked
package dev.jmlx.jinja;

import org.jspecify.annotations.NullMarked;
