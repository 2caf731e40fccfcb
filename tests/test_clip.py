"""CLIP against features that the PyTorch classes gave, and everything it refuses."""

from flax.serialization import to_bytes
import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import save_file
from sample_clip import TINY, edit_json, edit_weights, error_line, split_in_two, unit

from jaxpaint import clip

FEATURES = dict(np.load(TINY / "features.npz"))
PROMPTS = FEATURES["prompts"].tolist()


def cosine_gap(one, other):
    return float(np.max(1 - np.sum(unit(np.float64(one)) * unit(np.float64(other)), -1)))


encode_text = jax.jit(clip.encode_text, static_argnums=0)
encode_image = jax.jit(clip.encode_image, static_argnums=0)


def features(model):
    text = encode_text(model.module, model.params, *clip.tokenize(model, PROMPTS))
    return text, encode_image(model.module, model.params, FEATURES["images"])


def assert_recorded(model, atol=1e-4):
    for ours, name in zip(features(model), ("text", "image")):
        np.testing.assert_allclose(ours, unit(FEATURES[name]), atol=atol)


# The features.


def test_tokens_and_features_are_those_of_pytorch(tiny):
    ids, mask = clip.tokenize(tiny, PROMPTS)
    assert ids.dtype == mask.dtype == np.int32 and ids.shape == (len(PROMPTS), 16)
    np.testing.assert_array_equal(ids, FEATURES["ids"])
    np.testing.assert_array_equal(mask, FEATURES["mask"])
    assert_recorded(tiny, atol=1e-5)


def test_what_a_loaded_model_says_of_itself(tiny):
    assert (tiny.name, tiny.source, tiny.resolution) == (str(TINY), "directory", 32)
    assert len(tiny.mean) == len(tiny.std) == 3 and all(type(x) is float for x in tiny.mean)
    assert tiny.explanation.count("\n") == 0 and "--clip=bundled" in tiny.explanation
    assert {x.dtype.name for x in jax.tree.leaves(tiny.params)} == {"float32"}


def test_features_have_length_one_and_float32_in_half_precision_too(tiny):
    half = clip.load(str(TINY), dtype=jnp.bfloat16)
    assert {x.dtype.name for x in jax.tree.leaves(half.params)} == {"float32"}
    for low, high in zip(features(half), features(tiny)):
        assert low.dtype == high.dtype == jnp.float32
        np.testing.assert_allclose(np.linalg.norm(low, axis=-1), 1, atol=1e-6)
        assert 0 < cosine_gap(low, high) < 1e-2


def test_alone_is_as_in_a_batch(tiny):
    text, image = features(tiny)
    ids, mask = clip.tokenize(tiny, PROMPTS[1:2])
    alone = encode_text(tiny.module, tiny.params, ids, mask)[0]
    np.testing.assert_allclose(alone, text[1], atol=1e-6)
    alone = encode_image(tiny.module, tiny.params, FEATURES["images"][2:])[0]
    np.testing.assert_allclose(alone, image[2], atol=1e-6)


def test_gradient_reaches_every_pixel(tiny):
    def score(images):
        return clip.encode_image(tiny.module, tiny.params, images)[:, 0].sum()

    gradient = np.asarray(jax.jit(jax.grad(score))(jnp.asarray(FEATURES["images"])))
    assert np.isfinite(gradient).all() and np.mean(gradient != 0) > 0.99


def test_normalize():
    white = clip.normalize(jnp.ones((1, 2, 2, 3)), (0.5, 0.4, 0.2), (0.5, 0.2, 0.1))
    np.testing.assert_allclose(white[0, 0, 0], [1, 3, 8], rtol=1e-5)


def test_weights_are_arguments_and_equal_modules_compile_once(tiny):
    tokens = clip.tokenize(tiny, PROMPTS)
    for function, data in ((encode_text, tokens), (encode_image, (FEATURES["images"],))):
        traced = function.trace(tiny.module, tiny.params, *data)
        assert sum(np.size(x) for x in traced.jaxpr.consts) == 0
        weights = sum(x.size for x in jax.tree.leaves(tiny.params))
        assert len(traced.lower().as_text()) < weights  # a baked weight is 9 characters
    again = clip.load(str(TINY))
    assert again.module == tiny.module and hash(again.module) == hash(tiny.module)
    features(tiny)
    sizes = encode_text._cache_size(), encode_image._cache_size()
    features(again)
    assert sizes == (encode_text._cache_size(), encode_image._cache_size())


# The forms of a model.


def test_msgpack(tiny, copy):
    (copy / "model.safetensors").unlink()
    (copy / "flax_model.msgpack").write_bytes(to_bytes(tiny.params))
    assert_recorded(clip.load(str(copy)))


def test_half_precision_msgpack(tiny, copy):
    (copy / "model.safetensors").unlink()
    halves = jax.tree.map(lambda x: np.asarray(x, np.float16), tiny.params)
    (copy / "flax_model.msgpack").write_bytes(to_bytes(halves))
    assert_recorded(clip.load(str(copy)), atol=5e-3)


@pytest.mark.parametrize("kind", [np.float16, ml_dtypes.bfloat16])
def test_half_precision_safetensors(copy, kind, tiny):
    path = copy / "model.safetensors"
    edit_weights(path, lambda t: t.update({k: v.astype(kind) for k, v in t.items()}))
    half = clip.load(str(copy))
    assert {x.dtype.name for x in jax.tree.leaves(half.params)} == {"float32"}
    for low, high in zip(features(half), features(tiny)):
        assert cosine_gap(low, high) < 1e-3


