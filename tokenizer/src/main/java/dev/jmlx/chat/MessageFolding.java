package dev.jmlx.chat;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/// Rewrites a conversation into one that a template with given [TemplateTraits] renders.
///
/// Nothing is moved past another message, so that a growing conversation keeps its prefix: a system
/// message that may not stand where it is joins the user message or tool result before it (at the
/// start: the user message after it), marked as a reminder; messages of one role in a row are joined
/// with an empty line; user text after a tool result joins that result; several calls in one message
/// become one after the other, each with its result.
final class MessageFolding {
    private static final String GAP = "\n\n";
    private static final int SHORT_ID_LENGTH = 9;

    private final TemplateTraits traits;
    private final List<ChatMessage> result = new ArrayList<>();
    private String opening = "";

    private MessageFolding(TemplateTraits traits) {
        this.traits = traits;
    }

    static List<ChatMessage> fold(List<ChatMessage> messages, TemplateTraits traits) {
        var folding = new MessageFolding(traits);
        messages.forEach(folding::add);
        if (!folding.opening.isEmpty()) {
            folding.result.add(ChatMessage.of(Role.USER, folding.opening));
        }
        var folded = traits.parallelCalls() ? folding.result : CallSequence.split(folding.result);
        return folded.stream().map(folding::withFittingIds).toList();
    }

    private void add(ChatMessage message) {
        switch (message.role()) {
            case SYSTEM -> addSystem(message);
            case USER -> addUser(withOpening(message));
            case ASSISTANT -> {
                if (!opening.isEmpty()) {
                    result.add(ChatMessage.of(Role.USER, opening));
                    opening = "";
                }
                addOrJoin(message);
            }
            case TOOL -> {
                result.add(message);
                joinLast(opening);
                opening = "";
            }
        }
    }

    private void addSystem(ChatMessage message) {
        var leads = result.stream().allMatch(earlier -> earlier.role() == Role.SYSTEM);
        if (leads && traits.leadingSystem()) {
            // Templates that look at the first message only would drop a second system message.
            joinOrAdd(message, !result.isEmpty());
        } else if (leads) {
            opening = joined(opening, message.content());
        } else if (traits.systemAnywhere()) {
            result.add(message);
        } else if (isUserSide(result.getLast())) {
            joinLast(reminder(message.content()));
        } else {
            opening = joined(opening, reminder(message.content()));
        }
    }

    private static boolean isUserSide(ChatMessage message) {
        return message.role() == Role.USER || message.role() == Role.TOOL;
    }

    private static String reminder(String text) {
        return text.contains("<system-reminder>") ? text : "<system-reminder>\n" + text + "\n</system-reminder>";
    }

    private ChatMessage withOpening(ChatMessage message) {
        var content = joined(opening, message.content());
        opening = "";
        return ChatMessage.of(Role.USER, content);
    }

    private void addUser(ChatMessage message) {
        var afterResult = !result.isEmpty() && result.getLast().role() == Role.TOOL;
        if (afterResult && !traits.userAfterResult()) {
            joinLast(message.content());
        } else {
            addOrJoin(message);
        }
    }

    private void addOrJoin(ChatMessage message) {
        var repeats = !result.isEmpty() && result.getLast().role() == message.role();
        joinOrAdd(message, repeats && !traits.repeatedRoles());
    }

    private void joinOrAdd(ChatMessage message, boolean joins) {
        if (!joins) {
            result.add(message);
            return;
        }
        var last = result.removeLast();
        var calls = new ArrayList<>(last.toolCalls());
        calls.addAll(message.toolCalls());
        result.add(new ChatMessage(
                last.role(), joined(last.content(), message.content()), calls, last.toolCallId(), last.toolName()));
    }

    private void joinLast(String text) {
        var last = result.removeLast();
        result.add(withContent(last, joined(last.content(), text)));
    }

    private static ChatMessage withContent(ChatMessage message, String content) {
        return new ChatMessage(message.role(), content, message.toolCalls(), message.toolCallId(), message.toolName());
    }

    private static String joined(String first, String second) {
        return first.isEmpty() ? second : second.isEmpty() ? first : first + GAP + second;
    }

    private ChatMessage withFittingIds(ChatMessage message) {
        if (traits.anyCallId() || !traits.nativeTools()) {
            return message;
        }
        var calls = message.toolCalls().stream()
                .map(call -> new ToolCall(shortId(call.id()), call.name(), call.arguments()))
                .toList();
        var id = message.toolCallId() == null ? null : shortId(message.toolCallId());
        return new ChatMessage(message.role(), message.content(), calls, id, message.toolName());
    }

    /// Nine letters and digits that depend on nothing but the id.
    private static String shortId(String id) {
        if (id.length() == SHORT_ID_LENGTH && id.chars().allMatch(Character::isLetterOrDigit)) {
            return id;
        }
        try {
            var digest = MessageDigest.getInstance("SHA-256").digest(id.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest).substring(0, SHORT_ID_LENGTH);
        } catch (NoSuchAlgorithmException exception) {
            throw new IllegalStateException("every Java runtime has SHA-256", exception);
        }
    }
}
