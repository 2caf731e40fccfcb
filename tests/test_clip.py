"""CLIP against features that the PyTorch classes gave, and everything it refuses."""

import json
import pathlib
import shutil
import time
import types

from flax.serialization import to_bytes
import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from jaxpaint import clip

TINY = pathlib.Path(__file__).parent / "fixtures" / "clip_tiny"
FEATURES = dict(np.load(TINY / "features.npz"))
PROMPTS = FEATURES["prompts"].tolist()


def unit(x):
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


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


@pytest.fixture(scope="module")
def tiny():
    return clip.load(str(TINY))


@pytest.fixture
def copy(tmp_path):
    """A copy of the fixture that a test may damage."""
    return shutil.copytree(TINY, tmp_path / "model")


@pytest.fixture
def no_network(monkeypatch, tmp_path):
    """An empty cache (returned), the fixture for the bundled model, no way to the hub."""
    monkeypatch.setattr(clip, "BUNDLED", TINY)
    monkeypatch.setattr(clip, "HfApi", None)
    monkeypatch.setattr(clip.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(clip.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def fill_cache(cache, repo, folder):
    """The hub's own layout of downloaded models."""
    place = cache / ("models--" + repo.replace("/", "--"))
    (place / "refs").mkdir(parents=True)
    (place / "refs" / "main").write_text("c0ffee")
    shutil.copytree(folder, place / "snapshots" / "c0ffee")


def edit_json(path, **changes):
    values = json.loads(path.read_text()) if path.exists() else {}
    for key, value in changes.items():
        part, _, inner = key.rpartition("__")
        (values[part] if part else values)[inner] = value
    path.write_text(json.dumps(values))


def edit_weights(path, change, **kwargs):
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path, **kwargs)


def error_line(name, **kwargs):
    with pytest.raises(clip.ClipError) as caught:
        clip.load(str(name), **kwargs)
    assert "\n" not in str(caught.value)
    return str(caught.value)


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


def split_in_two(folder):
    tensors = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    names = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    where = {key: names[i % 2] for i, key in enumerate(sorted(tensors))}
    for name in names:
        save_file({k: v for k, v in tensors.items() if where[k] == name}, folder / name)
    index = {"metadata": {}, "weight_map": where}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


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


def test_unknown_words(tiny, copy):
    prompt = "A Zebra's RED boat, 2 zebra & boats!"
    assert clip.unknown_words(tiny, prompt) == ["zebra", "boats"]
    (copy / "vocabulary.json").unlink()
    assert clip.unknown_words(clip.load(str(copy)), prompt) == []


# Which model.


def fake_hub(monkeypatch, names, folder=None, fails=None):
    """A hub whose model has these files; returns the list of what it was asked for."""
    asked = []

    def model_info(repo, timeout):
        if fails:
            raise fails
        return types.SimpleNamespace(siblings=[types.SimpleNamespace(rfilename=n) for n in names])

    def snapshot_download(repo, allow_patterns):
        asked.extend([repo, *allow_patterns])
        return str(folder)

    monkeypatch.setattr(clip, "HfApi", lambda: types.SimpleNamespace(model_info=model_info))
    monkeypatch.setattr(clip, "snapshot_download", snapshot_download)
    return asked


def test_bundled(no_network):
    model = clip.load("bundled")
    assert model.name == model.source == "bundled"
    assert clip.STANDARD in model.explanation


def test_auto_without_accelerator_asks_no_network(no_network, monkeypatch):
    monkeypatch.setattr(jax, "default_backend", lambda: "cpu")
    model = clip.load()
    assert model.source == "bundled" and "no accelerator" in model.explanation


def test_auto_with_a_silent_hub_waits_a_bounded_time(no_network, monkeypatch):
    slow = types.SimpleNamespace(model_info=lambda repo, timeout: time.sleep(30))
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    monkeypatch.setattr(clip, "HfApi", lambda: slow)
    assert clip.HUB_SECONDS <= 5
    monkeypatch.setattr(clip, "HUB_SECONDS", 0.3)
    start = time.monotonic()
    model = clip.load("auto")
    assert time.monotonic() - start < 5 and model.source == "bundled"
    assert "out of reach (TimeoutError)" in model.explanation


def test_auto_offline(no_network, monkeypatch):
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    monkeypatch.setattr(clip.constants, "HF_HUB_OFFLINE", True)
    model = clip.load("auto")
    assert model.source == "bundled" and "HF_HUB_OFFLINE" in model.explanation


def test_auto_takes_the_hub_when_it_answers(no_network, monkeypatch):
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    names = [path.name for path in TINY.iterdir()]
    extra = ["flax_model.msgpack", "pytorch_model.bin", "README.md"]
    asked = fake_hub(monkeypatch, names + extra, TINY)
    model = clip.load("auto")
    assert (model.name, model.source) == (clip.STANDARD, "hub") and asked[0] == clip.STANDARD
    assert "model.safetensors" in asked and not set(extra) & set(asked)


def test_local_cache_comes_first(no_network):
    fill_cache(no_network, clip.STANDARD, TINY)
    for name in ("auto", clip.STANDARD):
        model = clip.load(name)
        assert (model.name, model.source) == (clip.STANDARD, "local cache")
        assert model.explanation.endswith("--clip=bundled or --clip=DIRECTORY")


def test_a_cache_without_usable_weights_is_no_cache(no_network, monkeypatch, copy):
    (copy / "model.safetensors").rename(copy / "pytorch_model.bin")
    for repo in (clip.STANDARD, "some/clip"):
        fill_cache(no_network, repo, copy)
    monkeypatch.setattr(jax, "default_backend", lambda: "cpu")
    model = clip.load("auto")
    assert model.source == "bundled" and "pickle" in model.explanation
    names = [path.name for path in TINY.iterdir()]
    fake_hub(monkeypatch, names, TINY)
    assert clip.load("some/clip").source == "hub"


def test_sharded_hub_model(no_network, monkeypatch, copy):
    split_in_two(copy)
    names = [path.name for path in copy.iterdir()]
    asked = fake_hub(monkeypatch, [*names, "flax_model.msgpack"], copy)
    assert clip.load("some/clip").name == "some/clip"
    assert "model-*.safetensors" in asked and "flax_model.msgpack" not in asked


def test_hub_errors(no_network, monkeypatch):
    response = types.SimpleNamespace(headers={}, request=None, status_code=401)
    missing = clip.RepositoryNotFoundError("401\nnot found", response=response)
    fake_hub(monkeypatch, [], fails=missing)
    line = error_line("some/clip")
    assert "the hub has no public model of that name" in line and "--clip=bundled" in line
    fake_hub(monkeypatch, [], fails=ConnectionError("no\nroute"))
    assert "out of reach (ConnectionError)" in error_line("some/clip")
    names = ["config.json", "preprocessor_config.json", "tokenizer.json", "pytorch_model.bin"]
    fake_hub(monkeypatch, names)
    assert "pickle can run code" in error_line("some/clip")
    fake_hub(monkeypatch, [path.name for path in TINY.iterdir()])

    def full(repo, allow_patterns):
        raise OSError("No space left on device")

    monkeypatch.setattr(clip, "snapshot_download", full)
    assert "the download failed (No space left on device)" in error_line("some/clip")


# The real shape, where PyTorch is there to compare with.


def test_base_patch32_against_pytorch(copy):
    torch = pytest.importorskip("torch")
    from transformers import CLIPConfig, CLIPModel

    end = json.loads((copy / "config.json").read_text())["text_config"]["eos_token_id"]
    torch.manual_seed(0)
    theirs = CLIPModel(CLIPConfig(text_config={"eos_token_id": end})).eval()
    theirs.save_pretrained(copy)
    ours = clip.load(str(copy))
    ids, mask = clip.tokenize(ours, ["a red boat on the sea", "cat"])
    images = np.random.default_rng(1).normal(size=(2, 224, 224, 3)).astype(np.float32)
    with torch.no_grad():
        text = theirs.get_text_features(torch.tensor(ids), torch.tensor(mask))
        image = theirs.get_image_features(torch.tensor(images).permute(0, 3, 1, 2))
    mine = clip.encode_text(ours.module, ours.params, ids, mask)
    np.testing.assert_allclose(mine, unit(text.numpy()), atol=1e-4)
    mine = clip.encode_image(ours.module, ours.params, images)
    np.testing.assert_allclose(mine, unit(image.numpy()), atol=1e-4)
