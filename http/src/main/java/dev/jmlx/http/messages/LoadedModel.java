package dev.jmlx.http.messages;

import dev.jmlx.chat.ChatTemplate;
import dev.jmlx.chat.OutputParser;
import dev.jmlx.chat.OutputParsers;
import dev.jmlx.engine.generate.Engine;
import dev.jmlx.engine.generate.EngineBusyException;
import dev.jmlx.engine.generate.EngineOptions;
import dev.jmlx.engine.generate.EngineStatus;
import dev.jmlx.engine.generate.GenerationRequest;
import dev.jmlx.engine.generate.ModelInfo;
import dev.jmlx.engine.sample.SamplingParams;
import dev.jmlx.engine.weights.ModelLoadException;
import dev.jmlx.http.ApiException;
import dev.jmlx.jinja.TemplateException;
import dev.jmlx.tokenizer.Tokenizer;
import dev.jmlx.tokenizer.TokenizerConfig;
import dev.jmlx.tokenizer.TokenizerJson;
import java.nio.file.Path;
import java.time.Clock;
import java.time.ZoneId;
import java.util.Arrays;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// A model folder, opened: engine, tokenizer and chat template together. Any thread.
public final class LoadedModel implements ChatModel, AutoCloseable {
    private final Engine engine;
    private final Tokenizer tokenizer;
    private final ChatTemplate template;
    private final Supplier<OutputParser> parsers;
    private final int[] stopIds;

    private LoadedModel(
            Engine engine, Tokenizer tokenizer, ChatTemplate template, Supplier<OutputParser> parsers, int[] stopIds) {
        this.engine = engine;
        this.tokenizer = tokenizer;
        this.template = template;
        this.parsers = parsers;
        this.stopIds = stopIds;
    }

    /// Opens everything in `folder`; `eosToken` ends answers too, besides the model's own end tokens.
    /// Throws `ModelLoadException`, `TokenizerLoadException`, `BackendUnavailableException` or
    /// `TemplateException`.
    public static LoadedModel open(Path folder, EngineOptions options, @Nullable String eosToken) {
        var tokenizer = TokenizerJson.load(folder);
        var config = TokenizerConfig.load(folder);
        var source = config.chatTemplate();
        if (source == null) {
            throw new ModelLoadException(folder + ": there is no chat_template in tokenizer_config.json and no"
                    + " chat_template.jinja; a model without one cannot chat");
        }
        var template = ChatTemplate.compile(
                source, config.bosToken(), config.eosToken(), Clock.system(ZoneId.systemDefault()));
        var extraStops = extraStops(tokenizer, config.eosToken(), eosToken);
        var engine = Engine.open(folder, options);
        var stops = concat(engine.generationConfig().eosIds(), extraStops);
        return new LoadedModel(engine, tokenizer, template, OutputParsers.forTemplate(source), stops);
    }

    /// What ends an answer besides the ids of the model's files: the tokenizer's own end token, and the
    /// configured one.
    private static int[] extraStops(Tokenizer tokenizer, @Nullable String ofTokenizer, @Nullable String configured) {
        var stops = IntStream.builder();
        if (ofTokenizer != null) {
            tokenizer.idOf(ofTokenizer).ifPresent(stops::add);
        }
        if (configured != null) {
            stops.add(tokenizer
                    .idOf(configured)
                    .orElseThrow(() -> new ModelLoadException(
                            "EOS_TOKEN=" + configured + ": the model's vocabulary has no such token")));
        }
        return stops.build().toArray();
    }

    private static int[] concat(int[] first, int[] second) {
        var all = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, all, first.length, second.length);
        return all;
    }

    @Override
    public int[] encode(Conversation conversation) {
        try {
            var prompt = template.render(conversation.messages(), conversation.tools(), true, Map.of());
            return tokenizer.encode(prompt + conversation.prefill());
        } catch (TemplateException refused) {
            throw ApiException.invalid("messages: the model's chat template refuses them: " + refused.getMessage());
        }
    }

    /// The ids of a text without any template.
    public int[] encodeRaw(String text) {
        return tokenizer.encode(text);
    }

    @Override
    public int contextLength() {
        return engine.contextLength();
    }

    @Override
    public RequestedSampling recommended() {
        var config = engine.generationConfig();
        var temperature = config.temperature();
        var topP = config.topP();
        return new RequestedSampling(
                temperature == null ? null : temperature.doubleValue(),
                topP == null ? null : topP.doubleValue(),
                config.topK());
    }

    @Override
    public OutputParser outputParser() {
        return parsers.get();
    }

    @Override
    public TextStream generate(int[] promptIds, int maxTokens, SamplingParams sampling) {
        try {
            var generation = engine.submit(new GenerationRequest(promptIds, maxTokens, stopIds, sampling));
            return new GenerationStream(generation, tokenizer.streamDecoder(true));
        } catch (EngineBusyException busy) {
            var message = busy.getMessage();
            throw ApiException.overloaded(message == null ? "the server is busy" : message);
        }
    }

    @Override
    public EngineStatus status() {
        return engine.status();
    }

    /// What was loaded, for the start-up lines.
    public ModelInfo info() {
        return engine.info();
    }

    @Override
    public void close() {
        engine.close();
    }
}
