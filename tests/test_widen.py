"""A widened CLIP has the features of the narrow one."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from transformers.models.clip.modeling_flax_clip import FlaxCLIPModule

from experiments import clip_files, widen
from jaxpaint import clip


@pytest.mark.parametrize("tower", ["vision", "text"])
def test_a_widened_clip_sees_and_points_as_before(tower):
    narrow = clip.load("bundled")
    config = widen.wider(narrow.module.config, narrow.tokenizer, tower=tower)
    params = widen.widen(narrow.params, np.random.default_rng(0), tower=tower)
    pictures = jax.random.normal(jax.random.key(1), (2, narrow.resolution, narrow.resolution, 3))
    ids, mask = clip.tokenize(narrow, ["black sheep", "a cat next to a red house"])

    def cosines(params, pictures, *, module):
        text = clip.encode_text(module, params, ids, mask)
        return clip.encode_image(module, params, pictures) @ text.T

    gradient = jax.grad(lambda *x, module: cosines(*x, module=module)[0, 0], argnums=1)
    for look in (cosines, gradient):
        before = jax.jit(functools.partial(look, module=narrow.module))(narrow.params, pictures)
        after = jax.jit(functools.partial(look, module=FlaxCLIPModule(config)))(params, pictures)
        np.testing.assert_allclose(after, before, atol=2e-3 * float(jnp.abs(before).max()))
    fc1 = params[f"{tower}_model"]["encoder"]["layers"]["0"]["mlp"]["fc1"]["kernel"]
    assert np.std(fc1[: len(fc1) // 2] - fc1[len(fc1) // 2 :]) > 0.1 * np.std(fc1)  # twins differ


def test_a_soup_is_the_mean_and_of_one_shape():
    one, other = {"a": np.ones((2, 3)), "b": np.zeros(2)}, {"a": np.zeros((2, 3)), "b": np.ones(2)}
    found = clip_files.mean(one, other, share=0.25)
    np.testing.assert_array_equal(found["a"], 0.25)
    np.testing.assert_array_equal(found["b"], 0.75)
    with pytest.raises(clip.ClipError, match="of one shape"):
        clip_files.mean(one, {"a": np.ones((3, 3)), "b": np.zeros(2)}, share=0.5)
