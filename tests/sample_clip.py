"""The recorded tiny CLIP, and ways to damage a copy of it."""

import json
import pathlib
import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from jaxpaint import clip

TINY = pathlib.Path(__file__).parent / "fixtures" / "clip_tiny"


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


def unit(x):
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def split_in_two(folder):
    tensors = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    names = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    where = {key: names[i % 2] for i, key in enumerate(sorted(tensors))}
    for name in names:
        save_file({k: v for k, v in tensors.items() if where[k] == name}, folder / name)
    index = {"metadata": {}, "weight_map": where}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
