"""Makes golden folders for `ModelGoldenTest`: tiny checkpoints with random weights, and mlx-lm's logits for them.

    python make_models.py OUT [NAME ...]        # needs mlx-lm and mlx (mlx-cpu on Linux)

A folder is what an `mlx-community` repository has (`config.json`, `model.safetensors`: bf16, linears quantized), and
`golden.safetensors`: `tokens` [40], `prefill_logits` [40, vocabulary] of one pass from an empty cache, then eight greedy
`decode_tokens` and the `decode_logits` behind each, fed one at a time. Weights are read as stored, activations are f32.
Models for images get a few weights that a model for text does not use.
"""

import json
import sys
from pathlib import Path

import mlx.core as mx
import mlx_lm
from mlx.utils import tree_flatten, tree_unflatten
from mlx_lm.models.cache import make_prompt_cache
from mlx_lm.models.switch_layers import QuantizedSwitchLinear, SwitchLinear
from mlx_lm.utils import _get_classes, load_model, quantize_model

PROMPT = 40
ANSWER = 8
QUANTIZATION = {"group_size": 64, "bits": 4}

TEXT = {
    "hidden_size": 128,
    "intermediate_size": 256,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "num_hidden_layers": 4,
    "head_dim": 32,
    "vocab_size": 320,
    "rms_norm_eps": 1e-6,
    "max_position_embeddings": 512,
}

EXPERTS = {
    "num_experts": 8,
    "num_experts_per_tok": 2,
    "decoder_sparse_step": 1,
    "mlp_only_layers": [],
    "moe_intermediate_size": 64,
    "norm_topk_prob": True,
    "tie_word_embeddings": False,
}

LATENT = {
    **TEXT,
    "kv_lora_rank": 64,
    "q_lora_rank": 64,
    "qk_nope_head_dim": 32,
    "qk_rope_head_dim": 32,
    "v_head_dim": 32,
    "num_key_value_heads": 4,
    "moe_intermediate_size": 64,
    "n_routed_experts": 8,
    "n_shared_experts": 1,
    "num_experts_per_tok": 2,
    "first_k_dense_replace": 1,
    "moe_layer_freq": 1,
    "n_group": 2,
    "topk_group": 1,
    "norm_topk_prob": True,
    "routed_scaling_factor": 2.5,
    "scoring_func": "sigmoid",
    "topk_method": "noaux_tc",
    "rope_theta": 50000.0,
    "attention_bias": False,
}

YARN = {
    "type": "yarn",
    "factor": 4.0,
    "original_max_position_embeddings": 128,
    "beta_fast": 32.0,
    "beta_slow": 1.0,
    "mscale": 1.0,
    "mscale_all_dim": 1.0,
}

# Fewer positions than the prompt has; heads enough that no two positions have a score of 0.
INDEX = {"index_n_heads": 16, "index_head_dim": 64, "index_topk": 12}

