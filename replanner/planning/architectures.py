"""The table of architectures: which family's row each one uses.

Rows follow vLLM 0.33.0: vllm/model_executor/models/registry.py and the model file it names for the
architecture, or the transformers model that it runs through its Transformers backend.
"""

from dataclasses import replace

from replanner.planning.families import Family

_FLOAT32 = 4

_LLAMA = Family()
_PLAIN = replace(_LLAMA, qkv_bias=False, out_bias=False, mlp_bias=False)
_QWEN2 = replace(_PLAIN, qkv_bias=True)
_QWEN3 = replace(_PLAIN, qkv_bias="attention_bias", out_bias="attention_bias", qk_norm="head")
_QWEN_GATED = replace(_QWEN3, gated_attention="attn_output_gate=true", shared_name="shared_expert")
_GEMMA = replace(_PLAIN, always_tied=True)
_GEMMA3 = replace(
    _GEMMA,
    norms=4,
    qk_norm="head",
    defaults={
        "vocab_size": 262208,
        "hidden_size": 2304,
        "intermediate_size": 9216,
        "num_hidden_layers": 26,
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
        "head_dim": 256,
        "max_position_embeddings": 131072,
    },
)
_GEMMA4 = replace(_GEMMA, norms=4, qk_norm="head", parallel_dense=True, moe_name="moe")
# Biases everywhere, LayerNorm, a plain feed-forward part: the way before Llama
_CLASSIC = Family(
    norm_bias=True,
    qkv_bias=True,
    out_bias=True,
    mlp_bias=True,
    gated=False,
)
_FALCON = replace(
    _CLASSIC,
    qkv_bias="bias",
    out_bias="bias",
    mlp_bias="bias",
    norms=1,
    tied=True,
    alibi="alibi",
)
_BAILING = replace(
    _PLAIN,
    qkv_bias="use_qkv_bias",
    out_bias="use_bias",
    qk_norm="head",
    qk_norm_if="use_qk_norm",
)
_CHATGLM = replace(
    _PLAIN, qkv_bias="add_qkv_bias", out_bias="add_bias_linear", mlp_bias="add_bias_linear"
)
_COHERE = replace(_PLAIN, norms=1, always_tied=True, qk_norm="full", qk_norm_if="use_qk_norm")
_DEEPSEEK = replace(_PLAIN, mixer="latent")
_GLM_MOE = replace(
    _PLAIN,
    qkv_bias="attention_bias",
    qk_norm="head",
    qk_norm_if="use_qk_norm",
    router_bytes=_FLOAT32,
)
_GRANITE_MOE = replace(_LLAMA, moe_name="block_sparse_moe", tied=True)
_MINIMAX2 = replace(_PLAIN, qk_norm="full", moe_name="block_sparse_moe", router_bytes=_FLOAT32)
_MINIMAX3 = replace(_MINIMAX2, qk_norm="head")
_KIMI = replace(_DEEPSEEK, moe_name="block_sparse_moe")
_NEMOTRON_H = replace(
    _LLAMA, norms=1, gated=False, attention_name="mixer", mlp_name="mixer", moe_name="mixer"
)
_MAMBA = replace(_PLAIN, norms=1, feed=False, tied=True)
_BERT = replace(
    _CLASSIC,
    final_norms=0,
    headless=True,
    embedding_norm=True,
    positions=0,
    divided_positions=True,
    token_types=True,
    pooling=True,
)
_CLASSIFIER = replace(_BERT, score="classifier")
_OLMO2 = replace(_LLAMA, qk_norm="full")

