using DotMlx.LanguageModels.Architectures;
using DotMlx.NN;

namespace DotMlx.LanguageModels.FineTuning;

/// <summary>
/// What fine-tuning adds to a model or changes of it. A model has any number of adapters, of which one or none is in use: assign
/// <see cref="LanguageModel.Adapter"/> to switch. Switching takes the time of a few assignments, whatever the model's size.
/// </summary>
/// <remarks>Switch while no thread computes with the model.</remarks>
public sealed class Adapter : IDisposable
{
    private readonly LanguageModel _model;
    private readonly Dictionary<string, Module> _layers;
    private readonly Dictionary<string, MlxArray> _weights;
    private readonly bool _isTrainedInPlace;
    private Dictionary<string, MlxArray>? _replaced;
    private bool _isGone;

    private Adapter(
        LanguageModel model, AdapterConfig config, Dictionary<string, Module> layers, Dictionary<string, MlxArray> weights, bool trainedInPlace = false)
    {
        (_model, Config, _layers, _weights, _isTrainedInPlace) = (model, config, layers, weights, trainedInPlace);
    }

    /// <summary>What it consists of.</summary>
    public AdapterConfig Config { get; }

    /// <summary>The dotted paths of the layers that it corrects; empty after full fine-tuning.</summary>
    public IReadOnlyCollection<string> Layers => _layers.Keys;

    /// <summary>
    /// Its arrays by their names in <c>adapters.safetensors</c>, such as <c>model.layers.0.self_attn.q_proj.lora_a</c>. They are the adapter's
    /// own.
    /// </summary>
    public IReadOnlyDictionary<string, MlxArray> Weights => _isTrainedInPlace
        ? _model.Model.TrainableParameters().Flatten().ToDictionary(item => item.Key, item => item.Value, StringComparer.Ordinal)
        : _layers.Count == 0
            ? _weights
            : _layers.SelectMany(layer => OwnArrays(layer.Key, layer.Value)).ToDictionary(item => item.Key, item => item.Value, StringComparer.Ordinal);

