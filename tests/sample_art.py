"""Eight concepts, scenes of them and a CLIP with random weights, for tests."""

import functools

import flax.traverse_util
import jax
import jax.numpy as jnp
import numpy as np
from transformers.models.clip.modeling_flax_clip import FlaxCLIPModule

from experiments import clip_files, draw, scenes

# Programs of the trainings take longer to compile than all that a test runs of them.
quick_jit = functools.partial(jax.jit, compiler_options={"xla_backend_optimization_level": 1})


def some_art(side: int = scenes.SIDE) -> scenes.Art:
    """Eight concepts in one style: a disc each, with a body mask."""
    pixels = np.zeros((8, side, side, 5), np.uint8)
    yy, xx = np.mgrid[:side, :side]
    disc = (yy - side // 2) ** 2 + (xx - side // 2) ** 2 < (side // 3) ** 2
    pixels[:, disc] = [200, 200, 200, 255, 255]
    names = ("ewe", "cat", "house", "red-apple", "tulip", "fish", "owl", "sun")
    keywords = (("woolly animal",), ("pet",), (), ("fruit",), ("bloom",), (), ("bird",), ())
    return scenes.Art(
        pixels, np.arange(8, dtype=np.int32), np.zeros(8, np.int32), names,
        np.ones(8, np.float32), keywords,
    )  # fmt: skip


def a_scene(picture, color, layout, ground, ground_color) -> scenes.Scenes:
    """One scene of three like pictures in one colour."""
    box = scenes.boxes(np.random.default_rng(0), layout)
    fields = np.full(3, picture), np.full(3, color), box, ground, ground_color, False
    kinds = (np.int32, np.int32, np.float32, np.int32, np.int32, bool)
    return scenes.Scenes(*(np.asarray(f, k) for f, k in zip(fields, kinds)))


def drawn(scene: scenes.Scenes, number: int) -> np.ndarray:
    pixels = jnp.asarray(some_art().pixels)
    many = quick_jit(jax.vmap(lambda key: draw.draw(key, scene, pixels)))
    return np.asarray(many(jax.random.split(jax.random.key(3), number)))


def init(module: FlaxCLIPModule, seed: int) -> dict:
    """Random weights of a CLIP; its own initialisation takes long to compile."""
    ids = jnp.zeros((1, clip_files.TEXT_LENGTH), jnp.int32)
    side = module.config.vision_config.image_size
    pictures = jnp.zeros((1, side, side, 3))
    shapes = jax.eval_shape(module.init, jax.random.key(0), ids, pictures, ids, ids)["params"]
    rng = np.random.default_rng(seed)
    flat = flax.traverse_util.flatten_dict(shapes)
    params = {
        name: jnp.ones(leaf.shape) if "scale" in name[-1] else jnp.asarray(
            rng.normal(0, 0.05, leaf.shape), jnp.float32
        ) for name, leaf in flat.items()
    }  # fmt: skip
    return flax.traverse_util.unflatten_dict(params)