ARCHITECTURES: dict[str, Family] = {
    # Llama and what has its shape
    "LlamaForCausalLM": _LLAMA,
    "LLaMAForCausalLM": _LLAMA,
    "MistralForCausalLM": _LLAMA,
    "Ministral3ForCausalLM": _LLAMA,
    "MixtralForCausalLM": replace(_LLAMA, moe_name="block_sparse_moe"),
    "AquilaForCausalLM": _LLAMA,
    "AquilaModel": _LLAMA,
    "BaichuanForCausalLM": _PLAIN,
    "BaiChuanForCausalLM": _PLAIN,
    "ChatGLMForConditionalGeneration": _CHATGLM,
    "ChatGLMModel": _CHATGLM,
    "CwmForCausalLM": _LLAMA,
    "DeciLMForCausalLM": replace(_LLAMA, norms=0),
    "Ernie4_5ForCausalLM": replace(
        _PLAIN, qkv_bias="use_bias", out_bias="use_bias", mlp_bias="use_bias", tied=True
    ),
    "ExaoneForCausalLM": _PLAIN,
    "Exaone4ForCausalLM": replace(_PLAIN, qk_norm="head"),
    "Fairseq2LlamaForCausalLM": _LLAMA,
    "GlmForCausalLM": replace(_PLAIN, qkv_bias="attention_bias=true"),
    "Glm4ForCausalLM": replace(_PLAIN, qkv_bias="attention_bias", norms=4),
    "GraniteForCausalLM": replace(_LLAMA, tied=True),
    "GritLM": _LLAMA,
    "HunYuanDenseV1ForCausalLM": replace(_LLAMA, qk_norm="head", qk_norm_if="use_qk_norm=true"),
    "HyperCLOVAXForCausalLM": _LLAMA,
    "IQuestCoderForCausalLM": _LLAMA,
    "InternLMForCausalLM": replace(_PLAIN, qkv_bias="bias=true", out_bias="bias=true"),
    "InternLM2ForCausalLM": replace(_PLAIN, qkv_bias="bias", out_bias="bias"),
    "InternLM3ForCausalLM": replace(_PLAIN, qkv_bias="qkv_bias", out_bias="bias"),
    "MiMoForCausalLM": _QWEN2,
    "MiniCPMForCausalLM": _LLAMA,
    "MiniCPM3ForCausalLM": replace(_DEEPSEEK, tied=True),
    "OlmoForCausalLM": replace(_LLAMA, norms=0, final_norms=0),
    "Olmo2ForCausalLM": _OLMO2,
    "Olmo3ForCausalLM": _OLMO2,
    "OrionForCausalLM": replace(_PLAIN, norm_bias=True),
    "Phi3ForCausalLM": _PLAIN,
    "MolmoForCausalLM": replace(
        _PLAIN,
        qkv_bias="qkv_bias",
        qk_norm="full",
        qk_norm_if="attention_layer_norm",
        width_divisor=2,
        extra_vocab=128,
    ),
    "QWenLMHeadModel": replace(_QWEN2, width_divisor=2),
    "Qwen2ForCausalLM": _QWEN2,
    "Qwen3ForCausalLM": _QWEN3,
    "SeedOssForCausalLM": replace(
        _PLAIN, qkv_bias="attention_bias=true", out_bias="attention_out_bias"
    ),
    "SmolLM3ForCausalLM": replace(_LLAMA, tied=True),
    "SolarForCausalLM": _LLAMA,
    "TeleChat2ForCausalLM": _PLAIN,
    "TeleChat3ForCausalLM": _LLAMA,
    "TeleFLMForCausalLM": _LLAMA,
    "XverseForCausalLM": _PLAIN,
    # Gemma
    "GemmaForCausalLM": _GEMMA,
    "Gemma2ForCausalLM": replace(_GEMMA, norms=4),
    "Gemma3ForCausalLM": _GEMMA3,
    "Gemma3nForCausalLM": replace(_GEMMA, norms=4, qk_norm="head"),
    "Gemma4ForCausalLM": _GEMMA4,
    # one norm, parallel branches
    "CohereForCausalLM": _COHERE,
    "Cohere2ForCausalLM": _COHERE,
    # LayerNorm and biases
    "ApertusForCausalLM": replace(_LLAMA, gated=False, qk_norm="head"),
    "ArceeForCausalLM": replace(_LLAMA, gated=False),
    "BloomForCausalLM": replace(_CLASSIC, always_tied=True, embedding_norm=True, alibi=True),
    "FalconForCausalLM": _FALCON,
    "RWForCausalLM": _FALCON,
    "GPT2LMHeadModel": replace(_CLASSIC, always_tied=True, positions=0),
    "GPTBigCodeForCausalLM": replace(
        _CLASSIC,
        tied=True,
        positions=0,
        divided_mlp=False,
        defaults={"multi_query": True},
    ),
    "GPTJForCausalLM": replace(_CLASSIC, norms=1, qkv_bias=False, out_bias=False, head_bias=True),
    "GPTNeoXForCausalLM": replace(
        _CLASSIC, qkv_bias="attention_bias=true", out_bias="attention_bias=true"
    ),
    "MPTForCausalLM": replace(
        _CLASSIC, norm_bias=False, qkv_bias=False, out_bias=False, mlp_bias=False, always_tied=True
    ),
    "MptForCausalLM": replace(
        _CLASSIC, norm_bias=False, qkv_bias=False, out_bias=False, mlp_bias=False, always_tied=True
    ),
    "Jais2ForCausalLM": _CLASSIC,
    "NemotronForCausalLM": replace(_LLAMA, gated=False, norm_bias=True),
    "OPTForCausalLM": replace(
        _CLASSIC,
        qkv_bias="enable_bias=true",
        out_bias="enable_bias=true",
        mlp_bias="enable_bias=true",
        tied=True,
        positions=2,
    ),
    "PhiForCausalLM": replace(_CLASSIC, norms=1),
    "Phi3SmallForCausalLM": replace(_CLASSIC, gated=True, tied=True),
    "StableLmForCausalLM": replace(_PLAIN, norm_bias=True, qkv_bias="use_qkv_bias"),
    "StableLMEpochForCausalLM": replace(_PLAIN, norm_bias=True, qkv_bias="use_qkv_bias"),
    "Starcoder2ForCausalLM": replace(
        _CLASSIC,
        qkv_bias="use_bias=true",
        out_bias="use_bias=true",
        mlp_bias="use_bias=true",
        tied=True,
    ),
    # mixtures of experts
    "BailingMoeForCausalLM": _BAILING,
    "BailingMoeV2ForCausalLM": _BAILING,
    "DbrxForCausalLM": replace(_PLAIN, inside=("attn_config", "ffn_config")),
    "DeepseekForCausalLM": replace(_PLAIN, qkv_bias="attention_bias", out_bias=False),
    "Dots1ForCausalLM": replace(_PLAIN, qkv_bias="attention_bias", qk_norm="head"),
    "Ernie4_5_MoeForCausalLM": replace(
        _PLAIN,
        qkv_bias="use_bias",
        out_bias="use_bias",
        mlp_bias="use_bias",
        router_bytes=_FLOAT32,
        tied=True,
    ),
    "ExaoneMoeForCausalLM": replace(_PLAIN, qk_norm="head"),
    "ExaoneMoEForCausalLM": replace(_PLAIN, qk_norm="head"),
    "FlexOlmoForCausalLM": _OLMO2,
    "Glm4MoeForCausalLM": _GLM_MOE,
    "GptOssForCausalLM": replace(
        _LLAMA,
        qkv_bias="attention_bias=true",
        out_bias="attention_bias=true",
        sinks=True,
        sliding_sinks=True,
        router_bias=True,
        expert_bias=True,
        attention_name="attn",
    ),
    "GraniteMoeForCausalLM": _GRANITE_MOE,
    "GraniteMoeSharedForCausalLM": _GRANITE_MOE,
    "HunYuanMoEV1ForCausalLM": replace(_LLAMA, qk_norm="head", qk_norm_if="use_qk_norm=true"),
    "MiMoV2FlashForCausalLM": replace(
        _PLAIN,
        qkv_bias="attention_bias",
        sinks="add_full_attention_sink_bias",
        sliding_sinks="add_swa_attention_sink_bias",
        router_bytes=_FLOAT32,
    ),
    "MiniMaxM2ForCausalLM": _MINIMAX2,
    "MiniMaxM3SparseForCausalLM": _MINIMAX3,
    "OlmoeForCausalLM": replace(_LLAMA, qk_norm="full"),
    "PhiMoEForCausalLM": replace(
        _LLAMA,
        norm_bias=True,
        head_bias="lm_head_bias",
        moe_name="block_sparse_moe",
    ),
    "Qwen2MoeForCausalLM": replace(_QWEN2, shared_gate=True, shared_name="shared_expert"),
    "Qwen3MoeForCausalLM": _QWEN3,
    # latent attention
    "DeepseekV2ForCausalLM": _DEEPSEEK,
    "DeepseekV3ForCausalLM": _DEEPSEEK,
    "DeepseekV32ForCausalLM": _DEEPSEEK,
    "DeepseekV4ForCausalLM": replace(_PLAIN, moe_name="ffn", streams=True),
    "GlmMoeDsaForCausalLM": _DEEPSEEK,
    "Glm4MoeLiteForCausalLM": _DEEPSEEK,
    # Llama 4: chunked attention, one shared expert
    "Llama4ForCausalLM": replace(
        _PLAIN,
        moe_name="feed_forward",
        mlp_name="feed_forward",
        shared_name="shared_expert",
        shared_count=1,
    ),
    # encoders
    "BertModel": _BERT,
    "BertForMaskedLM": _BERT,
    "BertForSequenceClassification": _CLASSIFIER,
    "RobertaModel": _BERT,
    "RobertaForMaskedLM": _BERT,
    "RobertaForSequenceClassification": _CLASSIFIER,
    "XLMRobertaModel": _BERT,
    "XLMRobertaForSequenceClassification": _CLASSIFIER,
    # decoders that answer with a vector or a score
    "Gemma2Model": replace(_GEMMA, norms=4, pooling=True),
    "Gemma3TextModel": replace(_GEMMA3, pooling=True),
    "InternLM2ForRewardModel": replace(
        _PLAIN, qkv_bias="bias", out_bias="bias", headless=True, score="linear", pooling=True
    ),
    "LlamaModel": replace(_LLAMA, pooling=True),
    "MistralModel": replace(_LLAMA, pooling=True),
    "Qwen2ForProcessRewardModel": replace(_QWEN2, headless=True, score="two layers", pooling=True),
    "Qwen2ForRewardModel": replace(_QWEN2, headless=True, score="two layers", pooling=True),
    "Qwen2Model": replace(_QWEN2, pooling=True),
    # an encoder in front, and attention to it
    "MllamaForCausalLM": replace(_PLAIN, extra_vocab=8),
    "WhisperForConditionalGeneration": replace(
        _CLASSIC,
        norms=3,
        always_tied=True,
        divided_embedding=False,
        positions=0,
        cross_attention=True,
    ),
    # layers with a state
    "FalconH1ForCausalLM": replace(
        _PLAIN, qkv_bias="attention_bias", out_bias="attention_bias", recurrent_name="mamba"
    ),
    "FalconMambaForCausalLM": replace(_MAMBA, tied=False),
    "GraniteMoeHybridForCausalLM": replace(_GRANITE_MOE, recurrent_name="mamba"),
    "JambaForCausalLM": replace(
        _PLAIN, moe_name="feed_forward", mlp_name="feed_forward", recurrent_name="mamba"
    ),
    "KimiLinearForCausalLM": replace(_KIMI, requires="mla_use_nope"),
    "KimiK3ForCausalLM": replace(_KIMI, norms=6, final_norms=3),
    "Lfm2ForCausalLM": replace(_PLAIN, qk_norm="head", tied=True, mlp_name="feed_forward"),
    "Lfm2MoeForCausalLM": replace(_PLAIN, qk_norm="head", tied=True, mlp_name="feed_forward"),
    "MambaForCausalLM": _MAMBA,
    "Mamba2ForCausalLM": _MAMBA,
    "MiniMaxM1ForCausalLM": replace(_PLAIN, moe_name="block_sparse_moe"),
    "MiniMaxText01ForCausalLM": replace(_PLAIN, moe_name="block_sparse_moe"),
    "NemotronHForCausalLM": _NEMOTRON_H,
    "Qwen3NextForCausalLM": replace(_QWEN_GATED, shared_gate=True),
    "Qwen3_5ForCausalLM": _QWEN_GATED,
    "Qwen3_5MoeForCausalLM": replace(_QWEN_GATED, shared_gate=True),
}
