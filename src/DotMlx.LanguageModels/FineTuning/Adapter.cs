using DotMlx.LanguageModels.Architectures;
using DotMlx.NN;

namespace DotMlx.LanguageModels.FineTuning;

/// <summary>
/// The trained weights that fine-tuning adds to a model or replaces in it. A model can have any number of adapters, and at most one is in
/// use. Assign <see cref="LanguageModel.Adapter"/> to switch. Switching takes only a few assignments, regardless of the size of the model.
/// </summary>
/// <remarks>Don't switch adapters while another thread computes with the model.</remarks>
public sealed class Adapter : IDisposable
{
    private readonly LanguageModel _model;
    private readonly Dictionary<string, Module> _layers;
    private readonly Dictionary<string, MlxArray> _weights;
    private readonly bool _isTrainedInPlace;
    private Dictionary<string, MlxArray>? _replaced;
    private bool _isGone;
    private int _layersVersion;

    private Adapter(
        LanguageModel model, AdapterConfig config, Dictionary<string, Module> layers, Dictionary<string, MlxArray> weights,
        bool trainedInPlace = false)
    {
        (_model, Config, _layers, _weights, _isTrainedInPlace) = (model, config, layers, weights, trainedInPlace);
        _layersVersion = model.LayersVersion;
    }

    /// <summary>The configuration of the adapter.</summary>
    public AdapterConfig Config { get; }

    /// <summary>The dotted paths of the layers that have a low-rank adapter; empty for full fine-tuning.</summary>
    public IReadOnlyCollection<string> Layers => _layers.Keys;

    /// <summary>
    /// The arrays of the adapter by their names in <c>adapters.safetensors</c>, such as <c>model.layers.0.self_attn.q_proj.lora_a</c>. The
    /// adapter owns them. For an adapter from <see cref="Create"/> with full fine-tuning, they are the trainable parameters of the model
    /// itself.
    /// </summary>
    public IReadOnlyDictionary<string, MlxArray> Weights => _isTrainedInPlace
        ? _model.Model.TrainableParameters().Flatten().ToDictionary(item => item.Key, item => item.Value, StringComparer.Ordinal)
        : _layers.Count == 0
            ? _weights
            : _layers.SelectMany(layer => OwnArrays(layer.Value).Select(own => KeyValuePair.Create($"{layer.Key}.{own.Key}", own.Value)))
                .ToDictionary(item => item.Key, item => item.Value, StringComparer.Ordinal);

