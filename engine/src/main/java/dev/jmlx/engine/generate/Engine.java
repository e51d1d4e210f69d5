package dev.jmlx.engine.generate;

import dev.jmlx.engine.cache.CacheType;
import dev.jmlx.engine.cache.KvCaches;
import dev.jmlx.engine.cache.LayerShape;
import dev.jmlx.engine.cache.StateShape;
import dev.jmlx.engine.model.Model;
import dev.jmlx.engine.model.Models;
import dev.jmlx.engine.ops.Backends;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.weights.Checkpoint;
import dev.jmlx.engine.weights.GenerationConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.DoubleConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A loaded model that answers generation requests: the one type that other modules talk to.
///
/// Any thread may call it. [#close] cancels what runs, ends the engine thread and frees the model; a second
/// call does nothing.
public final class Engine implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Engine.class);

    private final Checkpoint checkpoint;
    private final Model model;
    private final GenerationConfig generationConfig;
    private final ModelInfo info;
    private final Scheduler scheduler;
    private final Thread thread;
    private final AtomicBoolean closed = new AtomicBoolean();

    private Engine(
            Checkpoint checkpoint,
            Model model,
            GenerationConfig generationConfig,
            ModelInfo info,
            Scheduler scheduler) {
        this.checkpoint = checkpoint;
        this.model = model;
        this.generationConfig = generationConfig;
        this.info = info;
        this.scheduler = scheduler;
        this.thread = Thread.ofPlatform().name("jmlx-engine").daemon().unstarted(scheduler);
    }

    /// Loads the model in `folder` (`config.json`, `*.safetensors`) and starts the engine thread.
    ///
    /// Throws `ModelLoadException` when the folder cannot be run and `BackendUnavailableException` when
    /// the backend cannot, each with one clear sentence.
    public static Engine open(Path folder, EngineOptions options) {
        return open(folder, options, _ -> {});
    }

    /// The same; `progress` hears on this thread which part of the weights is ready, from 0 to 1.
    public static Engine open(Path folder, EngineOptions options, DoubleConsumer progress) {
        var backend = Backends.choose(options.backend());
        var checkpoint = Checkpoint.open(folder);
        try {
            var memory = MemoryPlan.forThisMachine(checkpoint.byteSize());
            var ops = backend.open(options.threads(), options.precision());
            try {
                return open(folder, options, memory, checkpoint, ops, progress);
            } catch (RuntimeException | Error e) {
                ops.close();
                throw e;
            }
        } catch (RuntimeException | Error e) {
            checkpoint.close();
            throw e;
        }
    }

    private static Engine open(
            Path folder,
            EngineOptions options,
            MemoryPlan memory,
            Checkpoint checkpoint,
            Ops ops,
            DoubleConsumer progress) {
        var read = new AtomicLong();
        var prepared = new AtomicLong();
        var weights = checkpoint.weights((matrix, arena) -> {
            var result = ops.prepare(matrix, arena);
            prepared.addAndGet(result.byteSize());
            progress.accept(Math.min(1, (double) read.addAndGet(matrix.byteSize()) / checkpoint.byteSize()));
            return result;
        });
        var model = Models.load(checkpoint.config(), weights);
        var generationConfig = GenerationConfig.read(folder, checkpoint.config());
        var info = new ModelInfo(
                checkpoint.config().string("model_type"), checkpoint.byteSize(), weights.parameters(), ops.describe());
        var shapes = model.cacheShapes();
        var left = memory.with(prepared.get(), states(shapes) * (options.maxSequences() - 1));
        var context = left.contextLength(options.maxContext(), model.contextLength(), options.cacheType(), shapes);
        var caches = new KvCaches(options.cacheType(), shapes, options.maxSequences(), context, left.cacheBytes());
        var scheduler = new Scheduler(model, ops, caches, context, options.maxSequences(), options.maxWaiting());
        var engine = new Engine(checkpoint, model, generationConfig, info, scheduler);
        engine.thread.start();
        return engine;
    }

    /// Bytes of a sequence's recurrent states.
    private static long states(List<? extends LayerShape> shapes) {
        return shapes.stream()
                .filter(shape -> shape instanceof StateShape)
                .mapToLong(shape -> shape.bytesFor(CacheType.F32, 1))
                .sum();
    }

    /// Queues a request. Throws [EngineBusyException] when the waiting line is full, and
    /// IllegalArgumentException when the prompt is empty, does not leave room for one token, or holds
    /// an id outside the vocabulary.
    public Generation submit(GenerationRequest request) {
        var length = request.promptIds().length;
        if (length == 0 || length >= contextLength()) {
            throw new IllegalArgumentException(
                    "a prompt must have 1 to " + (contextLength() - 1) + " tokens, found " + length);
        }
        if (request.maxTokens() < 1) {
            throw new IllegalArgumentException("maxTokens must be at least 1, found " + request.maxTokens());
        }
        for (var id : request.promptIds()) {
            if (id < 0 || id >= model.vocabSize()) {
                throw new IllegalArgumentException(
                        "token id " + id + " is outside the model's vocabulary of " + model.vocabSize());
            }
        }
        return scheduler.submit(request);
    }

    /// Tokens that a prompt and its answer may take together.
    public int contextLength() {
        return scheduler.contextLength();
    }

    /// What the model's folder says about generating: end-of-sequence ids and sampling defaults.
    public GenerationConfig generationConfig() {
        return generationConfig;
    }

    public EngineStatus status() {
        return scheduler.status();
    }

    /// What was loaded, for the start-up lines.
    public ModelInfo info() {
        return info;
    }

    @Override
    public void close() {
        scheduler.stop();
        var interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            log.debug("interrupted while the engine closed");
            Thread.currentThread().interrupt();
        }
        if (closed.compareAndSet(false, true)) {
            checkpoint.close();
        }
    }
}
