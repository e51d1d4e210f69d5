package dev.jmlx.engine.nn;

import dev.jmlx.engine.ops.Activation;
import dev.jmlx.engine.ops.Experts;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.ops.Routing;
import dev.jmlx.engine.tensor.DenseVector;
import dev.jmlx.engine.tensor.Tensor;
import dev.jmlx.engine.weights.Weights;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// A mixture of experts: few of many MLPs for each token, and one that all tokens share where the model has it.
///
/// `sharedGate`, `[1, hiddenSize]`, weighs the shared one by a sigmoid. Source: arXiv 2101.03961, 2401.06066.
public record Moe(
        Linear router,
        Routing routing,
        Experts experts,
        @Nullable FeedForward shared,
        @Nullable Linear sharedGate) implements FeedForward {

    /// Throws IllegalArgumentException where the routing does not fit the experts.
    public Moe {
        if (routing.topK() < 1 || routing.topK() > experts.count() || experts.count() % routing.groups() != 0) {
            throw new IllegalArgumentException(
                    routing.topK() + " of " + experts.count() + " experts in " + routing.groups() + " groups");
        }
    }

    /// Without a shared expert.
    public Moe(Linear router, Routing routing, Experts experts) {
        this(router, routing, experts, null, null);
    }

    /// Reads the stacked experts of `scope`: `gate_proj`, `up_proj` and `down_proj`, with biases where there
    /// are any.
    public static Experts loadExperts(
            Weights scope, int count, int hiddenSize, int intermediateSize, Activation activation) {
        var gate = scope.experts("gate_proj", count, intermediateSize, hiddenSize);
        var gateBias = scope.vectorsIfPresent("gate_proj.bias", count, intermediateSize);
        var up = scope.experts("up_proj", count, intermediateSize, hiddenSize);
        var upBias = scope.vectorsIfPresent("up_proj.bias", count, intermediateSize);
        var down = scope.experts("down_proj", count, hiddenSize, intermediateSize);
        var downBias = scope.vectorsIfPresent("down_proj.bias", count, hiddenSize);
        var experts = IntStream.range(0, count)
                .mapToObj(i -> new Experts.Expert(
                        gate.get(i), at(gateBias, i), up.get(i), at(upBias, i), down.get(i), at(downBias, i)))
                .toList();
        return new Experts(experts, activation);
    }

    private static @Nullable DenseVector at(@Nullable List<DenseVector> biases, int index) {
        return biases == null ? null : biases.get(index);
    }

    @Override
    public Tensor apply(Ops ops, Tensor x) {
        var chosen = ops.moe(x, router.apply(ops, x), routing, experts);
        if (shared == null) {
            return chosen;
        }
        var common = shared.apply(ops, x);
        if (sharedGate != null) {
            common = ops.gated(sharedGate.apply(ops, x), common, Activation.SIGMOID);
        }
        return ops.add(chosen, common);
    }
}
