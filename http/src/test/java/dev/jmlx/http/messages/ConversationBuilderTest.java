package dev.jmlx.http.messages;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jmlx.chat.ChatMessage;
import dev.jmlx.chat.Role;
import dev.jmlx.chat.ToolCall;
import dev.jmlx.chat.ToolSpec;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class ConversationBuilderTest {
    private static final String TOOLS =
            "'tools':[{'name':'Read','description':'reads','input_schema':{'type':'object'}},"
                    + "{'name':'Later','input_schema':{},'defer_loading':true},"
                    + "{'type':'web_search_20250305','name':'web_search'},"
                    + "{'name':'DeferredToolPlaceholder','input_schema':{},'defer_loading':true}],";

    @Test
    void stringAndBlocksGiveTheSameConversation() {
        var asString = build("'messages':[{'role':'user','content':'hi'}]");
        var asBlocks = build("'messages':[{'role':'user','content':[{'type':'text','text':'hi','cache_control':{}}]}]");

        assertThat(asString).isEqualTo(asBlocks);
        assertThat(asString.messages()).containsExactly(ChatMessage.of(Role.USER, "hi"));
    }

    @Test
    void keepsSystemMessagesInTheirPlace() {
        var conversation = build("'system':'S','messages':[{'role':'user','content':'a'},"
                + "{'role':'system','content':'note'},{'role':'user','content':'b'}]");

        assertThat(conversation.messages())
                .containsExactly(
                        ChatMessage.of(Role.SYSTEM, "S"),
                        ChatMessage.of(Role.USER, "a"),
                        ChatMessage.of(Role.SYSTEM, "note"),
                        ChatMessage.of(Role.USER, "b"));
    }

    @Test
    void toolResultsNameTheCallTheyAnswer() {
        var conversation = build("'messages':[{'role':'user','content':'go'},{'role':'assistant','content':["
                + "{'type':'text','text':'reading'},"
                + "{'type':'tool_use','id':'t1','name':'Read','input':{'path':'a','n':1}},"
                + "{'type':'tool_use','id':'t2','name':'Bash','input':{}}]},"
                + "{'role':'user','content':[{'type':'tool_result','tool_use_id':'t2','content':'no','is_error':true},"
                + "{'type':'tool_result','tool_use_id':'t1','content':[{'type':'text','text':'yes'}]},"
                + "{'type':'text','text':'and?'}]}]");

        assertThat(conversation.messages().subList(1, 5))
                .containsExactly(
                        new ChatMessage(
                                Role.ASSISTANT,
                                "reading",
                                List.of(
                                        new ToolCall("t1", "Read", Map.of("path", "a", "n", 1L)),
                                        new ToolCall("t2", "Bash", Map.of())),
                                null,
                                null),
                        new ChatMessage(Role.TOOL, "Error: no", List.of(), "t2", "Bash"),
                        new ChatMessage(Role.TOOL, "yes", List.of(), "t1", "Read"),
                        ChatMessage.of(Role.USER, "and?"));
    }

    @Test
    void hidesDeferredAndServerTools() {
        var conversation = build(TOOLS + "'messages':[{'role':'user','content':'hi'}]");

        assertThat(conversation.tools()).containsExactly(new ToolSpec("Read", "reads", Map.of("type", "object")));
    }

    @Test
    void describesADeferredToolWhereItIsReferenced() {
        var conversation = build(TOOLS + "'messages':[{'role':'user','content':'go'},{'role':'assistant','content':["
                + "{'type':'tool_use','id':'t1','name':'ToolSearch','input':{}}]},"
                + "{'role':'user','content':[{'type':'tool_result','tool_use_id':'t1',"
                + "'content':[{'type':'tool_reference','tool_name':'Later'}]}]}]");

        assertThat(conversation.messages().getLast().content()).contains("\"name\":\"Later\"");
        assertThat(conversation.tools()).extracting(ToolSpec::name).containsExactly("Read");
    }

    @Test
    void toolChoiceLimitsTheTools() {
        assertThat(build(TOOLS + "'tool_choice':{'type':'none'},'messages':[{'role':'user','content':'hi'}]")
                        .tools())
                .isEmpty();
        assertThat(build(TOOLS + "'tool_choice':{'type':'tool','name':'Later'},"
                                + "'messages':[{'role':'user','content':'hi'}]")
                        .tools())
                .extracting(ToolSpec::name)
                .containsExactly("Later");
    }

    @Test
    void aFinalAssistantMessageIsThePrefill() {
        var conversation =
                build("'messages':[{'role':'user','content':'hi'},{'role':'assistant','content':'The answer is'}]");

        assertThat(conversation.prefill()).isEqualTo("The answer is");
        assertThat(conversation.messages()).containsExactly(ChatMessage.of(Role.USER, "hi"));
    }

    @Test
    void inlinesTextDocuments() {
        var conversation = build("'messages':[{'role':'user','content':[{'type':'document','title':'T','source':"
                + "{'type':'text','media_type':'text/plain','data':'body'}}]}]");

        assertThat(conversation.messages()).containsExactly(ChatMessage.of(Role.USER, "T\nbody"));
    }

    private static Conversation build(String fields) {
        var json = "{'model':'m'," + fields + "}";
        return ConversationBuilder.build(RequestReader.read(JsonBody.parse(json.replace('\'', '"'))));
    }
}
