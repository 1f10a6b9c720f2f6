namespace DotMlx.LanguageModels;

/// <summary>Options of <c>config.json</c> that don't affect the results of a model in evaluation mode.</summary>
internal static class HarmlessOptions
{
    /// <summary>
    /// Options for training, for Hugging Face's library, for generation, and for heads other than the model's own.
    /// </summary>
    internal static readonly string[] Names =
    [
        // File metadata.
        "architectures", "auto_map", "base_model_name_or_path", "dtype", "model_name", "model_type", "name_or_path", "torch_dtype",
        "transformers_version", "transformers.js_config", "unsloth_fixed", "unsloth_version", "license", "source", "sentence_transformers",

        // Training.
        "attention_dropout", "attention_probs_dropout_prob", "attn_pdrop", "classifier_dropout", "embd_pdrop", "embedding_dropout",
        "gradient_checkpointing", "hidden_dropout", "hidden_dropout_prob", "initializer_range", "initial_context_length",
        "layerdrop", "moe_aux_loss_coef", "output_router_logits", "resid_pdrop", "residual_dropout", "router_aux_loss_coef",
        "router_jitter_noise", "max_seq_len", "model_max_length", "seq_length",

        // Execution in Hugging Face's library.
        "attn_implementation", "cache_implementation", "chunk_size_feed_forward", "experts_implementation", "fused_bias",
        "max_position_embeddings", "output_attentions", "output_hidden_states", "pretraining_tp", "return_dict", "return_dict_in_generate",
        "output_scores", "torchscript", "tf_legacy_loss", "use_bfloat16", "use_cache", "use_return_dict", "use_flash_attn", "use_unpad",
        "pruned_heads", "is_encoder_decoder", "encoder_no_repeat_ngram_size",

        // Tokens and generation, which generation_config.json specifies.
        "begin_suppress_tokens", "bad_words_ids", "bos_token_id", "decoder_start_token_id", "diversity_penalty", "do_sample",
        "early_stopping",
        "eos_token_id", "exponential_decay_length_penalty", "forced_bos_token_id", "forced_eos_token_id", "length_penalty", "max_length",
        "max_new_tokens", "min_length", "no_repeat_ngram_size", "num_beam_groups", "num_beams", "num_return_sequences", "pad_token_id",
        "prefix", "remove_invalid_values", "repetition_penalty", "sep_token_id", "suppress_tokens", "temperature",
        "tokenizer_class", "top_k",
        "top_p", "typical_p", "eos_token_ids",

        // Heads for other tasks.
        "finetuning_task", "id2label", "label2id", "num_labels", "problem_type", "task_specific_params", "position_ids",
    ];
}
