package dev.jmlx.http.messages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jmlx.chat.Role;
import dev.jmlx.http.ApiException;
import dev.jmlx.http.ErrorType;
import dev.jmlx.http.Request;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class RequestReaderTest {
    private static final String HI = "'messages':[{'role':'user','content':'hi'}]";

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
        {} | model: Field required
        {'model':7} | model: Input should be a valid string
        {'model':''} | model: String should have at least 1 character
        {'model':'m'} | messages: Field required
        {'model':'m','messages':{}} | messages: Input should be a valid list
        {'model':'m','messages':[]} | messages: at least one message is required
        {'model':'m','messages':['hi']} | messages.0: Input should be an object
        {'model':'m','messages':[{'content':'hi'}]} | messages.0.role: Field required
        {'model':'m','messages':[{'role':'tool','content':'hi'}]} | messages.0.role: Input should be 'user', 'assistant', 'system', found 'tool'
        {'model':'m','messages':[{'role':'user'}]} | messages.0.content: Field required
        {'model':'m','messages':[{'role':'user','content':5}]} | messages.0.content: Input should be a valid list
        {'model':'m','messages':[{'role':'user','content':''}]} | messages.0: user messages must have non-empty content
        {'model':'m','messages':[{'role':'user','content':[]}]} | messages.0: user messages must have non-empty content
        {'model':'m','messages':[{'role':'assistant','content':'hi'}]} | messages.0: the first message must use the "user" role
        {'model':'m','messages':[{'role':'system','content':'hi'}]} | messages: at least one message must use the "user" role
        {'model':'m','messages':[{'role':'user','content':[{'type':'text'}]}]} | messages.0.content.0.text: Field required
        {'model':'m','messages':[{'role':'user','content':[{'type':'text','text':1}]}]} | messages.0.content.0.text: Input should be a valid string
        {'model':'m','messages':[{'role':'user','content':[{'text':'x'}]}]} | messages.0.content.0.type: Field required
        {'model':'m','messages':[{'role':'user','content':[{'type':'image','source':{}}]}]} | messages.0.content.0: this model reads text only, found an image
        {'model':'m','messages':[{'role':'user','content':[{'type':'document','source':{'type':'base64'}}]}]} | messages.0.content.0.source: this model reads text only, found a document that is not text
        {'model':'m','messages':[{'role':'user','content':[{'type':'tool_use','id':'a','name':'b','input':{}}]}]} | messages.0.content.0: `tool_use` blocks can only be in `assistant` messages
        {'model':'m','messages':[{'role':'user','content':[{'type':'tool_result','tool_use_id':'a'}]}]} | messages.0.content.0: unexpected `tool_use_id` found in `tool_result` blocks: a. Each `tool_result` block must have a corresponding `tool_use` block before it
        {'model':'m','messages':[{'role':'user','content':'x'},{'role':'assistant','content':[{'type':'tool_use','id':'a','name':'b','input':'x'}]}]} | messages.1.content.0.input: Input should be an object
        {'model':'m','messages':[{'role':'user','content':'x'},{'role':'assistant','content':[{'type':'tool_use','id':'a','name':'b','input':{}}]}]} | messages.1: `tool_use` ids were found without `tool_result` blocks immediately after
        {'model':'m','max_tokens':0,HI} | max_tokens: Input should be greater than or equal to 1
        {'model':'m','max_tokens':1.5,HI} | max_tokens: Input should be a valid integer
        {'model':'m','max_tokens':'9',HI} | max_tokens: Input should be a valid integer
        {'model':'m','temperature':1.1,HI} | temperature: Input should be from 0 to 1, found 1.1
        {'model':'m','temperature':-1,HI} | temperature: Input should be from 0 to 1, found -1
        {'model':'m','temperature':'hot',HI} | temperature: Input should be a valid number
        {'model':'m','top_p':2,HI} | top_p: Input should be from 0 to 1, found 2
        {'model':'m','top_k':-1,HI} | top_k: Input should be greater than or equal to 0
        {'model':'m','stop_sequences':'x',HI} | stop_sequences: Input should be a valid list
        {'model':'m','stop_sequences':['x',' '],HI} | stop_sequences.1: each stop sequence must contain non-whitespace
        {'model':'m','stream':'yes',HI} | stream: Input should be a valid boolean
        {'model':'m','system':5,HI} | system: Input should be a valid list
        {'model':'m','system':[{'type':'text'}],HI} | system.0.text: Field required
        {'model':'m','tools':[{'input_schema':{}}],HI} | tools.0.name: Field required
        {'model':'m','tools':[{'name':'a b','input_schema':{}}],HI} | tools.0.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'
        {'model':'m','tools':[{'name':'a'}],HI} | tools.0.input_schema: Field required
        {'model':'m','tools':[{'name':'a','input_schema':{}},{'name':'a','input_schema':{}}],HI} | tools: Tool names must be unique, found 'a' twice
        {'model':'m','tool_choice':{'type':'tool','name':'x'},HI} | tool_choice: Tool 'x' not found in provided tools
        {'model':'m','tool_choice':{'type':'all'},HI} | tool_choice.type: Input should be 'auto', 'any', 'tool', 'none', found 'all'
        """)
    void refusesWhatTheApiRefusesAndNamesTheField(String body, String message) {
        assertThatThrownBy(() -> read(body))
                .isInstanceOfSatisfying(
                        ApiException.class, error -> assertThat(error.type()).isEqualTo(ErrorType.INVALID_REQUEST))
                .hasMessage(message);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{'model':'m',HI,'thinking':{'type':'adaptive'},'context_management':{'edits':[]},'metadata':{},'x':1}",
                "{'model':'m',HI,'max_tokens':null,'system':null,'tools':null,'stop_sequences':null,'stream':null}",
                "{'model':'m',HI,'max_tokens':128000,'tools':[{'type':'web_search_20250305','name':'web_search'}]}",
                "{'model':'m','messages':[{'role':'user','content':[{'type':'text','text':'a','cache_control':{},'z':1}]}]}",
                "{'model':'m','messages':[{'role':'system','content':'s'},{'role':'user','content':'a'},"
                        + "{'role':'user','content':'b'},{'role':'system','content':'t'}]}",
                "{'model':'m','messages':[{'role':'user','content':'a'},{'role':'assistant','content':"
                        + "[{'type':'thinking','thinking':'t','signature':''},{'type':'redacted_thinking','data':'x'}]}]}"
            })
    void acceptsWhatClientsSend(String body) {
        assertThat(read(body).model()).isEqualTo("m");
    }

    @Test
    void dropsTheBillingLineOfTheSystemPromptOnly() {
        var request = read("{'model':'m','system':[{'type':'text','text':'x-anthropic-billing-header: cc'},"
                + "{'type':'text','text':'be kind'}],'messages':[{'role':'system','content':'x-anthropic-billing-header'},"
                + "{'role':'user','content':'x-anthropic-billing-header'}]}");

        assertThat(request.system()).containsExactly(new InputBlock.Text("be kind"));
        assertThat(request.messages().getFirst()).isEqualTo(new InputMessage(Role.SYSTEM, java.util.List.of()));
        assertThat(request.messages().getLast().blocks()).hasSize(1);
    }

    @Test
    void saysWhereBrokenJsonBreaks() {
        assertThatThrownBy(() -> read("{'model':\n  oops}"))
                .hasMessageContaining("not valid JSON")
                .hasMessageContaining("line 2");
        assertThatThrownBy(() -> read("[]")).hasMessageContaining("expected an object");
        assertThatThrownBy(() -> read("")).hasMessageContaining("not valid JSON");
        assertThatThrownBy(() -> read("{} {}")).hasMessageContaining("not valid JSON");
    }

    @Test
    void refusesJsonThatIsNestedTooDeeply() {
        var deep = "{'model':'m','x':" + "[".repeat(200) + "]".repeat(200) + "}";

        assertThatThrownBy(() -> read(deep)).isInstanceOf(ApiException.class).hasMessageContaining("depth");
    }

    @Test
    void readsTheAnsweringOptions() {
        var answering = read("{'model':'m',HI,'max_tokens':9,'temperature':0,'top_p':0.5,'top_k':3,"
                        + "'stop_sequences':['a','b'],'stream':true}")
                .answering();

        assertThat(answering.maxTokens()).hasValue(9);
        assertThat(answering.sampling()).isEqualTo(new RequestedSampling(0.0, 0.5, 3));
        assertThat(answering.stopSequences()).containsExactly("a", "b");
        assertThat(answering.stream()).isTrue();
    }

    @Test
    void numbersBeyondEveryTypeAreReadOrRefusedLikeOthers() {
        var huge = "9".repeat(900);

        assertThat(read("{'model':'m',HI,'max_tokens':" + huge + "}")
                        .answering()
                        .maxTokens())
                .hasValue(Integer.MAX_VALUE);
        assertThatThrownBy(() -> read("{'model':'m',HI,'max_tokens':-" + huge + "}"))
                .hasMessage("max_tokens: Input should be greater than or equal to 1");
        assertThatThrownBy(() -> read("{'model':'m',HI,'max_tokens':1e999}"))
                .hasMessage("max_tokens: Input should be a valid integer");
        assertThatThrownBy(() -> read("{'model':'m',HI,'temperature':" + huge + "}"))
                .isInstanceOf(ApiException.class)
                .hasMessageStartingWith("temperature: Input should be from 0 to 1");
    }

    private static MessagesRequest read(String body) {
        var json = body.replace("HI", HI).replace('\'', '"');
        var bytes = json.getBytes(StandardCharsets.UTF_8);
        return RequestReader.read(JsonBody.read(Request.of("POST", "/v1/messages", Map.of(), bytes)));
    }
}