CONFIGS = {
    "deepseek_v32": {"model_type": "deepseek_v32", **LATENT, **INDEX, "rope_scaling": YARN},
    "glm_moe_dsa": {
        "model_type": "glm_moe_dsa",
        **{k: v for k, v in LATENT.items() if k != "rope_theta"},
        **INDEX,
        "rope_parameters": {"rope_theta": 50000.0, "rope_type": "default"},
    },
    # Five layers in six slide; the head sizes are the defaults of the model for images.
    "gemma3": {
        "model_type": "gemma3",
        "vocab_size": 320,
        "text_config": {
            "model_type": "gemma3_text",
            **{k: v for k, v in TEXT.items() if "heads" not in k and k not in ("vocab_size", "head_dim")},
            "num_hidden_layers": 6,
            "head_dim": 32,
            "query_pre_attn_scalar": 24,
            "sliding_window": 16,
            "sliding_window_pattern": 3,
            "rope_theta": 1000000.0,
            "rope_local_base_freq": 10000.0,
            "rope_scaling": {"factor": 8.0, "rope_type": "linear"},
        },
    },
    # Experts beside the MLPs and values that are keys, as in the model of 26 billion parameters.
    "gemma4": {
        "model_type": "gemma4",
        "vocab_size": 320,
        "text_config": {
            "model_type": "gemma4_text",
            **TEXT,
            "global_head_dim": 64,
            "num_global_key_value_heads": 1,
            "attention_k_eq_v": True,
            "num_kv_shared_layers": 0,
            "hidden_size_per_layer_input": 0,
            "num_hidden_layers": 6,
            "sliding_window": 16,
            "sliding_window_pattern": 3,
            "enable_moe_block": True,
            "num_experts": 8,
            "top_k_experts": 2,
            "moe_intermediate_size": 64,
            "use_double_wide_mlp": False,
            "tie_word_embeddings": True,
        },
    },
    "kimi_k25": {
        "model_type": "kimi_k25",
        "text_config": {
            "model_type": "kimi_k2",
            **LATENT,
            "rope_scaling": YARN,
        },
    },
    # Chunks shorter than the prompt; every second MLP a mixture; positions reach a second step of their factor.
    "llama4": {
        "model_type": "llama4",
        "text_config": {
            "model_type": "llama4_text",
            **TEXT,
            "num_hidden_layers": 5,
            "intermediate_size_mlp": 192,
            "intermediate_size": 128,
            "attention_bias": False,
            "attention_chunk_size": 16,
            "interleave_moe_layer_step": 2,
            "num_experts_per_tok": 1,
            "num_local_experts": 4,
            "rope_scaling": {
                "rope_type": "llama3",
                "factor": 8.0,
                "high_freq_factor": 4.0,
                "low_freq_factor": 1.0,
                "original_max_position_embeddings": 64,
            },
            "rope_theta": 500000.0,
            "use_qk_norm": True,
            "attn_temperature_tuning": 4,
            "floor_scale": 16,
            "attn_scale": 0.1,
        },
    },
    "qwen2_vl": {
        "model_type": "qwen2_vl",
        "text_config": {
            "model_type": "qwen2_vl_text",
            **{k: v for k, v in TEXT.items() if k != "head_dim"},
            "rope_theta": 1000000.0,
            "rope_scaling": {"type": "mrope", "mrope_section": [4, 6, 6]},
            "tie_word_embeddings": False,
        },
    },
    "qwen3_vl": {
        "model_type": "qwen3_vl",
        "text_config": {
            "model_type": "qwen3_vl_text",
            **TEXT,
            "rope_theta": 5000000.0,
            "rope_scaling": {"mrope_interleaved": True, "mrope_section": [4, 6, 6], "rope_type": "default"},
            "tie_word_embeddings": True,
        },
    },
    "qwen3_vl_moe": {
        "model_type": "qwen3_vl_moe",
        "text_config": {
            "model_type": "qwen3_vl_moe_text",
            **TEXT,
            **EXPERTS,
            "rope_theta": 5000000.0,
            "rope_scaling": {"mrope_interleaved": True, "mrope_section": [4, 6, 6], "rope_type": "default"},
        },
    },
    # A dense layer, then experts; the bias chooses them, the weights come from the scores without it.
    "lfm2_moe": {
        "model_type": "lfm2_moe",
        **{k: v for k, v in TEXT.items() if k not in ("head_dim", "rms_norm_eps")},
        "norm_eps": 1e-5,
        "conv_bias": False,
        "conv_L_cache": 3,
        "layer_types": ["conv", "full_attention", "conv", "full_attention"],
        "full_attn_idxs": [1, 3],
        "num_dense_layers": 1,
        "num_experts": 8,
        "num_experts_per_tok": 2,
        "moe_intermediate_size": 64,
        "norm_topk_prob": True,
        "use_expert_bias": True,
        "rope_theta": 1000000.0,
    },
    "granitemoe": {
        "model_type": "granitemoe",
        **{k: v for k, v in TEXT.items() if k != "head_dim"},
        "intermediate_size": 64,
        "num_local_experts": 8,
        "num_experts_per_tok": 2,
        "attention_bias": False,
        "logits_scaling": 2.0,
        "attention_multiplier": 0.2,
        "embedding_multiplier": 3.0,
        "residual_multiplier": 0.5,
        "rope_theta": 10000.0,
        "tie_word_embeddings": True,
    },
    # A tensor scale for each expert besides the scales of its groups.
    "qwen3_moe-nvfp4-global": {
        "model_type": "qwen3_moe",
        **TEXT,
        **EXPERTS,
        "rope_theta": 1000000.0,
    },
    # Experts one by one, as conversions stored them before there were stacked ones.
    "mixtral-early": {
        "model_type": "mixtral",
        **TEXT,
        "num_local_experts": 4,
        "num_experts_per_tok": 2,
        "rope_theta": 1000000.0,
        "tie_word_embeddings": False,
    },
    # As AutoAWQ stores it.
    "llama-awq": {"model_type": "llama", **TEXT, "tie_word_embeddings": False, "rope_theta": 10000.0},
}

