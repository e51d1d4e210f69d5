/// Server-sent events on a Netty channel.
@NullMarked
package dev.jmlx.http.sse;

import org.jspecify.annotations.NullMarked;
