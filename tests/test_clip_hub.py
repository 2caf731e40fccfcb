"""Which CLIP is taken: bundled, from the local cache or from the hub; and B/32 against PyTorch."""

import json
import time
import types

import jax
import numpy as np
import pytest
from sample_clip import TINY, error_line, fill_cache, split_in_two, unit

from jaxpaint import clip


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