QUANTIZATIONS = {"qwen3_moe-nvfp4-global": {"group_size": 16, "bits": 4, "mode": "nvfp4", "global_scale": True}}

AWQ = {"quant_method": "awq", "bits": 4, "group_size": 64, "zero_point": True, "version": "gemm"}
AWQ_ORDER = [0, 4, 1, 5, 2, 6, 3, 7]

UNUSED = {
    "qwen2_vl": ["vision_tower.blocks.0.attn.qkv.weight"],
    "qwen3_vl": ["vision_tower.blocks.0.attn.qkv.weight", "vision_tower.deepstack_merger_list.0.norm.weight"],
    "gemma3": ["vision_tower.encoder.layers.0.mlp.fc1.weight", "multi_modal_projector.mm_soft_emb_norm.weight"],
    "gemma4": ["vision_tower.patch_embedder.weight", "embed_vision.embedding_projection.weight", "audio_tower.layers.0.w"],
    "kimi_k25": ["vision_tower.patch_embed.proj.weight", "mm_projector.proj.0.weight"],
    "llama4": ["vision_model.patch_embedding.weight", "multi_modal_projector.linear_1.weight"],
}


def random_weights(model):
    """Weights that keep activations near 1; norms and factors around 1; biases small."""
    for name, value in tree_flatten(model.parameters()):
        if name.endswith(("_log", "inv_freq")):
            yield name, value
        elif value.ndim >= 2:
            yield name, mx.random.normal(value.shape) * (2.0 / value.shape[-1]) ** 0.5
        elif "bias" in name:
            yield name, mx.random.normal(value.shape) * 0.05
        elif bool(mx.all(value == 1)) or "norm" in name:
            yield name, value + mx.random.normal(value.shape) * 0.1
        else:
            yield name, value


def as_type(weight, dtype):
    return weight.astype(dtype) if mx.issubdtype(weight.dtype, mx.floating) else weight


def floats(weights, dtype):
    return {name: as_type(w, dtype) for name, w in weights.items()}


def checkpoint(config, quantization):
    """A quantized model's configuration and weights, as they are stored."""
    model_class, arguments = _get_classes(config)
    model = model_class(arguments.from_dict(json.loads(json.dumps(config))))
    model.update(tree_unflatten(list(random_weights(model))))
    if quantization == AWQ:
        return {**config, "quantization_config": AWQ}, awq_weights(model)
    model, config = quantize_model(model, dict(config), **quantization)
    weights = dict(tree_flatten(model.parameters()))
    # The tensor scale of an expert is f32.
    return config, {k: w if k.endswith(".global_scale") else as_type(w, mx.bfloat16) for k, w in weights.items()}


