"""The table of architectures: which family's row each one uses.

Rows follow vLLM 0.33.0: vllm/model_executor/models/registry.py and the model file it names for the
architecture, or the transformers model that it runs through its Transformers backend.
"""

from replanner.planning.families import Family

_FLOAT32 = 4

_LLAMA = Family()
_PLAIN = _LLAMA._replace(qkv_bias=False, out_bias=False, mlp_bias=False)
_QWEN2 = _PLAIN._replace(qkv_bias=True)
_QWEN3 = _PLAIN._replace(qkv_bias="attention_bias", out_bias="attention_bias", qk_norm="head")
_QWEN_GATED = _QWEN3._replace(gated_attention="attn_output_gate=true", shared_name="shared_expert")
_GEMMA = _PLAIN._replace(always_tied=True)
_GEMMA3 = _GEMMA._replace(
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
_GEMMA4 = _GEMMA._replace(norms=4, qk_norm="head", parallel_dense=True, moe_name="moe")
# Biases everywhere, LayerNorm, a plain feed-forward part: the way before Llama
_CLASSIC = Family(
    norm_bias=True,
    qkv_bias=True,
    out_bias=True,
    mlp_bias=True,
    gated=False,
)
_FALCON = _CLASSIC._replace(
    qkv_bias="bias",
    out_bias="bias",
    mlp_bias="bias",
    norms=1,
    tied=True,
    alibi="alibi",
)
_BAILING = _PLAIN._replace(
    qkv_bias="use_qkv_bias",
    out_bias="use_bias",
    qk_norm="head",
    qk_norm_if="use_qk_norm",
)
_CHATGLM = _PLAIN._replace(
    qkv_bias="add_qkv_bias", out_bias="add_bias_linear", mlp_bias="add_bias_linear"
)
_COHERE = _PLAIN._replace(norms=1, always_tied=True, qk_norm="full", qk_norm_if="use_qk_norm")
_DEEPSEEK = _PLAIN._replace(mixer="latent")
_GLM_MOE = _PLAIN._replace(
    qkv_bias="attention_bias",
    qk_norm="head",
    qk_norm_if="use_qk_norm",
    router_bytes=_FLOAT32,
)
_GRANITE_MOE = _LLAMA._replace(moe_name="block_sparse_moe", tied=True)
_MINIMAX2 = _PLAIN._replace(qk_norm="full", moe_name="block_sparse_moe", router_bytes=_FLOAT32)
_MINIMAX3 = _MINIMAX2._replace(qk_norm="head")
_KIMI = _DEEPSEEK._replace(moe_name="block_sparse_moe")
_NEMOTRON_H = _LLAMA._replace(
    norms=1, gated=False, attention_name="mixer", mlp_name="mixer", moe_name="mixer"
)
_MAMBA = _PLAIN._replace(norms=1, feed=False, tied=True)
_BERT = _CLASSIC._replace(
    final_norms=0,
    headless=True,
    embedding_norm=True,
    positions=0,
    divided_positions=True,
    token_types=True,
    pooling=True,
)
_CLASSIFIER = _BERT._replace(score="classifier")
_OLMO2 = _LLAMA._replace(qk_norm="full")

ARCHITECTURES: dict[str, Family] = {
    # Llama and what has its shape
    "LlamaForCausalLM": _LLAMA,
    "LLaMAForCausalLM": _LLAMA,
    "MistralForCausalLM": _LLAMA,
    "Ministral3ForCausalLM": _LLAMA,
    "MixtralForCausalLM": _LLAMA._replace(moe_name="block_sparse_moe"),
    "AquilaForCausalLM": _LLAMA,
    "AquilaModel": _LLAMA,
    "BaichuanForCausalLM": _PLAIN,
    "BaiChuanForCausalLM": _PLAIN,
    "ChatGLMForConditionalGeneration": _CHATGLM,
    "ChatGLMModel": _CHATGLM,
    "CwmForCausalLM": _LLAMA,
    "DeciLMForCausalLM": _LLAMA._replace(norms=0),
    "Ernie4_5ForCausalLM": _PLAIN._replace(
        qkv_bias="use_bias", out_bias="use_bias", mlp_bias="use_bias", tied=True
    ),
    "ExaoneForCausalLM": _PLAIN,
    "Exaone4ForCausalLM": _PLAIN._replace(qk_norm="head"),
    "Fairseq2LlamaForCausalLM": _LLAMA,
    "GlmForCausalLM": _PLAIN._replace(qkv_bias="attention_bias=true"),
    "Glm4ForCausalLM": _PLAIN._replace(qkv_bias="attention_bias", norms=4),
    "GraniteForCausalLM": _LLAMA._replace(tied=True),
    "GritLM": _LLAMA,
    "HunYuanDenseV1ForCausalLM": _LLAMA._replace(qk_norm="head", qk_norm_if="use_qk_norm=true"),
    "HyperCLOVAXForCausalLM": _LLAMA,
    "IQuestCoderForCausalLM": _LLAMA,
    "InternLMForCausalLM": _PLAIN._replace(qkv_bias="bias=true", out_bias="bias=true"),
    "InternLM2ForCausalLM": _PLAIN._replace(qkv_bias="bias", out_bias="bias"),
    "InternLM3ForCausalLM": _PLAIN._replace(qkv_bias="qkv_bias", out_bias="bias"),
    "MiMoForCausalLM": _QWEN2,
    "MiniCPMForCausalLM": _LLAMA,
    "MiniCPM3ForCausalLM": _DEEPSEEK._replace(tied=True),
    "OlmoForCausalLM": _LLAMA._replace(norms=0, final_norms=0),
    "Olmo2ForCausalLM": _OLMO2,
    "Olmo3ForCausalLM": _OLMO2,
    "OrionForCausalLM": _PLAIN._replace(norm_bias=True),
    "Phi3ForCausalLM": _PLAIN,
    "MolmoForCausalLM": _PLAIN._replace(
        qkv_bias="qkv_bias",
        qk_norm="full",
        qk_norm_if="attention_layer_norm",
        width_divisor=2,
        extra_vocab=128,
    ),
    "QWenLMHeadModel": _QWEN2._replace(width_divisor=2),
    "Qwen2ForCausalLM": _QWEN2,
    "Qwen3ForCausalLM": _QWEN3,
    "SeedOssForCausalLM": _PLAIN._replace(
        qkv_bias="attention_bias=true", out_bias="attention_out_bias"
    ),
    "SmolLM3ForCausalLM": _LLAMA._replace(tied=True),
    "SolarForCausalLM": _LLAMA,
    "TeleChat2ForCausalLM": _PLAIN,
    "TeleChat3ForCausalLM": _LLAMA,
    "TeleFLMForCausalLM": _LLAMA,
    "XverseForCausalLM": _PLAIN,
    # Gemma
    "GemmaForCausalLM": _GEMMA,
    "Gemma2ForCausalLM": _GEMMA._replace(norms=4),
    "Gemma3ForCausalLM": _GEMMA3,
    "Gemma3nForCausalLM": _GEMMA._replace(norms=4, qk_norm="head"),
    "Gemma4ForCausalLM": _GEMMA4,
    # one norm, parallel branches
    "CohereForCausalLM": _COHERE,
    "Cohere2ForCausalLM": _COHERE,
    # LayerNorm and biases
    "ApertusForCausalLM": _LLAMA._replace(gated=False, qk_norm="head"),
    "ArceeForCausalLM": _LLAMA._replace(gated=False),
    "BloomForCausalLM": _CLASSIC._replace(always_tied=True, embedding_norm=True, alibi=True),
    "FalconForCausalLM": _FALCON,
    "RWForCausalLM": _FALCON,
    "GPT2LMHeadModel": _CLASSIC._replace(always_tied=True, positions=0),
    "GPTBigCodeForCausalLM": _CLASSIC._replace(
        tied=True,
        positions=0,
        divided_mlp=False,
        defaults={"multi_query": True},
    ),
    "GPTJForCausalLM": _CLASSIC._replace(norms=1, qkv_bias=False, out_bias=False, head_bias=True),
    "GPTNeoXForCausalLM": _CLASSIC._replace(
        qkv_bias="attention_bias=true", out_bias="attention_bias=true"
    ),
    "MPTForCausalLM": _CLASSIC._replace(
        norm_bias=False, qkv_bias=False, out_bias=False, mlp_bias=False, always_tied=True
    ),
    "MptForCausalLM": _CLASSIC._replace(
        norm_bias=False, qkv_bias=False, out_bias=False, mlp_bias=False, always_tied=True
    ),
    "Jais2ForCausalLM": _CLASSIC,
    "NemotronForCausalLM": _LLAMA._replace(gated=False, norm_bias=True),
    "OPTForCausalLM": _CLASSIC._replace(
        qkv_bias="enable_bias=true",
        out_bias="enable_bias=true",
        mlp_bias="enable_bias=true",
        tied=True,
        positions=2,
    ),
    "PhiForCausalLM": _CLASSIC._replace(norms=1),
    "Phi3SmallForCausalLM": _CLASSIC._replace(gated=True, tied=True),
    "StableLmForCausalLM": _PLAIN._replace(norm_bias=True, qkv_bias="use_qkv_bias"),
    "StableLMEpochForCausalLM": _PLAIN._replace(norm_bias=True, qkv_bias="use_qkv_bias"),
    "Starcoder2ForCausalLM": _CLASSIC._replace(
        qkv_bias="use_bias=true",
        out_bias="use_bias=true",
        mlp_bias="use_bias=true",
        tied=True,
    ),
    # mixtures of experts
    "BailingMoeForCausalLM": _BAILING,
    "BailingMoeV2ForCausalLM": _BAILING,
    "DbrxForCausalLM": _PLAIN._replace(inside=("attn_config", "ffn_config")),
    "DeepseekForCausalLM": _PLAIN._replace(qkv_bias="attention_bias", out_bias=False),
    "Dots1ForCausalLM": _PLAIN._replace(qkv_bias="attention_bias", qk_norm="head"),
    "Ernie4_5_MoeForCausalLM": _PLAIN._replace(
        qkv_bias="use_bias",
        out_bias="use_bias",
        mlp_bias="use_bias",
        router_bytes=_FLOAT32,
        tied=True,
    ),
    "ExaoneMoeForCausalLM": _PLAIN._replace(qk_norm="head"),
    "ExaoneMoEForCausalLM": _PLAIN._replace(qk_norm="head"),
    "FlexOlmoForCausalLM": _OLMO2,
    "Glm4MoeForCausalLM": _GLM_MOE,
    "GptOssForCausalLM": _LLAMA._replace(
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
    "HunYuanMoEV1ForCausalLM": _LLAMA._replace(qk_norm="head", qk_norm_if="use_qk_norm=true"),
    "MiMoV2FlashForCausalLM": _PLAIN._replace(
        qkv_bias="attention_bias",
        sinks="add_full_attention_sink_bias",
        sliding_sinks="add_swa_attention_sink_bias",
        router_bytes=_FLOAT32,
    ),
    "MiniMaxM2ForCausalLM": _MINIMAX2,
    "MiniMaxM3SparseForCausalLM": _MINIMAX3,
    "OlmoeForCausalLM": _LLAMA._replace(qk_norm="full"),
    "PhiMoEForCausalLM": _LLAMA._replace(
        norm_bias=True,
        head_bias="lm_head_bias",
        moe_name="block_sparse_moe",
    ),
    "Qwen2MoeForCausalLM": _QWEN2._replace(shared_gate=True, shared_name="shared_expert"),
    "Qwen3MoeForCausalLM": _QWEN3,
    # latent attention
    "DeepseekV2ForCausalLM": _DEEPSEEK,
    "DeepseekV3ForCausalLM": _DEEPSEEK,
    "DeepseekV32ForCausalLM": _DEEPSEEK,
    "DeepseekV4ForCausalLM": _PLAIN._replace(moe_name="ffn", streams=True),
    "GlmMoeDsaForCausalLM": _DEEPSEEK,
    "Glm4MoeLiteForCausalLM": _DEEPSEEK,
    # Llama 4: chunked attention, one shared expert
    "Llama4ForCausalLM": _PLAIN._replace(
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
    "Gemma2Model": _GEMMA._replace(norms=4, pooling=True),
    "Gemma3TextModel": _GEMMA3._replace(pooling=True),
    "InternLM2ForRewardModel": _PLAIN._replace(
        qkv_bias="bias", out_bias="bias", headless=True, score="linear", pooling=True
    ),
    "LlamaModel": _LLAMA._replace(pooling=True),
    "MistralModel": _LLAMA._replace(pooling=True),
    "Qwen2ForProcessRewardModel": _QWEN2._replace(headless=True, score="two layers", pooling=True),
    "Qwen2ForRewardModel": _QWEN2._replace(headless=True, score="two layers", pooling=True),
    "Qwen2Model": _QWEN2._replace(pooling=True),
    # an encoder in front, and attention to it
    "MllamaForCausalLM": _PLAIN._replace(extra_vocab=8),
    "WhisperForConditionalGeneration": _CLASSIC._replace(
        norms=3,
        always_tied=True,
        divided_embedding=False,
        positions=0,
        cross_attention=True,
    ),
    # layers with a state
    "FalconH1ForCausalLM": _PLAIN._replace(
        qkv_bias="attention_bias", out_bias="attention_bias", recurrent_name="mamba"
    ),
    "FalconMambaForCausalLM": _MAMBA._replace(tied=False),
    "GraniteMoeHybridForCausalLM": _GRANITE_MOE._replace(recurrent_name="mamba"),
    "JambaForCausalLM": _PLAIN._replace(
        moe_name="feed_forward", mlp_name="feed_forward", recurrent_name="mamba"
    ),
    "KimiLinearForCausalLM": _KIMI._replace(requires="mla_use_nope"),
    "KimiK3ForCausalLM": _KIMI._replace(norms=6, final_norms=3),
    "Lfm2ForCausalLM": _PLAIN._replace(qk_norm="head", tied=True, mlp_name="feed_forward"),
    "Lfm2MoeForCausalLM": _PLAIN._replace(qk_norm="head", tied=True, mlp_name="feed_forward"),
    "MambaForCausalLM": _MAMBA,
    "Mamba2ForCausalLM": _MAMBA,
    "MiniMaxM1ForCausalLM": _PLAIN._replace(moe_name="block_sparse_moe"),
    "MiniMaxText01ForCausalLM": _PLAIN._replace(moe_name="block_sparse_moe"),
    "NemotronHForCausalLM": _NEMOTRON_H,
    "Qwen3NextForCausalLM": _QWEN_GATED._replace(shared_gate=True),
    "Qwen3_5ForCausalLM": _QWEN_GATED,
    "Qwen3_5MoeForCausalLM": _QWEN_GATED._replace(shared_gate=True),
}
