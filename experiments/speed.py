"""What a benchmark counts and times: FLOPs, seconds, and models of the real shapes."""

from __future__ import annotations

from collections.abc import Callable
import dataclasses
import statistics
import time
from typing import Any

import jax
import jax.numpy as jnp
from transformers.models.clip.modeling_flax_clip import FlaxCLIPModule

from jaxpaint import clip

_PATCH = {"b32": 32, "b16": 16}  # of CLIP's ViT-B
CLIPS = ("bundled", *_PATCH)


def shaped(name: str, dtype: jnp.dtype) -> clip.Clip:
    """The bundled CLIP, or one of ViT-B's shape: without weights, with the bundled tokenizer."""
    bundled = clip.load("bundled", dtype=dtype)
    if name == "bundled":
        return bundled
    module = make_module(name, dtype)
    return dataclasses.replace(
        bundled, module=module, params={}, resolution=224, name=name, source="random", recipe={}
    )


def load_clip(name: str, dtype: jnp.dtype) -> clip.Clip:
    """What is `shaped`, with random weights if it is not the bundled one."""
    eye = shaped(name, dtype)
    if name == "bundled":
        return eye
    ids = jnp.zeros((1, 8), jnp.int32)
    images = jnp.zeros((1, eye.resolution, eye.resolution, 3))
    params = jax.jit(eye.module.init)(jax.random.key(0), ids, images, ids + 1, ids)["params"]
    return dataclasses.replace(eye, params=params)


def make_module(name: str, dtype: jnp.dtype) -> FlaxCLIPModule:
    """ViT-B's shape: `b32` or `b16`."""
    values = {"model_type": "clip", "vision_config": {"patch_size": _PATCH[name]}}
    return FlaxCLIPModule(clip.read_config(values), dtype=dtype)


def image_flops(eye: clip.Clip) -> float:
    """FLOPs of one picture through the image tower, forward and the picture's gradient."""
    c = eye.module.config.vision_config
    tokens = (c.image_size // c.patch_size) ** 2 + 1
    layer = 4 * c.hidden_size**2 + 2 * c.hidden_size * c.intermediate_size
    dense = tokens * (c.num_hidden_layers * layer + 3 * c.patch_size**2 * c.hidden_size)
    attention = c.num_hidden_layers * 2 * tokens**2 * c.hidden_size
    # A product with weights is one forward and one back; one of two activations two back.
    return 2.0 * (2 * dense + 3 * attention)


def matmul_rate(dtype: str, *, side: int) -> float:
    """FLOP/s of a product of two square matrices."""
    x = jax.random.normal(jax.random.key(0), (side, side), jnp.dtype(dtype))
    return 2 * side**3 / seconds(jax.jit(jnp.matmul), x, x)


def seconds(function: Callable[..., Any], *arguments: Any, calls: int = 5) -> float:
    """Median time of so many calls after a first one."""
    return statistics.median(chain(lambda _: function(*arguments), None, calls=calls))


def chain(function: Callable[[Any], Any], value: Any, *, calls: int) -> list[float]:
    """Times of so many calls after a first one, each of what the one before it returned."""
    times = []
    for _ in range(1 + calls):
        began = time.perf_counter()
        value = jax.block_until_ready(function(value))
        times.append(time.perf_counter() - began)
    return times[1:]
