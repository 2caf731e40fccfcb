"""CLIP, the eye of the painter: loads a model, turns texts and images to features.

Any CLIP that the Flax classes of transformers can hold will do, without PyTorch:
weights are Flax msgpack, or safetensors whose PyTorch layout is converted here. The
network is an argument of every encoder, never a constant of a compiled program.

Shapes: `P` prompts, `T` tokens of a prompt, `K` images, `R` pixels of their sides,
`D` numbers of a feature.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
import contextlib
import dataclasses
import json
from pathlib import Path
import re
import threading
from typing import Any

import flax.linen as nn
from flax.serialization import msgpack_restore
from flax.traverse_util import flatten_dict, unflatten_dict
from huggingface_hub import HfApi, constants, snapshot_download, try_to_load_from_cache
from huggingface_hub.utils import RepositoryNotFoundError
import jax
import jax.numpy as jnp
import numpy as np
from safetensors import safe_open

from jaxpaint import vocabulary as vocabulary_lib
from jaxpaint.config import Config
from jaxpaint.vocabulary import Vocabulary

BUNDLED = Path(__file__).parent / "weights" / "clip"
STANDARD = "openai/clip-vit-base-patch32"  # what `auto` would rather paint with
RECIPE = "painting.json"  # beside the weights: how the model likes to be painted with
HUB_SECONDS = 5.0  # the longest wait for the hub's first answer

_TOKENIZER = ("tokenizer.json", "vocab.json")
_WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "flax_model.msgpack")
# What a model must have, one file of each row, and what more of it is of use.
_NEEDED = (("config.json",), ("preprocessor_config.json",), _TOKENIZER, _WEIGHTS)
_USEFUL = ("merges.txt", "tokenizer_config.json", "special_tokens_map.json")


class ClipError(ValueError):
    """A model or prompt that cannot be used: one line that says what to do instead."""


@dataclasses.dataclass(frozen=True, eq=False)
class Clip:
    """A loaded model. Not a pytree: hand `module` and `params` to jitted functions."""

    module: nn.Module  # FlaxCLIPModule; hashable, so it can be a static argument
    params: Any  # its parameters, a dict of float32 arrays
    tokenizer: Any  # CLIPTokenizerFast
    mean: tuple[float, ...]  # of each colour channel, what the model was trained with
    std: tuple[float, ...]
    resolution: int  # R, pixels of a side of the images that the model sees
    vocabulary: Vocabulary | None  # what it was taught to read; None: no list
    recipe: Mapping[str, Any]  # fields of `Config` that suit it better than the defaults
    name: str  # 'bundled', the hub id, or the directory as given
    source: str  # 'bundled', 'local cache', 'directory' or 'hub'
    explanation: str  # one line: which model, why, how to choose another


def load(name: str = "auto", *, dtype: Any = jnp.float32) -> Clip:
    """Loads a CLIP, and keeps transformers from printing anything but errors.

    `auto` is openai/clip-vit-base-patch32 when it is in the local Hugging Face cache,
    or when there is an accelerator and the hub answers within five seconds; else the
    bundled model. A hub id is looked up in the local cache first, then on the hub.

    Args:
      name: 'auto', 'bundled', a directory, or a hub id 'owner/name'.
      dtype: what the module computes in. Parameters are float32 in any case.

    Raises:
      ClipError: nothing usable there; the message names the path or the id.
    """
    directory, label, source, why = _find(name)
    other = STANDARD if source == "bundled" else "bundled"
    if lack := _lack(directory):
        raise ClipError(f"{directory} has {lack}; use --clip={other} or a whole model")
    from transformers import logging  # Slow to import: only when needed.
    from transformers.models.clip.modeling_flax_clip import FlaxCLIPModule

    logging.set_verbosity_error()
    config = _read_json(directory / "config.json", read_config)
    module = FlaxCLIPModule(config, dtype=dtype)
    mean, std = _read_json(directory / "preprocessor_config.json", _read_mean_std)
    vocabulary, recipe = None, {}
    if (path := directory / "vocabulary.json").exists():
        vocabulary = _read_json(path, vocabulary_lib.read)
    if (path := directory / RECIPE).exists():
        recipe = _read_json(path, _read_recipe)
    shown = label if label == source else f"{label} ({source})"
    return Clip(
        module=module, params=_read_params(directory, module), mean=mean, std=std,
        tokenizer=_read_tokenizer(directory, config.text_config), vocabulary=vocabulary,
        recipe=recipe, resolution=config.vision_config.image_size, name=label, source=source,
        explanation=f"CLIP: {shown}, {why}; choose by --clip={other} or --clip=DIRECTORY",
    )  # fmt: skip


def tokenize(clip: Clip, prompts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Token ids and mask (1 token, 0 padding), int32 `[P, T]` with T the model's own.

    Raises:
      ClipError: a prompt has more than T tokens (it is never cut); or `prompts` is
        one string.
    """
    if isinstance(prompts, str):
        raise ClipError(f"prompts must be a list of strings; got just {prompts!r}")
    length = clip.module.config.text_config.max_position_embeddings
    ids = np.full((len(prompts), length), clip.tokenizer.pad_token_id, np.int32)
    mask = np.zeros_like(ids)
    for row, prompt in enumerate(prompts):
        tokens = clip.tokenizer(prompt, verbose=False)["input_ids"]
        if len(tokens) > length:
            have = f"the prompt {_short(prompt)!r} has {len(tokens)} tokens"
            raise ClipError(
                f"{have}, start and end included; {clip.name} reads {length}: shorten it"
            )
        ids[row, : len(tokens)] = tokens
        mask[row, : len(tokens)] = 1
    return ids, mask


