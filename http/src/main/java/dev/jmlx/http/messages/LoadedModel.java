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
import dev.jmlx.tokenizer.PatternLimitException;
import dev.jmlx.tokenizer.Tokenizer;
import dev.jmlx.tokenizer.TokenizerConfig;
import dev.jmlx.tokenizer.TokenizerJson;
import java.nio.file.Path;
import java.time.Clock;
import java.time.ZoneId;
import java.util.Arrays;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.DoubleConsumer;
import java.util.function.Supplier;

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

    /// Opens everything in `folder`. Throws `ModelLoadException`, `TokenizerLoadException`,
    /// `BackendUnavailableException` or `TemplateException`.
    public static LoadedModel open(Path folder, EngineOptions options) {
        return open(folder, options, _ -> {});
    }

    /// The same; `progress` hears on this thread which part of the weights is loaded, from 0 to 1.
    public static LoadedModel open(Path folder, EngineOptions options, DoubleConsumer progress) {
        var tokenizer = TokenizerJson.load(folder);
        var config = TokenizerConfig.load(folder);
        var source = config.chatTemplate();
        if (source == null) {
            throw new ModelLoadException(folder + ": there is no chat_template in tokenizer_config.json and no"
                    + " chat_template.jinja; a model without one cannot chat");
        }
        var template = ChatTemplate.compile(
                        source, config.bosToken(), config.eosToken(), Clock.system(ZoneId.systemDefault()))
                .changingTexts(tokenizer.plainText(source::contains), tokenizer.plainText(_ -> false));
        var engine = Engine.open(folder, options, progress);
        var stops = engine.generationConfig().eosIds();
        var model = new LoadedModel(engine, tokenizer, template, OutputParsers.forTemplate(source), stops);
        var end = config.eosToken() == null ? OptionalInt.empty() : tokenizer.idOf(config.eosToken());
        return end.isPresent() ? model.endingAlsoAt(end.getAsInt()) : model;
    }

    /// The id of a token by its spelling.
    public OptionalInt idOf(String token) {
        return tokenizer.idOf(token);
    }

    /// The same model, whose answers end at `tokenId` too, besides its own end tokens.
    public LoadedModel endingAlsoAt(int tokenId) {
        var stops = Arrays.copyOf(stopIds, stopIds.length + 1);
        stops[stopIds.length] = tokenId;
        return new LoadedModel(engine, tokenizer, template, parsers, stops);
    }

    @Override
    public int[] encode(Conversation conversation) {
        try {
            var prompt = template.render(conversation.messages(), conversation.tools(), true, Map.of());
            return tokenizer.encode(prompt + tokenizer.plainText(_ -> false).apply(conversation.prefill()));
        } catch (TemplateException refused) {
            throw ApiException.invalid("messages: the model's chat template refuses them: " + refused.getMessage());
        } catch (PatternLimitException refused) {
            throw ApiException.invalid("messages: " + refused.getMessage());
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
        } catch (IllegalArgumentException refused) {
            // A tokenizer may know tokens that the model has no row for.
            throw ApiException.invalid("messages: " + refused.getMessage());
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