    /// <summary>Makes a new adapter that changes nothing yet, to be trained. The model's own weights are frozen.</summary>
    /// <param name="model">The model, a decoder.</param>
    /// <param name="config">What to train.</param>
    /// <param name="seed">Where the random numbers of the corrections begin.</param>
    /// <exception cref="ArgumentException">The configuration chooses layers that the model does not have.</exception>
    /// <exception cref="NotSupportedException">The model is no decoder, or DoRA is to correct experts.</exception>
    /// <exception cref="InvalidOperationException">Full fine-tuning is wanted while another adapter is in use.</exception>
    public static Adapter Create(LanguageModel model, AdapterConfig config, ulong seed = 0)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(config);
        Decoder decoder = model.Decoder;
        if (config.Method == FineTuningMethod.Full)
        {
            if (model.Adapter is not null)
            {
                throw new InvalidOperationException("Full fine-tuning changes the model itself: set its Adapter to null, or fuse it, first.");
            }
            decoder.Freeze();
            for (int i = AdapterLayers.FirstLayer(decoder, config.Layers); i < decoder.Model.Layers.Count; i++)
            {
                decoder.Model.Layers[i].Unfreeze();
            }
            return new(model, config, [], [], trainedInPlace: true);
        }
        return WithoutAdapter(model, () =>
        {
            decoder.Freeze();
            MlxArray outside = Mx.Random.State.Key;
            Mx.Random.State.Key = Mx.Random.Key(seed);
            try
            {
                return new Adapter(model, config, AdapterLayers.Choose(decoder, config).ToDictionary(
                    item => item.Key,
                    item => AdapterLayers.Wrap(item.Key, item.Value, config.Method, config.Lora.Rank, config.Lora.Scale, config.Lora.Dropout),
                    StringComparer.Ordinal), []);
            }
            finally
            {
                Mx.Random.State.Key = outside;
            }
        });
    }

    /// <summary>Reads an adapter in mlx-lm's format or in that of Hugging Face's PEFT. It is not in use yet.</summary>
    /// <param name="model">The model that it is for, a decoder.</param>
    /// <param name="folder">
    /// The folder with <c>adapter_config.json</c> and <c>adapters.safetensors</c> (mlx-lm) or <c>adapter_model.safetensors</c> (PEFT).
    /// </param>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">A file is broken or does not fit the model; the message names what and where.</exception>
    /// <exception cref="NotSupportedException">The adapter is of a kind that is not known, or the model is no decoder.</exception>
    public static Adapter Load(LanguageModel model, string folder)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        string configPath = Path.Combine(folder, AdapterConfig.FileName);
        return AdapterConfig.Read(configPath).ContainsKey("peft_type")
            ? WithoutAdapter(model, () => PeftAdapter.Load(model, folder))
            : WithoutAdapter(model, () => AdapterFiles.Load(model, folder));
    }

    /// <summary>Writes the adapter in mlx-lm's format, each file all of it or nothing.</summary>
    /// <param name="folder">The folder; it is made if it is not there.</param>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public void Save(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ObjectDisposedException.ThrowIf(_isGone, this);
        Directory.CreateDirectory(folder);
        IReadOnlyDictionary<string, MlxArray> weights = Weights;
        Mx.Eval(weights.Values);
        Mx.SaveSafetensors(Path.Combine(folder, AdapterFiles.WeightsName), weights, new Dictionary<string, string> { ["format"] = "mlx" });
        Config.Save(folder);
    }

    /// <summary>
    /// Brings the adapter into the model's weights, which then give the same results without it. The adapter is used up; others of the
    /// model are not, but they correct the new weights.
    /// </summary>
    /// <param name="dequantize">Whether quantized layers that it corrects become plain ones; if not, they are quantized again.</param>
    public void Fuse(bool dequantize = false)
    {
        ObjectDisposedException.ThrowIf(_isGone, this);
        if (_isTrainedInPlace)
        {
            _model.KeepAdapted();
        }
        else
        {
            _model.Adapter = null;
        }
        if (_layers.Count > 0)
        {
            List<KeyValuePair<string, Module>> fused = [.. _layers.Select(layer => KeyValuePair.Create(layer.Key, AdapterLayers.Fuse(layer.Value, dequantize)))];
            foreach ((string path, Module layer) in fused)
            {
                layer.Train(_model.Model.Training);
            }
            _model.Model.UpdateModules(fused);
        }
        else if (!_isTrainedInPlace)
        {
            _model.Model.LoadWeights(_weights, strict: false);
            _weights.Clear();
        }
        Dispose();
    }

    /// <summary>Takes the adapter out of use and frees its arrays.</summary>
    public void Dispose()
    {
        if (_isGone)
        {
            return;
        }
        if (ReferenceEquals(_model.Adapter, this) && !_isTrainedInPlace)
        {
            _model.Adapter = null;
        }
        foreach (MlxArray array in _isTrainedInPlace ? [] : Weights.Values)
        {
            array.Dispose();
        }
        _isGone = true;
    }

    /// <summary>An adapter of corrections that exist.</summary>
    internal static Adapter Of(LanguageModel model, AdapterConfig config, Dictionary<string, Module> layers) => new(model, config, layers, []);

    /// <summary>An adapter of weights that replace the model's.</summary>
    internal static Adapter Of(LanguageModel model, AdapterConfig config, Dictionary<string, MlxArray> weights) => new(model, config, [], weights);

    internal void Enter(LanguageModel model)
    {
        ObjectDisposedException.ThrowIf(_isGone, this);
        if (!ReferenceEquals(model, _model))
        {
            throw new ArgumentException($"The adapter is for the model in '{_model.Folder}', not for the one in '{model.Folder}'.", nameof(model));
        }
        if (_layers.Count > 0)
        {
            foreach (Module layer in _layers.Values)
            {
                layer.Train(model.Model.Training);
            }
            model.Model.UpdateModules(_layers);
        }
        else if (!_isTrainedInPlace)
        {
            Dictionary<string, MlxArray> present = model.Model.Parameters().Flatten().ToDictionary(item => item.Key, item => item.Value, StringComparer.Ordinal);
            _replaced = _weights.Keys.ToDictionary(name => name, name => present[name], StringComparer.Ordinal);
            model.Model.LoadWeights(_weights, strict: false);
        }
    }

    internal void Leave()
    {
        if (_layers.Count > 0)
        {
            _model.Model.UpdateModules(_layers.Select(layer => KeyValuePair.Create(layer.Key, AdapterLayers.Base(layer.Value))));
        }
        else if (_replaced is { } replaced)
        {
            _model.Model.LoadWeights(replaced, strict: false);
            _replaced = null;
        }
        else if (_isTrainedInPlace)
        {
            throw new InvalidOperationException(
                "Full fine-tuning has changed the model itself, so the adapter cannot be taken out: save it, and load the model again.");
        }
    }

    private static Adapter WithoutAdapter(LanguageModel model, Func<Adapter> make)
    {
        Adapter? active = model.Adapter;
        model.Adapter = null;
        try
        {
            return make();
        }
        finally
        {
            model.Adapter = active;
        }
    }

    private static IEnumerable<KeyValuePair<string, MlxArray>> OwnArrays(string path, Module layer) =>
        layer.FilterAndMap(static (module, key, value) => value is MlxArray && Module.IsParameter(module, key, value)).Flatten()
            .Select(item => KeyValuePair.Create($"{path}.{item.Key}", item.Value));
}
