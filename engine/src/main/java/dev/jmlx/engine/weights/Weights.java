package dev.jmlx.engine.weights;

import dev.jmlx.engine.tensor.DType;
import dev.jmlx.engine.tensor.DenseVector;
import dev.jmlx.engine.tensor.Matrix;
import dev.jmlx.engine.tensor.QuantizationMode;
import dev.jmlx.engine.tensor.ScalarMatrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A checkpoint's tensors, by the checkpoint's own names, seen from one scope ("model.layers.3").
///
/// The architectures read through it while they load. It turns a name into a dense or a quantized matrix by the
/// presence of `.scales`, checks every shape, and remembers which names were read, so that a weight that nobody
/// asked for is found before the model runs. One thread.
public final class Weights {
    private static final Logger log = LoggerFactory.getLogger(Weights.class);
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /// The scope of experts that are stored one behind the other.
    private static final String STACKED = "switch_mlp.";

    private static final Map<String, String> EARLY_NAMES =
            Map.of("gate_proj", "w1", "down_proj", "w2", "up_proj", "w3");

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
        return placement.apply(stored(name, rows, cols, rows));
    }

    /// The weight of the layer `name` as several matrices of consecutive rows, as many as `rows` say.
    public List<Matrix> matrixParts(String name, int cols, int... rows) {
        var allRows = Arrays.stream(rows).reduce(0, Math::addExact);
        var whole = stored(name, allRows, cols, allRows);
        var parts = new ArrayList<Matrix>();
        var from = 0;
        for (var count : rows) {
            parts.add(placement.apply(Matrix.rows(whole, from, from + count)));
            from += count;
        }
        return List.copyOf(parts);
    }

    /// `count` vectors, stored one behind the other as `[count, length]`, or null when the checkpoint has none.
    public @Nullable List<DenseVector> vectorsIfPresent(String name, int count, int length) {
        if (!has(name)) {
            return null;
        }
        var tensor = take(name);
        check(tensor, tensor.dtype().isFloat() ? tensor.dtype() : DType.F32, count, length);
        parameters.add((long) count * length);
        var all = widen(tensor, Math.multiplyExact(count, length));
        return IntStream.range(0, count)
                .mapToObj(i -> new DenseVector(Arrays.copyOfRange(all, i * length, (i + 1) * length)))
                .toList();
    }

    /// The convolution weights `name` of `channels` channels, `[channels, length, 1]`: `length` arrays, the oldest
    /// input's first.
    public float[][] taps(String name, int channels, int length) {
        var tensor = take(name);
        check(tensor, tensor.dtype().isFloat() ? tensor.dtype() : DType.F32, channels, length, 1);
        parameters.add((long) channels * length);
        var all = widen(tensor, Math.multiplyExact(channels, length));
        var taps = new float[length][channels];
        for (var i = 0; i < all.length; i++) {
            taps[i % length][i / length] = all[i];
        }
        return taps;
    }

    /// The weights of `count` experts, stored one behind the other as `[count, rows, cols]`.
    public List<Matrix> experts(String name, int count, int rows, int cols) {
        if (!has(name + ".weight") && prefix.endsWith(STACKED)) {
            return unstacked(name, count, rows, cols);
        }
        var all = stored(name, Math.multiplyExact(count, rows), cols, count, rows);
        var largest = all instanceof Matrix.Quantized ? vectorIfPresent(name + ".global_scale", count) : null;
        return IntStream.range(0, count)
                .mapToObj(i -> placement.apply(expert(all, i * rows, (i + 1) * rows, largest, i)))
                .toList();
    }

    /// Experts that an early conversion left one by one, under names of their own.
    private List<Matrix> unstacked(String name, int count, int rows, int cols) {
        var parent = prefix.substring(0, prefix.length() - STACKED.length());
        var old = EARLY_NAMES.getOrDefault(name, name);
        return IntStream.range(0, count)
                .mapToObj(i -> new Weights(tensors, config, read, parameters, placement, parent + "experts." + i + "."))
                .map(expert -> expert.matrix(expert.has(old + ".weight") ? old : name, rows, cols))
                .toList();
    }

    /// NVFP4 scales are relative to the expert's `largest` weight: 448 times 6 of them make it.
    private static Matrix expert(Matrix all, int from, int to, @Nullable DenseVector largest, int index) {
        var matrix = Matrix.rows(all, from, to);
        return largest != null && matrix instanceof Matrix.Quantized quantized
                ? quantized.times(largest.values()[index] / (448 * 6))
                : matrix;
    }

    /// Of the layer `name`, whose rows are those of `count` heads of `size`: the rows `from .. to - 1` of each.
    public List<Matrix> parts(String name, int count, int size, int cols, int from, int to) {
        return slices(name, count, size, cols, from, to).map(placement).toList();
    }

    /// The same, each transposed, which dequantizes it: `[cols, to - from]`.
    public List<Matrix> transposedParts(String name, int count, int size, int cols, int from, int to) {
        return slices(name, count, size, cols, from, to)
                .map(Weights::transposed)
                .map(placement)
                .toList();
    }

    private Stream<Matrix> slices(String name, int count, int size, int cols, int from, int to) {
        var rows = Math.multiplyExact(count, size);
        var all = stored(name, rows, cols, rows);
        return IntStream.range(0, count).mapToObj(i -> Matrix.rows(all, i * size + from, i * size + to));
    }

    private static Matrix transposed(Matrix matrix) {
        var data = Arena.ofAuto().allocate((long) matrix.rows() * matrix.cols() * Float.BYTES, Float.BYTES);
        var row = new double[matrix.cols()];
        for (var r = 0; r < matrix.rows(); r++) {
            ScalarMatrix.row(matrix, r, row);
            for (var c = 0; c < row.length; c++) {
                data.set(F32, ((long) c * matrix.rows() + r) * Float.BYTES, (float) row[c]);
            }
        }
        return new Matrix.Dense(data, DType.F32, matrix.cols(), matrix.rows());
    }

    /// `shape`: the dimensions before the columns, whose product is `rows`.
    private Matrix stored(String name, int rows, int cols, int... shape) {
        parameters.add((long) rows * cols);
        if (has(name + ".qweight") && shape.length == 1) {
            return awq(name, rows, cols);
        }
        return has(name + ".scales") ? quantized(name, rows, cols, shape) : dense(name + ".weight", rows, cols, shape);
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

    /// Marks tensors as knowingly unused: those of this scope's layers `names`, which are there for other
    /// programs. No other part of the model, or it would have to be said ([#skipPart]).
    public void skipLayers(String... names) {
        tensors.keySet().stream()
                .filter(tensor -> Arrays.stream(names).anyMatch(name -> tensor.startsWith(prefix + name + ".")))
                .forEach(read::add);
    }

    /// Marks tensors as knowingly unused, and says so in the log: those of another part of the model, whose
    /// names contain one of `names`. `purpose`: what does not work without them.
    public void skipPart(String purpose, String... names) {
        var skipped = tensors.values().stream()
                .filter(tensor -> Arrays.stream(names).anyMatch(tensor.name()::contains))
                .toList();
        skipped.forEach(tensor -> read.add(tensor.name()));
        if (!skipped.isEmpty()) {
            var bytes = skipped.stream().mapToLong(t -> t.data().byteSize()).sum();
            log.info(
                    "{} weights ({} MB) are not used: {} not supported",
                    skipped.size(),
                    Math.ceilDiv(bytes, 1_000_000),
                    purpose);
        }
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

    /// A layer of AutoAWQ, `[inputs, outputs]`, as MLX would have it.
    private Matrix awq(String name, int rows, int cols) {
        var quantization = Quantization.forPath(config, prefix + name);
        if (quantization == null || cols % quantization.groupSize() != 0 || rows % AwqLayer.PER_WORD != 0) {
            throw new ModelLoadException(prefix + name + ": has .qweight of " + rows + " rows and " + cols
                    + " columns, but config.json has no quantization_config of awq or gptq that fits it");
        }
        var groups = cols / quantization.groupSize();
        var packed = take(name + ".qweight");
        check(packed, packed.dtype() == DType.U32 ? DType.U32 : DType.I32, cols, rows / AwqLayer.PER_WORD);
        var scales = take(name + ".scales");
        check(scales, scales.dtype().isFloat() ? scales.dtype() : DType.F16, groups, rows);
        TensorInfo zeros = null;
        if (has(name + ".qzeros")) {
            zeros = take(name + ".qzeros");
            check(zeros, packed.dtype(), groups, rows / AwqLayer.PER_WORD);
        }
        return new AwqLayer(packed, scales, zeros).repack(rows, cols, quantization.groupSize());
    }

    private Matrix dense(String name, int rows, int cols, int... shape) {
        var tensor = take(name);
        check(tensor, tensor.dtype().isFloat() ? tensor.dtype() : DType.BF16, with(shape, cols));
        return new Matrix.Dense(tensor.data(), tensor.dtype(), rows, cols);
    }

    private Matrix quantized(String name, int rows, int cols, int... shape) {
        var quantization = Quantization.forPath(config, prefix + name);
        if (quantization == null) {
            throw new ModelLoadException(prefix + name + ": has .scales, but config.json has no quantization for it");
        }
        var packed = take(name + ".weight");
        if (!Quantization.isNamed(config, prefix + name)) {
            quantization = quantization.asStored(packed, find(name + ".scales"), cols);
        }
        var groupSize = quantization.groupSize();
        if (cols % groupSize != 0) {
            throw new ModelLoadException(
                    prefix + name + ": " + cols + " columns are no multiple of group_size " + groupSize);
        }
        check(packed, DType.U32, with(shape, (int) ((long) cols * quantization.bits() / 32)));
        var scales = take(name + ".scales");
        var scaleType = quantization.mode() != QuantizationMode.AFFINE
                ? DType.U8
                : scales.dtype().isFloat() ? scales.dtype() : DType.BF16;
        check(scales, scaleType, with(shape, cols / groupSize));
        return new Matrix.Quantized(
                packed.data(),
                scales.data(),
                biases(name, quantization, scaleType, with(shape, cols / groupSize)),
                scaleType,
                rows,
                cols,
                quantization.bits(),
                groupSize,
                quantization.mode());
    }

    private MemorySegment biases(String name, Quantization quantization, DType type, int[] shape) {
        if (quantization.mode() != QuantizationMode.AFFINE) {
            return MemorySegment.NULL;
        }
        var biases = take(name + ".biases");
        check(biases, type, shape);
        return biases.data();
    }

    private static int[] with(int[] shape, int last) {
        var result = Arrays.copyOf(shape, shape.length + 1);
        result[shape.length] = last;
        return result;
    }

    private TensorInfo take(String name) {
        var tensor = find(name);
        read.add(prefix + name);
        return tensor;
    }

    private TensorInfo find(String name) {
        var tensor = tensors.get(prefix + name);
        if (tensor == null) {
            throw new ModelLoadException(prefix + name + ": not in the checkpoint");
        }
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