def unstacked(weights):
    """Stacked experts under the names of Mixtral's first conversions."""
    early = {"gate_proj": "w1", "down_proj": "w2", "up_proj": "w3"}
    for name, value in weights.items():
        scope, stacked, rest = name.partition("switch_mlp.")
        if not stacked:
            yield name, value
            continue
        layer, kind = rest.split(".")
        for expert, part in enumerate(value):
            yield f"{scope}experts.{expert}.{early[layer]}.{kind}", part


def awq_weights(model):
    """Random weights, `[inputs, outputs]`, for all layers but the embedding and the head."""
    for name, value in floats(dict(tree_flatten(model.parameters())), mx.float16).items():
        if not name.endswith("_proj.weight"):
            yield name, value
            continue
        outputs, inputs = value.shape
        groups = inputs // AWQ["group_size"]
        layer = name.removesuffix("weight")
        yield layer + "qweight", awq_packed(mx.random.randint(0, 16, (inputs, outputs)))
        yield layer + "qzeros", awq_packed(mx.random.randint(6, 10, (groups, outputs)))
        yield layer + "scales", mx.random.uniform(0.02, 0.04, (groups, outputs)).astype(mx.float16)


def awq_packed(values):
    shifts = mx.array([4 * place for place in AWQ_ORDER], dtype=mx.uint32)
    words = values.astype(mx.uint32).reshape(values.shape[0], -1, 8) << shifts
    return words.sum(axis=-1).astype(mx.uint32).view(mx.int32)


def logits(folder):
    """Tokens and logits of the prompt and the answer, in float32."""
    model, _ = load_model(folder)
    without_global_scales(model)
    model.load_weights(list(floats(dict(tree_flatten(model.parameters())), mx.float32).items()))
    vocabulary = 320
    tokens = mx.random.randint(0, vocabulary, (PROMPT,)).astype(mx.int32)
    cache = make_prompt_cache(model)
    prefill = model(tokens[None], cache=cache)[0]
    decoded, rows = [], []
    row = prefill[-1]
    for _ in range(ANSWER):
        token = mx.argmax(row)
        row = model(token[None, None], cache=cache)[0, -1]
        decoded.append(token.astype(mx.int32))
        rows.append(row)
    return {
        "tokens": tokens,
        "prefill_logits": prefill.astype(mx.float32),
        "decode_tokens": mx.stack(decoded),
        "decode_logits": mx.stack(rows).astype(mx.float32),
    }


def without_global_scales(model):
    """Experts as they are without quantization: MLX multiplies those with tensor scales on GPUs only."""
    for name, layer in model.named_modules():
        if isinstance(layer, QuantizedSwitchLinear) and layer.global_scale is not None:
            dense = SwitchLinear(layer.input_dims, layer.output_dims, layer.num_experts, bias=False)
            parts = zip(layer.weight, layer.scales, layer.global_scale)
            kind = {"group_size": layer.group_size, "bits": layer.bits, "mode": layer.mode}
            dense.weight = mx.stack([mx.dequantize(w, s, global_scale=g, **kind) for w, s, g in parts])
            model.update_modules(tree_unflatten([(name, dense)]))


def make(name, out):
    mx.random.seed(7)
    quantization = AWQ if name.endswith("-awq") else QUANTIZATIONS.get(name, QUANTIZATION)
    config, weights = checkpoint(CONFIGS[name], quantization)
    folder = Path(out) / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    unused = {key: mx.zeros((2, 8), dtype=mx.bfloat16) for key in UNUSED.get(name, [])}
    if name.endswith("-early"):
        weights = unstacked(weights)
    mx.save_safetensors(str(folder / "model.safetensors"), {**dict(weights), **unused}, metadata={"format": "mlx"})
    golden = logits(folder)
    mx.save_safetensors(str(folder / "golden.safetensors"), golden)
    spread = float(mx.sqrt(mx.var(golden["prefill_logits"])))
    print(f"{name}: mlx-lm {mlx_lm.__version__}, logits' standard deviation {spread:.3f}")


if __name__ == "__main__":
    for wanted in sys.argv[2:] or CONFIGS:
        make(wanted, sys.argv[1])
