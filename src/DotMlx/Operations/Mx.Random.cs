using System.Diagnostics.CodeAnalysis;
using DotMlx.Bindings;

namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>Random numbers (mlx.core.random). The same key gives the same numbers on every device and with every library.</summary>
    /// <remarks>A function that is called without a key takes the next key of <see cref="State"/>.</remarks>
    public static unsafe partial class Random
    {
        /// <summary>
        /// The state from which functions without a key draw. Pass it as state of a compiled function so that each call draws new numbers.
        /// </summary>
        /// <remarks>mlx.core.random.state; written in C#, because mlx-c hides its own state.</remarks>
        public static RandomState State { get; } = new(static () => KeySequence.Current);

        /// <summary>Makes the following random numbers of this logical flow reproducible.</summary>
        /// <param name="seed">The seed.</param>
        /// <remarks>
        /// The flow is that of <see cref="AsyncLocal{T}"/>: it extends through <c>await</c> and to tasks started later, but not back to the
        /// caller of an async method. mlx.core.random.seed; C: mlx_random_key.
        /// </remarks>
        public static void Seed(ulong seed) => KeySequence.Seed(seed);

        /// <summary>A key made from a seed.</summary>
        /// <param name="seed">The seed.</param>
        /// <returns>A uint32 array of shape [2].</returns>
        /// <remarks>mlx.core.random.key; C: mlx_random_key.</remarks>
        public static MlxArray Key(ulong seed)
        {
            mlx_array result = default;
            return NativeCall.Result(Mlxc.mlx_random_key(&result, seed), result, "mlx_random_key");
        }

        /// <summary>Several independent keys made from one key.</summary>
        /// <param name="key">A uint32 key of shape [2].</param>
        /// <param name="num">The number of keys.</param>
        /// <param name="stream">Stream to run on; null for the default stream.</param>
        /// <returns>A uint32 array of shape [num, 2].</returns>
        /// <exception cref="MlxException">The key has another shape or dtype.</exception>
        /// <remarks>mlx.core.random.split; C: mlx_random_split_num.</remarks>
        public static MlxArray Split(MlxArray key, int num = 2, MlxStream? stream = null)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(num);
            return NativeCall.WithInt(&Mlxc.mlx_random_split_num, "mlx_random_split_num", key, num, stream);
        }

        /// <summary>Random bits.</summary>
        /// <param name="shape">The shape of the result.</param>
        /// <param name="width">The number of bytes per element: 1, 2, or 4.</param>
        /// <param name="key">The key; null for the next key of <see cref="State"/>.</param>
        /// <param name="stream">Stream to run on; null for the default stream.</param>
        /// <returns>A uint8, uint16, or uint32 array of shape <paramref name="shape"/>.</returns>
        /// <exception cref="MlxException">The width isn't 1, 2, or 4.</exception>
        /// <remarks>C: mlx_random_bits; Python doesn't export it.</remarks>
        public static MlxArray Bits(
            ReadOnlySpan<int> shape = default, int width = 4, MlxArray? key = null, MlxStream? stream = null)
        {
            using KeyArgument drawn = new(key, shape);
            mlx_array result = default;
            fixed (int* size = shape)
            {
                return NativeCall.Result(
                    Mlxc.mlx_random_bits(&result, size, (nuint)shape.Length, width, drawn.Handle, NativeCall.Stream(stream)),
                    result, "mlx_random_bits");
            }
        }

        /// <summary>Uniformly distributed numbers in [low, high).</summary>
        /// <param name="low">The lower bound, a scalar or an array that can be broadcast to <paramref name="shape"/>; null for 0.</param>
        /// <param name="high">The upper bound, a scalar or an array that can be broadcast to <paramref name="shape"/>; null for 1.</param>
        /// <param name="shape">The shape of the result; an empty shape gives a scalar.</param>
        /// <param name="dtype">A floating-point dtype; null for float32.</param>
        /// <param name="key">The key; null for the next key of <see cref="State"/>.</param>
        /// <param name="stream">Stream to run on; null for the default stream.</param>
        /// <returns>An array of shape <paramref name="shape"/>.</returns>
        /// <exception cref="MlxException">The dtype isn't floating-point, or the bounds can't be broadcast.</exception>
        /// <remarks>mlx.core.random.uniform; C: mlx_random_uniform.</remarks>
        public static MlxArray Uniform(
            MlxArray? low = null, MlxArray? high = null, ReadOnlySpan<int> shape = default, DType? dtype = null,
            MlxArray? key = null, MlxStream? stream = null)
            => Between(&Mlxc.mlx_random_uniform, "mlx_random_uniform", low ?? 0, high ?? 1, shape, dtype, key, stream);

        /// <summary>Normally distributed numbers.</summary>
        /// <param name="shape">The shape of the result; an empty shape gives a scalar.</param>
        /// <param name="dtype">A floating-point dtype or complex64; null for float32.</param>
        /// <param name="loc">The mean, a scalar or an array that can be broadcast to <paramref name="shape"/>; null for 0.</param>
        /// <param name="scale">
        /// The standard deviation, a scalar or an array that can be broadcast to <paramref name="shape"/>; null for 1.
        /// </param>
        /// <param name="key">The key; null for the next key of <see cref="State"/>.</param>
        /// <param name="stream">Stream to run on; null for the default stream.</param>
        /// <returns>An array of shape <paramref name="shape"/>.</returns>
        /// <exception cref="MlxException">
        /// The dtype is neither floating-point nor complex, or the parameters can't be broadcast.
        /// </exception>
        /// <remarks>mlx.core.random.normal; C: mlx_random_normal_broadcast.</remarks>
        public static MlxArray Normal(
            ReadOnlySpan<int> shape = default, DType? dtype = null, MlxArray? loc = null, MlxArray? scale = null,
            MlxArray? key = null, MlxStream? stream = null)
        {
            DType type = dtype ?? DType.Float32;
            MlxArray? mean = Typed(loc, type);
            MlxArray? deviation = Typed(scale, type);
            using KeyArgument drawn = new(key, shape);
            mlx_array result = default;
            fixed (int* size = shape)
            {
                int status = Mlxc.mlx_random_normal_broadcast(
                    &result, size, (nuint)shape.Length, NativeCall.DType(type), NativeCall.HandleOrNull(mean),
                    NativeCall.HandleOrNull(deviation), drawn.Handle, NativeCall.Stream(stream));
                GC.KeepAlive(mean);
                GC.KeepAlive(deviation);
                return NativeCall.Result(status, result, "mlx_random_normal_broadcast");
            }
        }

        /// <summary>Random vectors with a joint normal distribution.</summary>
        /// <param name="mean">The mean, a float32 array of shape [..., n].</param>
        /// <param name="cov">The covariance, a positive semidefinite float32 array of shape [..., n, n].</param>
        /// <param name="shape">
        /// The batch shape, to which the batches of mean and cov are broadcast; empty for the batch shape of mean and cov.
        /// </param>
        /// <param name="dtype">Only float32 (or null) is supported.</param>
        /// <param name="key">The key; null for the next key of <see cref="State"/>.</param>
        /// <param name="stream">The stream to run on, a CPU stream; null for the default stream.</param>
        /// <returns>An array of shape [..., n].</returns>
        /// <exception cref="MlxException">The shapes or dtypes don't match.</exception>
        /// <remarks>mlx.core.random.multivariate_normal; C: mlx_random_multivariate_normal.</remarks>
        public static MlxArray MultivariateNormal(
            MlxArray mean, MlxArray cov, ReadOnlySpan<int> shape = default, DType? dtype = null,
            MlxArray? key = null, MlxStream? stream = null)
        {
            ArgumentNullException.ThrowIfNull(mean);
            using CheckedMatrices covariances = Factorable.RequireNumbers(cov, "mlx_random_multivariate_normal", stream);
            return covariances.Mark(
                Draw(
                    &Mlxc.mlx_random_multivariate_normal, "mlx_random_multivariate_normal", mean, covariances.Value, shape,
                    dtype ?? DType.Float32, key, stream),
                dropped: 1);
        }

        /// <summary>Uniformly distributed integers in [low, high).</summary>
        /// <param name="low">The lower bound, a scalar or an array that can be broadcast to <paramref name="shape"/>.</param>
        /// <param name="high">The upper bound, a scalar or an array that can be broadcast to <paramref name="shape"/>.</param>
        /// <param name="shape">The shape of the result; an empty shape gives a scalar.</param>
        /// <param name="dtype">An integer dtype; null for int32.</param>
        /// <param name="key">The key; null for the next key of <see cref="State"/>.</param>
        /// <param name="stream">Stream to run on; null for the default stream.</param>
        /// <returns>An array of shape <paramref name="shape"/>.</returns>
        /// <exception cref="MlxException">The dtype isn't an integer, or the bounds can't be broadcast.</exception>
        /// <remarks>mlx.core.random.randint; C: mlx_random_randint.</remarks>
        public static MlxArray RandInt(
            MlxArray low, MlxArray high, ReadOnlySpan<int> shape = default, DType? dtype = null,
            MlxArray? key = null, MlxStream? stream = null)
        {
            ArgumentNullException.ThrowIfNull(low);
            ArgumentNullException.ThrowIfNull(high);
            DType type = dtype ?? DType.Int32;
            if (type.IsInexact() || !IsBefore032)
            {
                return Draw(&Mlxc.mlx_random_randint, "mlx_random_randint", low, high, shape, type, key, stream);
            }

            // Before 0.32, MLX rounds toward zero, so that a negative lower bound is never drawn, and exceeds large bounds.
            using MlxScope scope = MlxScope.Begin();
            MlxArray numbers = AsType(Floor(Uniform(low, high, shape, DType.Float32, key, stream), stream), type, stream);
            MlxArray largest = AsType(Subtract(high, 1, stream), type, stream);
            return scope.Keep(Maximum(Minimum(numbers, largest, stream), AsType(low, type, stream), stream));
        }

        /// <summary>True with a given probability.</summary>
        /// <param name="p">The probability, a scalar or an array that can be broadcast to <paramref name="shape"/>; null for 0.5.</param>
        /// <param name="shape">The shape of the result; null for the shape of <paramref name="p"/>.</param>
        /// <param name="key">The key; null for the next key of <see cref="State"/>.</param>
        /// <param name="stream">Stream to run on; null for the default stream.</param>
        /// <returns>A bool array of shape <paramref name="shape"/>.</returns>
        /// <exception cref="MlxException">The probabilities can't be broadcast.</exception>
        /// <remarks>mlx.core.random.bernoulli; C: mlx_random_bernoulli.</remarks>
        public static MlxArray Bernoulli(
            MlxArray? p = null, int[]? shape = null, MlxArray? key = null, MlxStream? stream = null)
        {
            p ??= 0.5f;
            ReadOnlySpan<int> sizes = shape is null ? p.Shape : shape;
            using KeyArgument drawn = new(key, shape);
            mlx_array result = default;
            fixed (int* size = sizes)
            {
                int status = Mlxc.mlx_random_bernoulli(
                    &result, NativeCall.Handle(p), size, (nuint)sizes.Length, drawn.Handle, NativeCall.Stream(stream));
                GC.KeepAlive(p);
                return NativeCall.Result(status, result, "mlx_random_bernoulli");
            }
        }

        /// <summary>Normally distributed numbers between two bounds.</summary>
        /// <param name="lower">The lower bound, a scalar or an array that can be broadcast to <paramref name="shape"/>.</param>
        /// <param name="upper">The upper bound, a scalar or an array that can be broadcast to <paramref name="shape"/>.</param>
        /// <param name="shape">The shape of the result; null for the shape to which the bounds are broadcast.</param>
        /// <param name="dtype">A floating-point dtype; null for float32.</param>
        /// <param name="key">The key; null for the next key of <see cref="State"/>.</param>
        /// <param name="stream">Stream to run on; null for the default stream.</param>
        /// <returns>An array of shape <paramref name="shape"/>.</returns>
        /// <exception cref="MlxException">The dtype isn't floating-point, or the bounds can't be broadcast.</exception>
        /// <remarks>mlx.core.random.truncated_normal; C: mlx_random_truncated_normal.</remarks>
        public static MlxArray TruncatedNormal(
            MlxArray lower, MlxArray upper, int[]? shape = null, DType? dtype = null,
            MlxArray? key = null, MlxStream? stream = null)
        {
            ArgumentNullException.ThrowIfNull(lower);
            ArgumentNullException.ThrowIfNull(upper);
            shape ??= Broadcast(lower.Shape, upper.Shape);
            return Between(&Mlxc.mlx_random_truncated_normal, "mlx_random_truncated_normal", lower, upper, shape, dtype, key, stream);
        }

        /// <summary>Numbers with a standard Gumbel distribution.</summary>
        /// <param name="shape">The shape of the result; an empty shape gives a scalar.</param>
        /// <param name="dtype">A floating-point dtype; null for float32.</param>
        /// <param name="key">The key; null for the next key of <see cref="State"/>.</param>
        /// <param name="stream">Stream to run on; null for the default stream.</param>
        /// <returns>An array of shape <paramref name="shape"/>.</returns>
        /// <exception cref="MlxException">The dtype isn't floating-point.</exception>
        /// <remarks>mlx.core.random.gumbel; C: mlx_random_gumbel.</remarks>
        public static MlxArray Gumbel(
            ReadOnlySpan<int> shape = default, DType? dtype = null, MlxArray? key = null, MlxStream? stream = null)
        {
            using KeyArgument drawn = new(key, shape);
            mlx_array result = default;
            fixed (int* size = shape)
            {
                return NativeCall.Result(
                    Mlxc.mlx_random_gumbel(
                        &result, size, (nuint)shape.Length, NativeCall.DType(dtype ?? DType.Float32), drawn.Handle,
                        NativeCall.Stream(stream)),
                    result, "mlx_random_gumbel");
            }
        }

        /// <summary>Positions drawn with the probabilities Softmax(logits).</summary>
        /// <param name="logits">Unnormalized log-probabilities of any shape.</param>
        /// <param name="axis">The axis of the distribution, negative from the end.</param>
        /// <param name="shape">
        /// The shape of the result, to which the other axes are broadcast; not together with <paramref name="numSamples"/>.
        /// </param>
        /// <param name="numSamples">The number of draws from each distribution, as a new last axis.</param>
        /// <param name="key">The key; null for the next key of <see cref="State"/>.</param>
        /// <param name="stream">Stream to run on; null for the default stream.</param>
        /// <returns>A uint32 array of positions, of the shape of the logits without the axis, or of the requested shape.</returns>
        /// <exception cref="ArgumentException">Both <paramref name="shape"/> and <paramref name="numSamples"/> are given.</exception>
        /// <exception cref="ArgumentOutOfRangeException">The axis is out of range.</exception>
        /// <exception cref="MlxException">The shape doesn't match.</exception>
        /// <remarks>
        /// mlx.core.random.categorical; C: mlx_random_categorical, mlx_random_categorical_shape, mlx_random_categorical_num_samples.
        /// </remarks>
        public static MlxArray Categorical(
            MlxArray logits, int axis = -1, int[]? shape = null, int? numSamples = null,
            MlxArray? key = null, MlxStream? stream = null)
        {
            if (shape is not null && numSamples is not null)
            {
                throw new ArgumentException("Pass the shape or the number of samples, not both.", nameof(numSamples));
            }

            ArgumentOutOfRangeException.ThrowIfNegative(numSamples ?? 0, nameof(numSamples));

            axis = AxisCheck.Of(logits, axis);
            using KeyArgument drawn = new(key, shape);
            mlx_array input = NativeCall.Handle(logits);
            mlx_array result = default;
            MlxArray positions;
            if (shape is not null)
            {
                fixed (int* size = shape)
                {
                    positions = NativeCall.Result(
                        Mlxc.mlx_random_categorical_shape(
                            &result, input, axis, size, (nuint)shape.Length, drawn.Handle, NativeCall.Stream(stream)),
                        result, "mlx_random_categorical_shape");
                }
            }
            else if (numSamples is int count)
            {
                positions = NativeCall.Result(
                    Mlxc.mlx_random_categorical_num_samples(&result, input, axis, count, drawn.Handle, NativeCall.Stream(stream)),
                    result, "mlx_random_categorical_num_samples");
            }
            else
            {
                positions = NativeCall.Result(
                    Mlxc.mlx_random_categorical(&result, input, axis, drawn.Handle, NativeCall.Stream(stream)),
                    result, "mlx_random_categorical");
            }

            GC.KeepAlive(logits);
            return positions;
        }

        /// <summary>Numbers with a Laplace distribution.</summary>
        /// <param name="shape">The shape of the result; an empty shape gives a scalar.</param>
        /// <param name="dtype">A floating-point dtype; null for float32.</param>
        /// <param name="loc">The mean.</param>
        /// <param name="scale">The scale.</param>
        /// <param name="key">The key; null for the next key of <see cref="State"/>.</param>
        /// <param name="stream">Stream to run on; null for the default stream.</param>
        /// <returns>An array of shape <paramref name="shape"/>.</returns>
        /// <exception cref="MlxException">The dtype isn't floating-point.</exception>
        /// <remarks>mlx.core.random.laplace; C: mlx_random_laplace.</remarks>
        public static MlxArray Laplace(
            ReadOnlySpan<int> shape = default, DType? dtype = null, double loc = 0, double scale = 1,
            MlxArray? key = null, MlxStream? stream = null)
        {
            using KeyArgument drawn = new(key, shape);
            mlx_array result = default;
            fixed (int* size = shape)
            {
                return NativeCall.Result(
                    Mlxc.mlx_random_laplace(
                        &result, size, (nuint)shape.Length, NativeCall.DType(dtype ?? DType.Float32), (float)loc, (float)scale,
                        drawn.Handle, NativeCall.Stream(stream)),
                    result, "mlx_random_laplace");
            }
        }

        /// <summary>The numbers from 0 to x - 1 in random order.</summary>
        /// <param name="x">The number of elements.</param>
        /// <param name="key">The key; null for the next key of <see cref="State"/>.</param>
        /// <param name="stream">Stream to run on; null for the default stream.</param>
        /// <returns>A uint32 array of shape [x].</returns>
        /// <remarks>mlx.core.random.permutation; C: mlx_random_permutation_arange.</remarks>
        public static MlxArray Permutation(int x, MlxArray? key = null, MlxStream? stream = null)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(x);
            using KeyArgument drawn = new(key);
            mlx_array result = default;
            return NativeCall.Result(
                Mlxc.mlx_random_permutation_arange(&result, x, drawn.Handle, NativeCall.Stream(stream)),
                result, "mlx_random_permutation_arange");
        }

        /// <summary>The entries of an array in random order along an axis.</summary>
        /// <param name="x">An array with at least one axis.</param>
        /// <param name="axis">The axis to permute, negative from the end.</param>
        /// <param name="key">The key; null for the next key of <see cref="State"/>.</param>
        /// <param name="stream">Stream to run on; null for the default stream.</param>
        /// <returns>An array of the same shape as <paramref name="x"/>.</returns>
        /// <exception cref="ArgumentOutOfRangeException">The axis is out of range.</exception>
        /// <remarks>mlx.core.random.permutation; C: mlx_random_permutation.</remarks>
        public static MlxArray Permutation(MlxArray x, int axis = 0, MlxArray? key = null, MlxStream? stream = null)
        {
            axis = AxisCheck.Of(x, axis);
            using KeyArgument drawn = new(key);
            mlx_array result = default;
            int status = Mlxc.mlx_random_permutation(&result, NativeCall.Handle(x), axis, drawn.Handle, NativeCall.Stream(stream));
            GC.KeepAlive(x);
            return NativeCall.Result(status, result, "mlx_random_permutation");
        }

        // Draws floating-point numbers between two bounds.
        private static MlxArray Between(
            delegate*<mlx_array*, mlx_array, mlx_array, int*, nuint, mlx_dtype, mlx_array, mlx_stream, int> f, string function,
            MlxArray low, MlxArray high, ReadOnlySpan<int> shape, DType? dtype, MlxArray? key, MlxStream? stream)
        {
            DType type = dtype ?? DType.Float32;
            return Draw(f, function, Typed(low, type), Typed(high, type), shape, type, key, stream);
        }

        // Draws numbers of a distribution with two parameters.
        private static MlxArray Draw(
            delegate*<mlx_array*, mlx_array, mlx_array, int*, nuint, mlx_dtype, mlx_array, mlx_stream, int> f, string function,
            MlxArray first, MlxArray second, ReadOnlySpan<int> shape, DType dtype, MlxArray? key, MlxStream? stream)
        {
            using KeyArgument drawn = new(key, shape);
            mlx_array result = default;
            fixed (int* size = shape)
            {
                int status = f(
                    &result, NativeCall.Handle(first), NativeCall.Handle(second), size, (nuint)shape.Length, NativeCall.DType(dtype),
                    drawn.Handle, NativeCall.Stream(stream));
                GC.KeepAlive(first);
                GC.KeepAlive(second);
                return NativeCall.Result(status, result, function);
            }
        }

        [return: NotNullIfNotNull(nameof(parameter))]
        private static MlxArray? Typed(MlxArray? parameter, DType dtype)
            => parameter?.Weak is WeakScalar scalar ? scalar.Native(scalar.DTypeWith(dtype)) : parameter;

        /// <summary>The caller's key, or the next key of the state, which is freed after the call.</summary>
        private readonly ref struct KeyArgument
        {
            private readonly MlxArray _key;
            private readonly bool _drawn;

            internal KeyArgument(MlxArray? given, ReadOnlySpan<int> shape = default)
            {
                // MLX accepts negative sizes and writes out of bounds.
                _ = SizeLimits.Count(shape, nameof(shape));
                _drawn = given is null;
                _key = given ?? KeySequence.Current.Next();
            }

            internal mlx_array Handle => _key.Handle;

            public void Dispose()
            {
                if (_drawn)
                {
                    _key.Dispose();
                }
                else
                {
                    GC.KeepAlive(_key);
                }
            }
        }
    }
}
