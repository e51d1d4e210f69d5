package dev.jmlx.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import org.jspecify.annotations.Nullable;

/// Python's numbers: exact integers of any size, doubles, and booleans that count as 0 and 1.
final class Numbers {
    private static final int MAX_BITS = 1 << 16;
    private static final long EXACT_IN_DOUBLE = 1L << 53;

    private Numbers() {}

    /// The smallest representation: `Long` where it fits.
    static Object normal(BigInteger value) {
        return value.bitLength() < 64 ? (Object) value.longValue() : value;
    }

    static boolean isNumber(@Nullable Object value) {
        return value instanceof Long
                || value instanceof Double
                || value instanceof Boolean
                || value instanceof BigInteger;
    }

    static boolean isInteger(@Nullable Object value) {
        return value instanceof Long || value instanceof BigInteger || value instanceof Boolean;
    }

    static BigInteger toBig(Object value) {
        return switch (value) {
            case BigInteger big -> big;
            case Boolean flag -> flag ? BigInteger.ONE : BigInteger.ZERO;
            default -> BigInteger.valueOf((Long) value);
        };
    }

    static double toDouble(Object value) {
        return switch (value) {
            case Double number -> number;
            case Boolean flag -> flag ? 1 : 0;
            case BigInteger big -> big.doubleValue();
            default -> (Long) value;
        };
    }

    /// An index or count; fails for what is no integer, and saturates.
    static int toInt(@Nullable Object value) {
        if (value instanceof Undefined undefined) {
            throw undefined.used();
        }
        if (!isInteger(value) || value == null) {
            throw new TemplateException("'" + Python.typeName(value) + "' object cannot be interpreted as an integer");
        }
        var big = toBig(value);
        return big.bitLength() < 32 ? big.intValue() : big.signum() < 0 ? Integer.MIN_VALUE : Integer.MAX_VALUE;
    }

    static int compare(Object left, Object right) {
        if (left instanceof Long a && right instanceof Long b) {
            return Long.compare(a, b);
        }
        if (left instanceof Double || right instanceof Double) {
            var a = toDouble(left);
            var b = toDouble(right);
            var isExact = Math.abs(a) < EXACT_IN_DOUBLE && Math.abs(b) < EXACT_IN_DOUBLE;
            if (isExact || !Double.isFinite(a) || !Double.isFinite(b)) {
                return a < b ? -1 : a > b ? 1 : 0;
            }
            return toDecimal(left).compareTo(toDecimal(right));
        }
        return toBig(left).compareTo(toBig(right));
    }

    /// NaN differs from everything, itself included.
    static boolean isOrdered(Object left, Object right) {
        return !Double.isNaN(toDouble(left)) && !Double.isNaN(toDouble(right));
    }

    private static BigDecimal toDecimal(Object value) {
        return value instanceof Double number ? new BigDecimal(number) : new BigDecimal(toBig(value));
    }

    static Object add(Object left, Object right) {
        if (left instanceof Double || right instanceof Double) {
            return toDouble(left) + toDouble(right);
        }
        return normal(toBig(left).add(toBig(right)));
    }

    static Object subtract(Object left, Object right) {
        if (left instanceof Double || right instanceof Double) {
            return toDouble(left) - toDouble(right);
        }
        return normal(toBig(left).subtract(toBig(right)));
    }

    static Object multiply(Object left, Object right) {
        if (left instanceof Double || right instanceof Double) {
            return toDouble(left) * toDouble(right);
        }
        return bounded(toBig(left).multiply(toBig(right)));
    }

    static Object divide(Object left, Object right) {
        requireNonZero(right, "division by zero");
        if (left instanceof Double || right instanceof Double || areSmall(left, right)) {
            return toDouble(left) / toDouble(right);
        }
        return toDecimal(left).divide(toDecimal(right), MathContext.DECIMAL128).doubleValue();
    }

    private static boolean areSmall(Object left, Object right) {
        return Math.abs(toDouble(left)) < EXACT_IN_DOUBLE && Math.abs(toDouble(right)) < EXACT_IN_DOUBLE;
    }

    static Object floorDivide(Object left, Object right) {
        if (left instanceof Double || right instanceof Double) {
            requireNonZero(right, "float floor division by zero");
            return Math.floor(toDouble(left) / toDouble(right));
        }
        requireNonZero(right, "integer division or modulo by zero");
        var parts = toBig(left).divideAndRemainder(toBig(right));
        var inexactNegative =
                parts[1].signum() != 0 && parts[1].signum() != toBig(right).signum();
        return normal(inexactNegative ? parts[0].subtract(BigInteger.ONE) : parts[0]);
    }

    /// The remainder has the sign of the divisor.
    static Object modulo(Object left, Object right) {
        if (left instanceof Double || right instanceof Double) {
            requireNonZero(right, "float modulo");
            var divisor = toDouble(right);
            var rest = toDouble(left) % divisor;
            return rest != 0 && (rest < 0) != (divisor < 0) ? rest + divisor : Math.copySign(rest, divisor);
        }
        requireNonZero(right, "integer division or modulo by zero");
        var divisor = toBig(right);
        var rest = toBig(left).mod(divisor.abs());
        return normal(divisor.signum() < 0 && rest.signum() != 0 ? rest.add(divisor) : rest);
    }

    static Object power(Object left, Object right) {
        if (left instanceof Double || right instanceof Double || toBig(right).signum() < 0) {
            if (toDouble(left) == 0 && toDouble(right) < 0) {
                throw new TemplateException("0.0 cannot be raised to a negative power");
            }
            var power = Math.pow(toDouble(left), toDouble(right));
            if (Double.isNaN(power) && isOrdered(left, right)) {
                throw new TemplateException("a root of a negative number is no real number");
            }
            return power;
        }
        var bits = toBig(left).bitLength() * toDouble(right);
        if (bits > MAX_BITS && toBig(left).bitLength() > 1) {
            throw new TemplateException("template stopped: a power of more than " + MAX_BITS + " bits");
        }
        return bounded(toBig(left).pow(toInt(right)));
    }

    private static Object bounded(BigInteger value) {
        if (value.bitLength() > 2 * MAX_BITS) {
            throw new TemplateException("template stopped: an integer of more than " + 2 * MAX_BITS + " bits");
        }
        return normal(value);
    }

    static Object negate(Object value) {
        return value instanceof Double number
                ? (Object) (-number)
                : normal(toBig(value).negate());
    }

    private static void requireNonZero(Object divisor, String problem) {
        if (toDouble(divisor) == 0) {
            throw new TemplateException(problem);
        }
    }
}
