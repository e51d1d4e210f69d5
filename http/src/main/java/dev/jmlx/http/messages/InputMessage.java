package dev.jmlx.http.messages;

import dev.jmlx.chat.Role;
import java.util.List;

/// One message of a request; `role` is user, assistant or system.
record InputMessage(Role role, List<InputBlock> blocks) {}
