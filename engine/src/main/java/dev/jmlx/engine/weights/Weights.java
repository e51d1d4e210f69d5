package dev.jmlx.engine.weights;

import dev.jmlx.engine.tensor.DType;
import dev.jmlx.engine.tensor.DenseVector;
import dev.jmlx.engine.tensor.Matrix;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// A checkpoint's tensors, by the checkpoint's own names, seen from one scope ("model.layers.3").
///
/// The architectures read through it while they load. It turns a name into a dense or a quantized matrix by the
/// presence of `.scales`, checks every shape, and remembers which names were read, so that a weight that nobody
/// asked for is found before the model runs. One thread.
public final class Weights {
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Map<String, TensorInfo> tensors;
    private final ModelConfig config;
    private final Set<String> read;
    private final LongAdder parameters;
    private final UnaryOperator<Matrix> placement;
    private final String prefix;

    Weights(Map<String, TensorInfo> tensors, ModelConfig config, UnaryOperator<Matrix> placement) {
        this(tensors, config, new HashSet<>(), new LongAdder(), placement, "");
    }

    private Weights(
            Map<String, TensorInfo> tensors,
            ModelConfig config,
            Set<String> read,
            LongAdder parameters,
            UnaryOperator<Matrix> placement,
            String prefix) {
        this.tensors = tensors;
        this.config = config;
        this.read = read;
        this.parameters = parameters;
        this.placement = placement;
        this.prefix = prefix;
    }

    /// The same weights seen from a deeper path.
    public Weights scope(String path) {
        return new Weights(tensors, config, read, parameters, placement, prefix + path + ".");
    }

    public boolean has(String name) {
        return tensors.containsKey(prefix + name);
    }

    /// The weight of the layer `name` (its `.weight`, and `.scales` and `.biases` where it is
    /// quantized), as the backend placed it.
    public Matrix matrix(String name, int rows, int cols) {
        parameters.add((long) rows * cols);
        return placement.apply(
                has(name + ".scales") ? quantized(name, rows, cols) : dense(name + ".weight", rows, cols));
    }

    /// The one-dimensional tensor `name`, widened to f32.
    public DenseVector vector(String name, int length) {
        var tensor = take(name);
        check(tensor, tensor.dtype().isFloat() ? tensor.dtype() : DType.F32, length);
        parameters.add(length);
        return new DenseVector(widen(tensor, length));
    }

    /// The same, or null when the checkpoint has no such tensor.
    public @Nullable DenseVector vectorIfPresent(String name, int length) {
        return has(name) ? vector(name, length) : null;
    }

    /// How many weights were read so far, over all scopes, counted before quantization.
    public long parameters() {
        return parameters.sum();
    }

    /// Marks tensors as knowingly unused: those whose name ends with `suffix`.
    public void skip(String suffix) {
        tensors.keySet().stream().filter(name -> name.endsWith(suffix)).forEach(read::add);
    }

    /// Fails when tensors were never read: the model would silently run without them.
    public void requireAllRead() {
        var left = tensors.keySet().stream()
                .filter(name -> !read.contains(name))
                .sorted()
                .toList();
        if (!left.isEmpty()) {
            var shown = String.join(", ", left.subList(0, Math.min(5, left.size())));
            throw new ModelLoadException("weights left over: " + shown
                    + (left.size() > 5 ? " and " + (left.size() - 5) + " more" : "")
                    + "; this variant of \"" + config.string("model_type", "?") + "\" is not supported");
        }
    }

    private Matrix dense(String name, int rows, int cols) {
        var tensor = take(name);
        check(tensor, tensor.dtype().isFloat() ? tensor.dtype() : DType.BF16, rows, cols);
        return new Matrix.Dense(tensor.data(), tensor.dtype(), rows, cols);
    }

    private Matrix quantized(String name, int rows, int cols) {
        var quantization = Quantization.forPath(config, prefix + name);
        if (quantization == null) {
            throw new ModelLoadException(prefix + name + ": has .scales, but config.json has no quantization for it");
        }
        var groupSize = quantization.groupSize();
        if (cols % groupSize != 0) {
            throw new ModelLoadException(
                    prefix + name + ": " + cols + " columns are no multiple of group_size " + groupSize);
        }
        var packed = take(name + ".weight");
        check(packed, DType.U32, rows, (int) ((long) cols * quantization.bits() / 32));
        var scales = take(name + ".scales");
        check(scales, scales.dtype().isFloat() ? scales.dtype() : DType.BF16, rows, cols / groupSize);
        var biases = take(name + ".biases");
        check(biases, scales.dtype(), rows, cols / groupSize);
        return new Matrix.Quantized(
                packed.data(),
                scales.data(),
                biases.data(),
                scales.dtype(),
                rows,
                cols,
                quantization.bits(),
                groupSize,
                quantization.mode());
    }

    private TensorInfo take(String name) {
        var tensor = tensors.get(prefix + name);
        if (tensor == null) {
            throw new ModelLoadException(prefix + name + ": not in the checkpoint");
        }
        read.add(prefix + name);
        return tensor;
    }

    private static void check(TensorInfo tensor, DType dtype, int... shape) {
        if (tensor.dtype() != dtype || !Arrays.equals(tensor.shape(), shape)) {
            throw new ModelLoadException(tensor.name() + ": expected " + Arrays.toString(shape) + " " + dtype
                    + ", found " + tensor.describe());
        }
    }

    private static float[] widen(TensorInfo tensor, int length) {
        var values = new float[length];
        MemorySegment data = tensor.data();
        for (var i = 0; i < length; i++) {
            values[i] = switch (tensor.dtype()) {
                case F32 -> data.get(F32, 4L * i);
                case F16 -> Float.float16ToFloat(data.get(U16, 2L * i));
                case BF16 -> Float.intBitsToFloat(data.get(U16, 2L * i) << 16);
                case U32, I32, U8 -> throw new IllegalStateException(tensor.name() + ": checked to be a float type");
            };
        }
        return values;
    }
}