    /// <summary>
    /// Creates an adapter for training. A new adapter doesn't change the output of the model. This method freezes the weights of the
    /// model. For full fine-tuning, it unfreezes the chosen layers (<c>linear_to_lora_layers</c> of mlx-lm).
    /// </summary>
    /// <param name="model">The model, which must be a decoder.</param>
    /// <param name="config">The method, the layers, and the low-rank parameters.</param>
    /// <param name="seed">The seed for the initial values of the low-rank matrices.</param>
    /// <exception cref="ArgumentException">
    /// The configuration selects layers that the model doesn't have, or a low-rank parameter is out of range.
    /// </exception>
    /// <exception cref="NotSupportedException">The model isn't a decoder, or the configuration applies DoRA to expert layers.</exception>
    /// <exception cref="InvalidOperationException">The method is full fine-tuning, and another adapter is in use.</exception>
    public static Adapter Create(LanguageModel model, AdapterConfig config, ulong seed = 0)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(config);
        Decoder decoder = model.Decoder;
        if (config.Method == FineTuningMethod.Full)
        {
            if (model.Adapter is not null)
            {
                throw new InvalidOperationException("Full fine-tuning changes the model itself: set its "
                    + "Adapter to null, or fuse it, first.");
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
                    item => AdapterLayers.Wrap(item.Key, item.Value, config.Method, config.Lora.Rank, config.Lora.Scale,
                        config.Lora.Dropout),
                    StringComparer.Ordinal), []);
            }
            finally
            {
                Mx.Random.State.Key = outside;
            }
        });
    }

    /// <summary>
    /// Loads an adapter in the format of mlx-lm or of Hugging Face PEFT. The adapter isn't in use yet (<c>load_adapters</c> of mlx-lm).
    /// </summary>
    /// <param name="model">The model that the adapter is for, which must be a decoder.</param>
    /// <param name="folder">
    /// The folder with <c>adapter_config.json</c> and with <c>adapters.safetensors</c> (mlx-lm) or <c>adapter_model.safetensors</c> (PEFT).
    /// </param>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">
    /// A file is corrupt or doesn't fit the model. The message names the file and the fault.
    /// </exception>
    /// <exception cref="NotSupportedException">The adapter type isn't supported, or the model isn't a decoder.</exception>
    public static Adapter Load(LanguageModel model, string folder)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        string configPath = Path.Combine(folder, AdapterConfig.FileName);
        return AdapterConfig.Read(configPath).ContainsKey("peft_type")
            ? WithoutAdapter(model, () => PeftAdapter.Load(model, folder))
            : WithoutAdapter(model, () => AdapterFiles.Load(model, folder));
    }

    /// <summary>Saves the adapter in the format of mlx-lm. Each file is written atomically.</summary>
    /// <param name="folder">The folder, which is created if it doesn't exist.</param>
    /// <exception cref="IOException">A file can't be written.</exception>
    /// <exception cref="NotSupportedException">
    /// The low-rank adapters have different ranks or scale factors, which the format of mlx-lm can't store. Nothing is written.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The adapter has been fused or disposed.</exception>
    public void Save(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ObjectDisposedException.ThrowIf(_isGone, this);
        Config.CheckCanSave();
        Directory.CreateDirectory(folder);
        IReadOnlyDictionary<string, MlxArray> weights = Weights;
        Mx.Eval(weights.Values);
        Mx.SaveSafetensors(Path.Combine(folder, AdapterFiles.WeightsName), weights, new Dictionary<string, string> { ["format"] = "mlx" });
        Config.Save(folder);
    }

    /// <summary>
    /// Merges the adapter into the weights of the model and disposes of the adapter (<c>mlx_lm.fuse</c>). The model then gives the same
    /// results without the adapter, up to rounding. Other adapters made before this call for layers that it changes can't be used
    /// anymore: create or load them again.
    /// </summary>
    /// <param name="dequantize">
    /// Whether adapted layers that are quantized become unquantized layers; if false, the merged weights are quantized again.
    /// </param>
    /// <exception cref="ObjectDisposedException">The adapter has been fused or disposed.</exception>
    /// <exception cref="InvalidOperationException">The adapter was made for layers that have been fused or quantized since.</exception>
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
            CheckLayers();
        }
        if (_layers.Count > 0)
        {
            List<KeyValuePair<string, Module>> fused = [.. _layers.Select(layer =>
                KeyValuePair.Create(layer.Key, AdapterLayers.Fuse(layer.Value, dequantize)))];
            foreach ((string path, Module layer) in fused)
            {
                Mx.Eval(layer.Parameters());
                layer.Freeze();
                layer.Train(_model.Model.Training);
            }
            _model.Model.UpdateModules(fused);
            _model.LayersHaveChanged();
        }
        else if (!_isTrainedInPlace)
        {
            _model.Model.LoadWeights(_weights, strict: false);
            _weights.Clear();
        }
        Dispose();
    }

    /// <summary>
    /// Deactivates the adapter and frees its arrays. After full fine-tuning in place, the arrays belong to the model and stay valid.
    /// </summary>
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

    /// <summary>Creates an adapter from existing low-rank adapter layers.</summary>
    internal static Adapter Of(LanguageModel model, AdapterConfig config, Dictionary<string, Module> layers) =>
        new(model, config, layers, []);

    /// <summary>Creates an adapter from weights that replace the weights of the model.</summary>
    internal static Adapter Of(LanguageModel model, AdapterConfig config, Dictionary<string, MlxArray> weights) =>
        new(model, config, [], weights);

    internal void Enter(LanguageModel model)
    {
        ObjectDisposedException.ThrowIf(_isGone, this);
        if (!ReferenceEquals(model, _model))
        {
            throw new ArgumentException($"The adapter is for the model in '{_model.Folder}', not for the one in '{model.Folder}'.",
                nameof(model));
        }
        CheckLayers();
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
            Dictionary<string, MlxArray> present = model.Model.Parameters().Flatten()
                .ToDictionary(item => item.Key, item => item.Value, StringComparer.Ordinal);
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
                "Full fine-tuning has changed the model itself, so the adapter cannot be removed: save it, and load the model again.");
        }
    }

    /// <summary>
    /// Checks that the model still has the layers that this adapter was created for, so that the adapter doesn't restore old layers.
    /// </summary>
    private void CheckLayers()
    {
        if (_layersVersion == _model.LayersVersion)
        {
            return;
        }
        Dictionary<string, Module> present = _model.Model.NamedModules()
            .ToDictionary(item => item.Key, item => item.Value, StringComparer.Ordinal);
        string? changed = _layers.FirstOrDefault(layer =>
            !ReferenceEquals(present.GetValueOrDefault(layer.Key), AdapterLayers.Base(layer.Value))).Key;
        if (changed is null && _layers.Count == 0)
        {
            HashSet<string> names = [.. _model.Model.Parameters().Flatten().Select(item => item.Key)];
            changed = _weights.Keys.FirstOrDefault(name => !names.Contains(name));
        }
        if (changed is not null)
        {
            throw new InvalidOperationException(
                $"The adapter does not fit the model anymore: '{changed}' has changed since the adapter was "
                + $"made, because another adapter was fused "
                + "or the model was quantized. Load the adapter again.");
        }
        _layersVersion = _model.LayersVersion;
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

    /// <summary>The parameters of a low-rank adapter layer without those of the layer that it wraps.</summary>
    internal static Dictionary<string, MlxArray> OwnArrays(Module layer) =>
        layer.FilterAndMap(static (module, key, value) => value is MlxArray && Module.IsParameter(module, key, value)).Flatten()
            .ToDictionary(item => item.Key, item => item.Value, StringComparer.Ordinal);
}
