namespace DotMlx.Extensions.AI;

/// <summary>How the features of a text's tokens are combined to one vector.</summary>
public enum EmbeddingPooling
{
    /// <summary>The average over the tokens.</summary>
    Mean,

    /// <summary>The features of the first token, which BERT models call <c>[CLS]</c>.</summary>
    FirstToken,

    /// <summary>The features of the last token, as usual for decoders.</summary>
    LastToken,
}
