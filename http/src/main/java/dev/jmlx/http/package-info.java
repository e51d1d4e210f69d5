/// The Netty server: connections, limits, routing.
@NullMarked
package dev.jmlx.http;

import org.jspecify.annotations.NullMarked;
