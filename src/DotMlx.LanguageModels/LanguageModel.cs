using DotMlx.LanguageModels.Architectures;
using DotMlx.LanguageModels.FineTuning;
using DotMlx.LanguageModels.Hub;
using DotMlx.NN;

namespace DotMlx.LanguageModels;

/// <summary>
/// A language model with its configuration, tokenizer, and chat template, loaded from a folder in the layout of Hugging Face or mlx-lm.
/// </summary>
/// <remarks>Several threads can use a model at the same time, each with its own cache.</remarks>
public sealed class LanguageModel : IDisposable
{
    private readonly Lazy<Tokenizer?> _tokenizer;
    private readonly Lazy<ChatTemplate?> _chatTemplate;
    private readonly Lazy<GenerationOptions> _recommended;
    private Adapter? _adapter;

    private LanguageModel(string folder, ModelConfig config, ModelConfig? generation, Module model)
    {
        Folder = folder;
        Config = config;
        Model = model;
        _tokenizer = new(() => File.Exists(Path.Combine(folder, "tokenizer.json")) ? Tokenizer.Load(folder) : null);
        _chatTemplate = new(() => ChatTemplate.Load(folder));
        _recommended = new(() => GenerationOptions.Read(generation));
        EndTokens = (generation?.Has("eos_token_id") == true ? generation : config).Integers("eos_token_id") ?? [];
    }

    /// <summary>The folder that the model was loaded from.</summary>
    public string Folder { get; }

    /// <summary>The options in the model's <c>config.json</c>.</summary>
    public ModelConfig Config { get; }

    /// <summary>
    /// The model: a <see cref="Architectures.Decoder"/>, an <see cref="Architectures.Encoder"/>, or the module of a registered family.
    /// </summary>
    public Module Model { get; }

    /// <summary>The tokenizer, loaded on first use; null if the folder has no <c>tokenizer.json</c>.</summary>
    /// <exception cref="InvalidDataException">The file is invalid; the message names the fault.</exception>
    /// <exception cref="NotSupportedException">The file requires an unsupported feature; the message names it.</exception>
    public Tokenizer? Tokenizer => _tokenizer.Value;

    /// <summary>
    /// The template that converts a conversation to a prompt, loaded on first use; null if the folder has none.
    /// </summary>
    /// <exception cref="ChatTemplateException">The template is invalid; the message names the fault and its line.</exception>
    public ChatTemplate? ChatTemplate => _chatTemplate.Value;

    /// <summary>
    /// The adapter in use; null for none. Assign it to switch between adapters of this model, but only while no thread uses the model.
    /// </summary>
    /// <exception cref="ArgumentException">The adapter belongs to another model.</exception>
    /// <exception cref="InvalidOperationException">
    /// The model was fully fine-tuned in place, which can't be undone, or the adapter was created for layers that have been fused or
    /// quantized since.
    /// </exception>
    public Adapter? Adapter
    {
        get => _adapter;
        set
        {
            if (ReferenceEquals(value, _adapter))
            {
                return;
            }
            _adapter?.Leave();
            _adapter = null;
            value?.Enter(this);
            _adapter = value;
        }
    }

    /// <summary>The token IDs that end a text, from <c>generation_config.json</c> or else from <c>config.json</c>.</summary>
    public IReadOnlyList<int> EndTokens { get; }

    /// <summary>
    /// The generation options that the model's authors recommend in <c>generation_config.json</c>: temperature, top-p, top-k, min-p, and
    /// repetition penalty if the file enables sampling; otherwise, greedy decoding.
    /// </summary>
    /// <exception cref="InvalidDataException">A setting is invalid; the message names it.</exception>
    public GenerationOptions RecommendedOptions => _recommended.Value;

    /// <summary>The model as a decoder.</summary>
    /// <exception cref="NotSupportedException">The model isn't a decoder.</exception>
    public Decoder Decoder => Model as Decoder ?? throw Not("a decoder, so it generates no text");

    /// <summary>The model as an encoder.</summary>
    /// <exception cref="NotSupportedException">The model isn't an encoder.</exception>
    public Encoder Encoder => Model as Encoder ?? throw Not("an encoder");

