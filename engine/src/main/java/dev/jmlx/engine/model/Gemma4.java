package dev.jmlx.engine.model;

import dev.jmlx.engine.cache.CacheShape;
import dev.jmlx.engine.cache.KvCaches;
import dev.jmlx.engine.nn.Embedding;
import dev.jmlx.engine.nn.GatedMlp;
import dev.jmlx.engine.nn.Head;
import dev.jmlx.engine.nn.Linear;
import dev.jmlx.engine.nn.RmsNorm;
import dev.jmlx.engine.ops.Activation;
import dev.jmlx.engine.ops.AttentionSpec;
import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.Experts;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.ops.Routing;
import dev.jmlx.engine.tensor.Tensor;
import dev.jmlx.engine.weights.ModelConfig;
import dev.jmlx.engine.weights.Weights;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Gemma 4: Gemma's block with values normed, wider heads where a layer sees everything, the last layers
/// reading the keys and values of earlier ones, and for each layer an embedding of its own for each token, or
/// experts beside the MLPs.
///
/// Source: mlx-lm `models/gemma4_text.py`.
record Gemma4(
        Sizes sizes,
        Embedding embed,
        @Nullable LayerInputs layerInputs,
        List<Layer> layers,
        List<CacheShape> shapes,
        RmsNorm norm,
        Head head)
        implements Model {

    private static final float ROOT_OF_HALF = (float) Math.sqrt(0.5);

    /// `cache`: whose keys and values the layer reads; those of another layer where `kProj` is null.
    record Layer(
            int cache,
            RmsNorm inputLayernorm,
            Linear qProj,
            @Nullable Linear kProj,
            @Nullable Linear vProj,
            Linear oProj,
            RmsNorm qNorm,
            @Nullable RmsNorm kNorm,
            RmsNorm vNorm,
            AttentionSpec spec,
            RmsNorm postAttentionLayernorm,
            RmsNorm preFeedforwardLayernorm,
            GatedMlp mlp,
            @Nullable ExpertPart experts,
            RmsNorm postFeedforwardLayernorm,
            @Nullable Linear perLayerInputGate,
            @Nullable Linear perLayerProjection,
            @Nullable RmsNorm postPerLayerInputNorm,
            float layerScalar) {}

    /// Experts beside the MLP; they and their router read what the MLP reads, each normed in its own way.
    record ExpertPart(
            RmsNorm mlpPostNorm,
            RmsNorm routerNorm,
            Linear router,
            RmsNorm preNorm,
            Routing routing,
            Experts experts,
            RmsNorm postNorm) {
        Tensor apply(Ops ops, Tensor x, Tensor mlp) {
            var scores = router.apply(ops, routerNorm.apply(ops, x));
            var mixed = ops.moe(preNorm.apply(ops, x), scores, routing, experts);
            return ops.add(mlpPostNorm.apply(ops, mlp), postNorm.apply(ops, mixed));
        }
    }

    /// Embeddings for each layer, mixed with a projection of the first hidden state.
    record LayerInputs(Embedding embed, Linear projection, RmsNorm norm, int size, float projectionFactor) {
        Tensor apply(Ops ops, Tensor x, Batch batch) {
            var projected = norm.apply(ops, ops.scale(projection.apply(ops, x), projectionFactor));
            return ops.pin(ops.scale(ops.add(projected, embed.apply(ops, batch)), ROOT_OF_HALF));
        }
    }

    static Gemma4 load(ModelConfig config, Weights weights) {
        return new Gemma4Loader(config, weights).load();
    }

    @Override
    public Tensor forward(Ops ops, Batch batch, KvCaches caches) {
        var x = embed.apply(ops, batch);
        var inputs = layerInputs == null ? null : layerInputs.apply(ops, x, batch);
        for (var i = 0; i < layers.size(); i++) {
            var layer = layers.get(i);
            var mixed = ops.add(x, attention(ops, layer, x, batch, caches));
            var gated = layer.mlp.apply(ops, layer.preFeedforwardLayernorm.apply(ops, mixed));
            gated = layer.experts == null ? gated : layer.experts.apply(ops, mixed, gated);
            x = ops.add(mixed, layer.postFeedforwardLayernorm.apply(ops, gated));
            if (inputs != null && layerInputs != null) {
                var size = layerInputs.size;
                x = ops.add(x, layerInput(ops, layer, x, ops.headColumns(inputs, 1, i * size, (i + 1) * size)));
            }
            x = ops.scale(x, layer.layerScalar);
            ops.keepOnly(x);
        }
        return head.apply(ops, norm.apply(ops, ops.logitRows(x, batch)));
    }

    private static Tensor attention(Ops ops, Layer layer, Tensor x, Batch batch, KvCaches caches) {
        var normed = layer.inputLayernorm.apply(ops, x);
        var q = layer.qProj.apply(ops, normed);
        Tensor k = null;
        Tensor v = null;
        if (layer.kProj != null && layer.kNorm != null) {
            var projected = layer.kProj.apply(ops, normed);
            var values = layer.vProj == null ? projected : layer.vProj.apply(ops, normed);
            k = layer.kNorm.apply(ops, projected);
            v = layer.vNorm.apply(ops, values);
        }
        var attended = ops.attention(layer.qNorm.apply(ops, q), k, v, layer.spec, batch, caches.full(layer.cache));
        return layer.postAttentionLayernorm.apply(ops, layer.oProj.apply(ops, attended));
    }

    private static Tensor layerInput(Ops ops, Layer layer, Tensor x, Tensor input) {
        if (layer.perLayerInputGate == null
                || layer.perLayerProjection == null
                || layer.postPerLayerInputNorm == null) {
            throw new IllegalStateException("a layer without weights for its input");
        }
        var gated = ops.gated(layer.perLayerInputGate.apply(ops, x), input, Activation.GELU);
        return layer.postPerLayerInputNorm.apply(ops, layer.perLayerProjection.apply(ops, gated));
    }

    @Override
    public List<CacheShape> cacheShapes() {
        return shapes;
    }

    @Override
    public int vocabSize() {
        return sizes.vocabSize();
    }

    @Override
    public int contextLength() {
        return sizes.contextLength();
    }
}
