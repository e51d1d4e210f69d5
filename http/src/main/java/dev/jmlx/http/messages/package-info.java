/// The Claude Messages API: requests, validation, answers, stream events.
@NullMarked
package dev.jmlx.http.messages;

import org.jspecify.annotations.NullMarked;