    /// <summary>
    /// Loads a model: <c>config.json</c>, and <c>model.safetensors</c> or the files of <c>model.safetensors.index.json</c>.
    /// </summary>
    /// <param name="folder">The folder.</param>
    /// <param name="options">The loading options; null for the defaults.</param>
    /// <exception cref="DirectoryNotFoundException">The folder doesn't exist.</exception>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">
    /// A file is invalid, or the weights don't fit; the message names the file and the fault.
    /// </exception>
    /// <exception cref="NotSupportedException">The family or one of its options is unknown; the message names it.</exception>
    public static LanguageModel Load(string folder, LoadOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        if (!Directory.Exists(folder))
        {
            throw new DirectoryNotFoundException($"There is no folder '{folder}'.");
        }
        options ??= new();
        ModelConfig config = ModelConfig.Load(Path.Combine(folder, "config.json"));
        config.Ignore(HarmlessOptions.Names);
        config.Ignore([.. options.IgnoredOptions]);
        ModelFamily family = ModelFamilies.Of(config);
        QuantizationSettings quantization = QuantizationSettings.Read(config);
        if (family is DecoderFamily decoder)
        {
            // Errors in the options are found before gigabytes are read.
            _ = decoder.Describe(config);
            config.RefuseUnread();
        }
        string generation = Path.Combine(folder, "generation_config.json");
        ModelConfig? generationConfig = File.Exists(generation) ? ModelConfig.Load(generation) : null;
        return new(folder, config, generationConfig, Build(folder, config, family, quantization, options));
    }

    /// <summary>Loads a model from a folder, or from the hub's cache after downloading missing files.</summary>
    /// <param name="folderOrName">
    /// A folder, or the name of a model on the hub, such as <c>Qwen/Qwen3-0.6B</c>. An existing folder takes precedence.
    /// </param>
    /// <param name="options">The loading options; null for the defaults.</param>
    /// <param name="hub">The download options; null for the defaults.</param>
    /// <param name="cancellationToken">Cancels the download. The next download continues from the received data.</param>
    /// <exception cref="HubException">The model can't be downloaded; the message states the reason.</exception>
    /// <inheritdoc cref="Load"/>
    public static async Task<LanguageModel> LoadAsync(
        string folderOrName, LoadOptions? options = null, HubOptions? hub = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(folderOrName);
        string folder = Directory.Exists(folderOrName) || !ModelHub.IsRepository(folderOrName)
            ? folderOrName
            : await ModelHub.DownloadAsync(folderOrName, hub, cancellationToken).ConfigureAwait(false);
        return await Task.Run(() => Load(folder, options), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Saves the current model to a folder in mlx-lm's layout, with the tokenizer and the other files. The folder appears under its name
    /// only when all files are complete. Fuse the adapter in use first.
    /// </summary>
    /// <param name="folder">A folder that doesn't exist or is empty.</param>
    /// <param name="shardBytes">
    /// The maximum size of a weight file in bytes; 5 GiB by default, as in mlx-lm. Larger weights are split into several files.
    /// </param>
    /// <exception cref="InvalidOperationException">An adapter is in use.</exception>
    /// <exception cref="IOException">The folder already exists or can't be written.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The number of bytes isn't positive.</exception>
    public void Save(string folder, long shardBytes = 5L << 30)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(shardBytes);
        if (Adapter is not null)
        {
            throw new InvalidOperationException(
                "The model has an adapter in use, which a saved model can't contain: fuse it, or set Adapter to null, first.");
        }
        CheckpointWriter.Save(this, folder, shardBytes);
    }

    /// <summary>Frees the parameters of the model.</summary>
    public void Dispose()
    {
        foreach ((_, MlxArray array) in Model.Parameters().Flatten())
        {
            array.Dispose();
        }
    }

    /// <summary>Counts the permanent replacements of layers, so that adapters can detect them.</summary>
    internal int LayersVersion { get; private set; }

    /// <summary>Records that layers have been permanently replaced.</summary>
    internal void LayersHaveChanged() => LayersVersion++;

    /// <summary>Clears the adapter after it has been merged into the model.</summary>
    internal void KeepAdapted() => _adapter = null;

    private static Module Build(string folder, ModelConfig config, ModelFamily family, QuantizationSettings quantization,
        LoadOptions options)
    {
        Checkpoint checkpoint = new(folder, CheckpointFiles.Load(folder, options.DType), quantization);
        try
        {
            family.Prepare(checkpoint, config);
            Module model = family.Create(config, checkpoint);
            config.RefuseUnread();
            checkpoint.Finish();
            return model.Eval();
        }
        catch
        {
            checkpoint.Free();
            throw;
        }
    }

    private NotSupportedException Not(string what) => new($"The model in '{Folder}' is {Model.GetType().Name}, not {what}.");
}