def mean_word(clip: Clip) -> jax.Array:
    """Mean features `[D]` of the words that the model was taught; zeros if it has no list."""
    if not clip.vocabulary:
        return jnp.zeros(clip.module.config.projection_dim)
    ids, mask = tokenize(clip, sorted(clip.vocabulary.words))
    encode = jax.jit(encode_text, static_argnums=0)
    return encode(clip.module, clip.params, ids, mask).mean(0)


def encode_text(module: nn.Module, params: Any, ids: Any, mask: Any) -> jax.Array:
    """Features of prompts: int `[P, T]` ids and mask to unit float32 `[P, D]`."""
    positions = jnp.broadcast_to(jnp.arange(ids.shape[-1]), ids.shape)
    method = lambda m: m.text_projection(m.text_model(ids, mask, positions)[1])
    return _unit(module.apply({"params": params}, method=method))


def encode_image(module: nn.Module, params: Any, images: jax.Array) -> jax.Array:
    """Features of images: CLIP-normalised `[K, R, R, 3]` to unit float32 `[K, D]`."""
    method = lambda m: m.visual_projection(m.vision_model(images)[1])
    return _unit(module.apply({"params": params}, method=method))


def image_layers(module: nn.Module, params: Any, images: jax.Array) -> tuple[jax.Array, ...]:
    """What three layers make of the patches of images: `[K, R, R, 3]` to `[K, T, W]` each.

    The layers are those at one and two thirds of the image tower, and its last.
    """
    see = lambda m: m.vision_model(images, output_hidden_states=True).hidden_states
    states = module.apply({"params": params}, method=see)
    last = len(states) - 1
    return tuple(states[round(last * share)][:, 1:] for share in (1 / 3, 2 / 3, 1))


def normalize(images: jax.Array, mean: Any, std: Any) -> jax.Array:
    """Images `[..., 3]` in [0, 1] to the mean and spread that CLIP was trained with."""
    return (images - jnp.asarray(mean, images.dtype)) / jnp.asarray(std, images.dtype)


def _unit(features: jax.Array) -> jax.Array:
    """Divides by the length, in float32 whatever the network computed in."""
    features = features.astype(jnp.float32)
    square = jnp.sum(features * features, axis=-1, keepdims=True)
    return features * jax.lax.rsqrt(jnp.maximum(square, 1e-12))


