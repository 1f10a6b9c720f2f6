using DotMlx.LanguageModels.Architectures;
using DotMlx.LanguageModels.FineTuning;
using DotMlx.LanguageModels.Hub;
using DotMlx.NN;

namespace DotMlx.LanguageModels;

/// <summary>A model with what belongs to it, as it lies in a folder in Hugging Face's or mlx-lm's layout.</summary>
/// <remarks>Several threads may compute with one model at the same time, each with a cache of its own.</remarks>
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

    /// <summary>The options of its <c>config.json</c>.</summary>
    public ModelConfig Config { get; }

    /// <summary>
    /// The model: a <see cref="Architectures.Decoder"/>, an <see cref="Architectures.Encoder"/>, or what a registered family makes.
    /// </summary>
    public Module Model { get; }

    /// <summary>The tokenizer, loaded when it is first asked for; null where the folder has no <c>tokenizer.json</c>.</summary>
    /// <exception cref="InvalidDataException">The file is broken; the message names the fault.</exception>
    /// <exception cref="NotSupportedException">The file asks for something that is not known; the message names it.</exception>
    public Tokenizer? Tokenizer => _tokenizer.Value;

    /// <summary>
    /// The template that makes a prompt of a conversation, loaded when it is first asked for; null where the folder has none.
    /// </summary>
    /// <exception cref="ChatTemplateException">The template is broken; the message names the fault and its line.</exception>
    public ChatTemplate? ChatTemplate => _chatTemplate.Value;

    /// <summary>
    /// The adapter in use; null for none. Assign to switch between adapters of this model, while no thread computes with it.
    /// </summary>
    /// <exception cref="ArgumentException">The adapter is another model's.</exception>
    /// <exception cref="InvalidOperationException">
    /// The model was fully fine-tuned in place, which cannot be undone, or the adapter was made for layers that have been fused or
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

    /// <summary>The tokens that end a text, of <c>generation_config.json</c> or else of <c>config.json</c>.</summary>
    public IReadOnlyList<int> EndTokens { get; }

    /// <summary>
    /// How the model's authors recommend to generate, of <c>generation_config.json</c>: its temperature, top-p, top-k, min-p and repetition
    /// penalty where it says that it samples; else the most likely tokens.
    /// </summary>
    /// <exception cref="InvalidDataException">A setting is broken; the message names it.</exception>
    public GenerationOptions RecommendedOptions => _recommended.Value;

    /// <summary>The model as a decoder.</summary>
    /// <exception cref="NotSupportedException">The model is none.</exception>
    public Decoder Decoder => Model as Decoder ?? throw Not("a decoder, so it generates no text");

    /// <summary>The model as an encoder.</summary>
    /// <exception cref="NotSupportedException">The model is none.</exception>
    public Encoder Encoder => Model as Encoder ?? throw Not("an encoder");

    /// <summary>
    /// Loads a model: <c>config.json</c>, and <c>model.safetensors</c> or the files of <c>model.safetensors.index.json</c>.
    /// </summary>
    /// <param name="folder">The folder.</param>
    /// <param name="options">How it is loaded; null for the defaults.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">A file is broken, or the weights do not fit; the message names file and fault.</exception>
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
            // What is wrong here is found before gigabytes are read.
            _ = decoder.Describe(config);
            config.RefuseUnread();
        }
        string generation = Path.Combine(folder, "generation_config.json");
        ModelConfig? generationConfig = File.Exists(generation) ? ModelConfig.Load(generation) : null;
        return new(folder, config, generationConfig, Build(folder, config, family, quantization, options));
    }

    /// <summary>Loads a model from a folder, or from the hub's cache after downloading what is missing.</summary>
    /// <param name="folderOrName">
    /// A folder, or the name of a model on the hub, such as <c>Qwen/Qwen3-0.6B</c>. A folder that exists wins.
    /// </param>
    /// <param name="options">How it is loaded; null for the defaults.</param>
    /// <param name="hub">How it is downloaded; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the download; what has arrived stays for the next one.</param>
    /// <exception cref="HubException">The model can't be downloaded; the message says why.</exception>
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
    /// Writes the model as it is now into a folder in mlx-lm's layout, with the tokenizer and the other files. The folder gets its name
    /// when everything is written. An adapter in use must be fused first.
    /// </summary>
    /// <param name="folder">A folder that does not exist or is empty.</param>
    /// <param name="shardBytes">The most bytes of a file of weights; more are split. 5 GiB by default, as in mlx-lm.</param>
    /// <exception cref="InvalidOperationException">An adapter is in use.</exception>
    /// <exception cref="IOException">The folder exists already, or cannot be written.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The number of bytes is not positive.</exception>
    public void Save(string folder, long shardBytes = 5L << 30)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(shardBytes);
        if (Adapter is not null)
        {
            throw new InvalidOperationException(
                "The model has an adapter in use, which its folder can't hold: fuse it, or set Adapter to null, first.");
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

    /// <summary>Counts how often layers have been replaced for good, so that adapters notice.</summary>
    internal int LayersVersion { get; private set; }

    /// <summary>Says that layers have been replaced for good.</summary>
    internal void LayersHaveChanged() => LayersVersion++;

    /// <summary>Forgets an adapter that has become the model itself.</summary>
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