def test_flax_layout_in_safetensors(tiny, copy):
    flat = {}
    jax.tree_util.tree_map_with_path(
        lambda path, x: flat.update({".".join(k.key for k in path): np.asarray(x)}), tiny.params
    )
    save_file(flat, copy / "model.safetensors", metadata={"format": "flax"})
    assert_recorded(clip.load(str(copy)))


def test_shards(copy):
    split_in_two(copy)
    assert_recorded(clip.load(str(copy)))
    (copy / "model-00002-of-00002.safetensors").unlink()
    assert "model.safetensors.index.json is damaged" in error_line(copy)


def test_historical_end_of_text(copy):
    edit_json(copy / "config.json", text_config__eos_token_id=2)
    assert_recorded(clip.load(str(copy)))


def test_old_tokenizer_files_and_buffers(copy):
    (copy / "tokenizer.json").unlink()
    buffer = {"text_model.embeddings.position_ids": np.arange(16)[None]}
    edit_weights(copy / "model.safetensors", lambda t: t.update(buffer))
    assert_recorded(clip.load(str(copy)))


def test_screen_stays_clean(copy, capfd):
    model = clip.load(str(copy))
    with pytest.raises(clip.ClipError):
        clip.tokenize(model, ["boat " * 50])
    assert "".join(capfd.readouterr()) == ""


# What is refused.


@pytest.mark.parametrize("name", ["config.json", "preprocessor_config.json", "tokenizer.json"])
def test_missing_file(copy, name):
    (copy / name).unlink()
    (copy / "vocab.json").unlink()
    line = error_line(copy)
    assert str(copy) in line and f"no {name}" in line and "--clip=" in line


def test_missing_and_pickled_weights(copy):
    (copy / "model.safetensors").unlink()
    line = error_line(copy)
    assert str(copy) in line and "no model.safetensors" in line and "can run code" not in line
    (copy / "pytorch_model.bin").write_bytes(b"")
    assert "pickle can run code and is refused" in error_line(copy)


@pytest.mark.parametrize(
    ("file", "changes", "words"),
    [
        ("config.json", {"model_type": "siglip"}, "model_type is 'siglip', not 'clip'"),
        ("config.json", {"vision_config": 3}, "config.json is not what a CLIP needs"),
        ("config.json", {"text_config__hidden_act": "tanhish"}, "describes no working CLIP"),
        ("config.json", {"text_config__num_attention_heads": 5}, "describes no working CLIP"),
        ("config.json", {"text_config__hidden_size": 16}, "is (16, 32), expected (16, 16)"),
        ("config.json", {"vision_config__num_hidden_layers": 3}, "no vision_model.encoder"),
        ("config.json", {"text_config__num_hidden_layers": 1}, "unexpected text_model.encoder"),
        ("config.json", {"text_config__eos_token_id": 7}, "end 585, not 586 and 7"),
        ("preprocessor_config.json", {"image_mean": [0.5]}, "3 numbers in image_mean"),
        ("preprocessor_config.json", {"image_std": [1, 0, 1]}, "std > 0"),
        ("preprocessor_config.json", {"image_std": "abc"}, "preprocessor_config.json is not"),
        ("vocabulary.json", {"words": 3}, "vocabulary.json is not what a CLIP needs"),
        ("painting.json", {"stepps": 3}, "no setting is called 'stepps'"),
        ("painting.json", {"steps": "3"}, "steps is '3', expected the like of 300"),
        ("painting.json", {"wide_scale": [1]}, "wide_scale is (1.0,), expected the like of (0.95"),
    ],
)
def test_wrong_settings(copy, file, changes, words):
    edit_json(copy / file, **changes)
    line = error_line(copy)
    assert words in line and str(copy) in line


def test_a_recipe_travels_with_the_model(tiny, copy):
    assert not tiny.recipe
    edit_json(copy / "painting.json", steps=7, ink_decay=1, wide_scale=[1, 1.5])
    recipe = clip.load(str(copy)).recipe
    assert recipe == {"steps": 7, "ink_decay": 1.0, "wide_scale": (1.0, 1.5)}
    assert isinstance(recipe["ink_decay"], float)


@pytest.mark.parametrize(
    "name", ["config.json", "preprocessor_config.json", "tokenizer.json", "model.safetensors"]
)
def test_damaged_file(copy, name):
    data = (copy / name).read_bytes()
    (copy / name).write_bytes(data[: len(data) // 2])
    assert str(copy) in error_line(copy)


def test_damaged_msgpack(tiny, copy):
    (copy / "model.safetensors").unlink()
    (copy / "flax_model.msgpack").write_bytes(to_bytes(tiny.params)[:5000])
    assert "flax_model.msgpack is damaged" in error_line(copy)


def test_too_many_tokens_for_the_network(copy):
    edit_json(copy / "config.json", text_config__vocab_size=580)
    table = "text_model.embeddings.token_embedding.weight"
    edit_weights(copy / "model.safetensors", lambda t: t.update({table: t[table][:580]}))
    assert "586 tokens" in error_line(copy)


@pytest.mark.parametrize("name", ["", "bundle", "a/b/c", "a b/c", "/no/such/place", "~nobody!/x"])
def test_names_that_cannot_be(no_network, name):
    assert "is not auto, bundled, a directory or a hub id" in error_line(name)


def test_tokenize_never_cuts(tiny):
    full = " ".join(["boat"] * 14)
    assert clip.tokenize(tiny, [full])[1].sum() == 16
    with pytest.raises(clip.ClipError, match="has 17 tokens, .* reads 16"):
        clip.tokenize(tiny, ["a boat", full + " boat"])
    with pytest.raises(clip.ClipError, match="list of strings"):
        clip.tokenize(tiny, "a boat")