def _find(name: str) -> tuple[Path, str, str, str]:
    """From what the user wrote to directory, name, source, and why this one."""
    auto = name == "auto"
    if name == "bundled":
        return BUNDLED, name, name, "asked for"
    repo = STANDARD if auto else name
    with _refusing(f"{name!r} is not auto, bundled, a directory or a hub id like {STANDARD}"):
        if name and not auto and Path(name).expanduser().is_dir():
            return Path(name).expanduser(), name, "directory", "asked for"
        if repo.count("/") != 1:
            raise ValueError("no such directory")
        config = try_to_load_from_cache(repo, "config.json")
    cached = Path(config).parent if isinstance(config, str) else None
    lack = _lack(cached) if cached else "no such model"
    if not lack:
        return cached, repo, "local cache", "found there" if auto else "asked for"
    try:
        if auto and jax.default_backend() == "cpu":
            raise ClipError("there is no accelerator to run it on")
        directory = _fetch(repo)
    except ClipError as error:
        why = f"the local cache has {lack} and {error}"
        if auto:
            return BUNDLED, "bundled", "bundled", f"for {repo}: {why}"
        raise ClipError(
            f"{name} is no directory, {why}; use --clip=bundled or --clip=DIRECTORY"
        ) from error
    return directory, repo, "hub", "the hub answers" if auto else "asked for"


def _lack(files: Path | Sequence[str]) -> str:
    """What a model in this directory, or of these files, lacks; '' if nothing."""
    if isinstance(files, Path):
        files = [path.name for path in files.iterdir()] if files.is_dir() else []
    for row in _NEEDED:
        if not set(row) & set(files):
            pickled = row is _WEIGHTS and any(name.endswith(".bin") for name in files)
            why = "; pickle can run code and is refused, save as safetensors"
            return f"no {' or '.join(row)}{why if pickled else ''}"
    return ""


def _fetch(repo: str) -> Path:
    """Downloads a hub model, or raises a ClipError: within `HUB_SECONDS` if no hub."""
    answers: list[Any] = []

    def ask() -> None:
        try:
            answers.append(HfApi().model_info(repo, timeout=HUB_SECONDS))
        except Exception as error:  # No route, no name, proxies: all the same here.
            answers.append(error)

    if constants.HF_HUB_OFFLINE:
        raise ClipError("HF_HUB_OFFLINE is set")
    # Looking up a name heeds no timeout, hence a thread; a daemon does not delay the exit.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(HUB_SECONDS)
    answer = answers[0] if answers else TimeoutError()
    if isinstance(answer, RepositoryNotFoundError):
        raise ClipError("the hub has no public model of that name") from answer
    if isinstance(answer, Exception):
        raise ClipError(f"the hub is out of reach ({type(answer).__name__})") from answer
    names = [file.rfilename for file in answer.siblings or ()]
    if lack := _lack(names):
        raise ClipError(f"the hub has {lack}")
    weights = next(name for name in _WEIGHTS if name in names)  # Only the best form.
    shards = ["model-*.safetensors"] if weights.endswith(".json") else []
    wanted = [*sum(_NEEDED[:3], _USEFUL), "vocabulary.json", RECIPE, weights, *shards]
    with _refusing("the download failed"):
        return Path(snapshot_download(repo, allow_patterns=wanted))


def _read_json(path: Path, parse: Callable[[Any], Any]) -> Any:
    with _refusing(f"{path} is not what a CLIP needs"):
        return parse(json.loads(path.read_text(encoding="utf-8")))


@contextlib.contextmanager
def _refusing(what: str) -> Iterator[None]:
    """Any error inside becomes a ClipError: what others wrote fails in any way."""
    try:
        yield
    except Exception as error:
        raise ClipError(f"{what} ({_short(error)})") from error


def _short(thing: object) -> str:
    """One line of at most 120 characters, for the inside of a message."""
    line = " ".join(str(thing).split()) or type(thing).__name__
    return line if len(line) <= 120 else line[:117] + "..."


def read_config(values: dict[str, Any]) -> Any:
    """A `CLIPConfig` of these values whose Flax modules can be static arguments of `jit`.

    Raises:
      ValueError: they are of another kind of model.
    """
    from transformers import CLIPConfig

    class Config(CLIPConfig):
        # Flax hashes a module by its fields. Cheap, at every call; == compares all.
        def __hash__(self) -> int:
            return hash((self.projection_dim, self.vision_config.hidden_size))

    if values.get("model_type") != "clip":
        raise ValueError(f"model_type is {values.get('model_type')!r}, not 'clip'")
    return Config.from_dict(values)


