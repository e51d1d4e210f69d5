/// Tests of the whole: architecture rules, golden values, end to end with real clients.
@NullMarked
package dev.jmlx.tests;

import org.jspecify.annotations.NullMarked;
