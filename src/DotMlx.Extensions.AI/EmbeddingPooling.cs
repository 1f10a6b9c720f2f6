namespace DotMlx.Extensions.AI;

/// <summary>How the features of a text's tokens become one vector.</summary>
public enum EmbeddingPooling
{
    /// <summary>The average over the tokens.</summary>
    Mean,

    /// <summary>The features of the first token, which BERT models call <c>[CLS]</c>.</summary>
    FirstToken,

    /// <summary>The features of the last token, as decoders are trained.</summary>
    LastToken,
}
