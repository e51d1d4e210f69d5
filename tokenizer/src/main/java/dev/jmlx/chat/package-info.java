/// From a conversation to a prompt, and from generated text back to messages and tool calls.
@NullMarked
package dev.jmlx.chat;

import org.jspecify.annotations.NullMarked;