def _read_mean_std(values: dict) -> tuple[tuple[float, ...], ...]:
    mean, std = (tuple(map(float, values[f"image_{k}"])) for k in ("mean", "std"))
    if len(mean) != 3 or len(std) != 3 or min(std) <= 0:
        raise ValueError("expected 3 numbers in image_mean and in image_std, std > 0")
    return mean, std


def _read_recipe(values: dict) -> dict[str, Any]:
    """Fields of `Config`, each checked against the kind of its default."""
    defaults, recipe = dataclasses.asdict(Config()), {}
    for name, value in values.items():
        if name not in defaults:
            raise ValueError(f"no setting is called {name!r}")
        value = tuple(map(float, value)) if isinstance(value, list) else value
        kind = type(defaults[name])
        if kind is float and isinstance(value, int):
            value = float(value)
        if not isinstance(value, kind) or (kind is tuple and len(value) != len(defaults[name])):
            raise ValueError(f"{name} is {value!r}, expected the like of {defaults[name]!r}")
        recipe[name] = value
    return recipe


def _read_tokenizer(directory: Path, text: Any) -> Any:
    """The tokenizer, checked against the network that is to read its ids."""
    from transformers import CLIPTokenizerFast

    with _refusing(f"the tokenizer in {directory} is broken or not of config.json"):
        tokenizer = CLIPTokenizerFast.from_pretrained(directory, local_files_only=True)
        ids, size = tokenizer("a")["input_ids"], len(tokenizer)
        # The feature of a prompt is read at its end, found by id: a wrong one would
        # silently give another feature. The historical 2 means the largest id.
        largest = max(*ids, tokenizer.pad_token_id)
        end = largest if text.eos_token_id == 2 else text.eos_token_id
        if ids[-1] != end or size > text.vocab_size:
            raise ValueError(f"{size} tokens and end {ids[-1]}, not {text.vocab_size} and {end}")
        return tokenizer


def _read_params(directory: Path, module: nn.Module) -> Any:
    """The parameters, float32, each checked against the module's own shapes."""
    path = next(directory / name for name in _WEIGHTS if (directory / name).exists())
    text, side = module.config.text_config, module.config.vision_config.image_size
    with _refusing(f"{directory / 'config.json'} describes no working CLIP"):
        ids = jax.ShapeDtypeStruct((1, text.max_position_embeddings), jnp.int32)
        image = jax.ShapeDtypeStruct((1, side, side, 3), jnp.float32)
        tree = jax.eval_shape(module.init, jax.random.key(0), ids, image, ids, ids)
    params = {}
    with _refusing(f"{path} is damaged or not the model of config.json"):
        tensors = _read_tensors(path)
        torch = "text_projection.weight" in tensors
        for key, want in flatten_dict(tree["params"], sep=".").items():
            name = re.sub(r"\.(kernel|scale|embedding)$", ".weight", key) if torch else key
            if name not in tensors:
                raise ValueError(f"no {name}")
            value = np.asarray(tensors.pop(name), np.float32)
            if torch and key.endswith(".kernel"):  # [out, in, h, w] to [h, w, in, out]
                value = value.transpose((2, 3, 1, 0) if value.ndim == 4 else None)
            if value.shape != want.shape:
                raise ValueError(f"{name} is {value.shape}, expected {want.shape}")
            params[key] = jnp.asarray(value)
        if unused := [k for k in tensors if not k.endswith(".position_ids")]:
            raise ValueError(f"unexpected {unused[0]}")
    return unflatten_dict(params, sep=".")


def _read_tensors(path: Path) -> dict[str, Any]:
    """All arrays of a weights file, or of the shards of an index, by dotted name."""
    if path.suffix == ".msgpack":
        return flatten_dict(msgpack_restore(path.read_bytes()), sep=".")
    if path.suffix == ".json":
        shards = set(json.loads(path.read_text())["weight_map"].values())
        # Only the last part of the names: an index must not lead elsewhere.
        parts = (_read_tensors(path.with_name(Path(shard).name)) for shard in shards)
        return {name: tensor for part in parts for name, tensor in part.items()}
    with safe_open(path, framework="flax") as file:  # NumPy alone has no bfloat16
        return {name: file.get_tensor(name) for name in file.keys()}
