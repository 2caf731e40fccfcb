"""CLIP, the eye of the painter: loads a model, turns texts and images to features.

Any CLIP that the Flax classes of transformers can hold will do, without PyTorch:
weights are Flax msgpack, or safetensors whose PyTorch layout is converted here. (The
library's own conversion first draws a whole random model, which is far slower.)

Shapes: `P` prompts, `T` tokens of a prompt, `K` images, `R` pixels of their sides,
`D` numbers of a feature. The network is an argument of every encoder, so that its
weights are never constants of a compiled program.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import re
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from flax.serialization import msgpack_restore
from flax.traverse_util import flatten_dict, unflatten_dict
from safetensors import safe_open

BUNDLED = Path(__file__).parent / "weights" / "clip"
STANDARD = "openai/clip-vit-base-patch32"  # what `auto` would rather paint with
HUB_SECONDS = 5.0  # the longest wait for the hub's first answer

_REQUIRED = ("config.json", "preprocessor_config.json")
_TOKENIZERS = (("tokenizer.json",), ("vocab.json", "merges.txt"))
_OPTIONAL = ("tokenizer_config.json", "special_tokens_map.json", "vocabulary.json")
_WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "flax_model.msgpack")


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
    resolution: int  # R, pixels of a side of its input
    name: str  # 'bundled', the hub id, or the directory as given
    source: str  # 'bundled', 'local cache', 'directory' or 'hub'
    vocabulary: frozenset[str] | None  # the words that it was taught; None: no list
    explanation: str  # one line: which model, why, how to choose another


def load(name: str = "auto", *, dtype: Any = jnp.float32) -> Clip:
    """Loads a CLIP.

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
    lack = _lack(directory)
    if lack:
        raise ClipError(f"{directory} is not a usable CLIP: it has {lack}")
    with _quiet():
        from transformers.models.clip.modeling_flax_clip import FlaxCLIPModule

        config = _read_config(directory / "config.json")
        module = FlaxCLIPModule(config, dtype=dtype)
        tokenizer = _read_tokenizer(directory, config.text_config)
    params = _read_params(directory, module)
    mean, std = _read_mean_std(directory / "preprocessor_config.json")
    vocabulary, path = None, directory / "vocabulary.json"
    if path.exists():
        with _refusing(f'{path} is not {{"words": [strings]}}'):
            vocabulary = frozenset(
                w.lower() for w in json.loads(path.read_text())["words"]
            )
    resolution = config.vision_config.image_size
    other = STANDARD if source == "bundled" else "bundled"
    explanation = (
        f"CLIP: {label} ({source}), {why}; or --clip={other}, --clip=DIRECTORY"
    )
    return Clip(
        module, params, tokenizer, mean, std, resolution, label, source, vocabulary, explanation
    )  # fmt: skip


# Prompts, on the host.


def tokenize(clip: Clip, prompts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Token ids and mask (1 token, 0 padding), int32 `[P, T]` with T the model's own.

    Raises:
      ClipError: a prompt has more than T tokens (it is never cut); or `prompts` is
        one string.
    """
    if isinstance(prompts, str):
        raise ClipError(
            f"prompts must be a list of strings; got the string {prompts!r}"
        )
    length = clip.module.config.text_config.max_position_embeddings
    ids = np.full((len(prompts), length), clip.tokenizer.pad_token_id, np.int32)
    mask = np.zeros_like(ids)
    for row, prompt in enumerate(prompts):
        tokens = clip.tokenizer(prompt, verbose=False)["input_ids"]
        if len(tokens) > length:
            raise ClipError(
                f"the prompt {_short(prompt)!r} has {len(tokens)} tokens and {clip.name} "
                f"reads at most {length}, start and end included: shorten it"
            )
        ids[row, : len(tokens)] = tokens
        mask[row, : len(tokens)] = 1
    return ids, mask


def unknown_words(clip: Clip, prompt: str) -> list[str]:
    """Words of the prompt, lower-case, each once, that the model's list of words lacks.

    Empty when the model has no such list (`clip.vocabulary` is None).
    """
    words = re.findall(r"[^\W\d_]+", re.sub(r"['’]s\b", "", prompt.lower()))
    known = words if clip.vocabulary is None else clip.vocabulary
    return [word for word in dict.fromkeys(words) if word not in known]


# Encoders: pure, for use inside jit.


def encode_text(module: nn.Module, params: Any, ids: Any, mask: Any) -> jax.Array:
    """Features of prompts: int `[P, T]` ids and mask to unit float32 `[P, D]`."""
    positions = jnp.broadcast_to(jnp.arange(ids.shape[-1]), ids.shape)

    def encode(m: Any) -> jax.Array:
        return m.text_projection(m.text_model(ids, mask, positions)[1])

    return _unit(module.apply({"params": params}, method=encode))


def encode_image(module: nn.Module, params: Any, images: jax.Array) -> jax.Array:
    """Features of images: CLIP-normalised `[K, R, R, 3]` to unit float32 `[K, D]`."""

    def encode(m: Any) -> jax.Array:
        return m.visual_projection(m.vision_model(images)[1])

    return _unit(module.apply({"params": params}, method=encode))


def normalize(
    images: jax.Array, mean: Sequence[float], std: Sequence[float]
) -> jax.Array:
    """Images `[..., 3]` in [0, 1] to the mean and spread that CLIP was trained with."""
    return (images - jnp.asarray(mean, images.dtype)) / jnp.asarray(std, images.dtype)


def _unit(features: jax.Array) -> jax.Array:
    """Divides by the length, in float32 whatever the network computed in."""
    features = features.astype(jnp.float32)
    square = jnp.sum(features * features, axis=-1, keepdims=True)
    return features * jax.lax.rsqrt(jnp.maximum(square, 1e-12))


# From a name to a directory.


def _find(name: str) -> tuple[Path, str, str, str]:
    """Directory, name, source, and why this one."""
    if name == "bundled":
        return BUNDLED, name, name, "asked for"
    if name and name != "auto" and Path(name).expanduser().is_dir():
        return Path(name).expanduser(), name, "directory", "asked for"
    repo = STANDARD if name == "auto" else name
    if not re.fullmatch(r"\w[\w.-]*/\w[\w.-]*", repo, re.ASCII):
        raise ClipError(
            f"{name!r} is no directory and no hub id; use auto, bundled, an existing "
            f"directory or an id such as {STANDARD}"
        )
    cached = _cached(repo)
    lack = _lack(cached) if cached else "no such model"
    if cached and not lack:
        return (
            cached,
            repo,
            "local cache",
            "found there" if name == "auto" else "asked for",
        )
    try:
        if name == "auto" and jax.default_backend() == "cpu":
            raise ClipError("there is no accelerator to run it on")
        directory = _download(repo, _ask_hub(repo))
    except ClipError as error:
        why = f"{repo}: the local cache has {lack}, and {error}"
        if name == "auto":
            return BUNDLED, "bundled", "bundled", why
        raise ClipError(f"{why}; use --clip=bundled or --clip=DIRECTORY") from error
    return directory, repo, "hub", "the hub has it" if name == "auto" else "asked for"


def _lack(files: Path | Sequence[str]) -> str:
    """What a model in this directory, or of these files, lacks: 'no ...', or ''."""
    names = [p.name for p in files.iterdir()] if isinstance(files, Path) else files
    for required in _REQUIRED:
        if required not in names:
            return f"no {required}"
    if not any(set(tokenizer) <= set(names) for tokenizer in _TOKENIZERS):
        return "no tokenizer (tokenizer.json, or vocab.json and merges.txt)"
    if set(_WEIGHTS) & set(names):
        return ""
    if any(name.endswith((".bin", ".pt", ".pth")) for name in names):
        return (
            "only pickled weights, refused as they can run code (save as safetensors)"
        )
    return f"no weights ({_WEIGHTS[0]} or {_WEIGHTS[2]})"


def _cached(repo: str) -> Path | None:
    """The snapshot of a hub model in the local cache; asks no network."""
    from huggingface_hub import try_to_load_from_cache

    path = try_to_load_from_cache(repo, "config.json")
    return Path(path).parent if isinstance(path, str) else None


def _ask_hub(repo: str) -> list[str]:
    """Names of the files of a hub model, or a ClipError within `HUB_SECONDS`."""
    from huggingface_hub import HfApi, constants, errors

    answers: list[Any] = []

    def ask() -> None:
        try:
            info = HfApi().model_info(repo, timeout=HUB_SECONDS)
            answers.append([sibling.rfilename for sibling in info.siblings or ()])
        except Exception as error:  # noqa: BLE001 - no route, no name, proxies, ...
            answers.append(error)

    if constants.HF_HUB_OFFLINE:
        raise ClipError("HF_HUB_OFFLINE is set")
    # A thread, because looking up a name heeds no timeout; a daemon, so that one that
    # hangs does not keep the program from ending.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(HUB_SECONDS)
    answer = answers[0] if answers else TimeoutError()
    if isinstance(answer, errors.RepositoryNotFoundError):
        raise ClipError("the hub has no public model of that name") from answer
    if isinstance(answer, Exception):
        kind = type(answer).__name__
        raise ClipError(f"the hub cannot be reached ({kind})") from answer
    return answer


def _download(repo: str, names: Sequence[str]) -> Path:
    """Fetches the files that are needed, and one form of the weights, to the cache."""
    from huggingface_hub import snapshot_download

    lack = _lack(names)
    if lack:
        raise ClipError(f"the hub has {lack}")
    weights = next(name for name in _WEIGHTS if name in names)
    wanted = [*_REQUIRED, *sum(_TOKENIZERS, ()), *_OPTIONAL, weights]
    if weights.endswith(".index.json"):
        wanted.append("model-*-of-*.safetensors")
    with _refusing("the download failed"):
        return Path(snapshot_download(repo, allow_patterns=wanted))


# From a directory to a model.


@contextlib.contextmanager
def _refusing(what: str) -> Iterator[None]:
    """Any error inside becomes a ClipError: what others wrote fails in any way."""
    try:
        yield
    except ClipError:
        raise
    except Exception as error:
        raise ClipError(f"{what} ({_short(error)})") from error


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keeps the library's warnings about frameworks off the screen."""
    from transformers.utils import logging

    before = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(before)


def _short(thing: object) -> str:
    """One line of at most 80 characters, for the inside of a message."""
    line = " ".join(str(thing).split()) or type(thing).__name__
    return line if len(line) <= 80 else line[:77] + "..."


@functools.cache
def _config_class() -> type:
    """CLIPConfig with a hash, because Flax hashes a module by its fields."""
    from transformers import CLIPConfig

    class Config(CLIPConfig):
        def __hash__(self) -> int:  # Cheap, at every call; == compares all.
            return hash((self.projection_dim, self.vision_config.hidden_size))

    return Config


def _read_config(path: Path) -> Any:
    with _refusing(f"{path} is not a CLIP configuration"):
        values = json.loads(path.read_text(encoding="utf-8"))
        kind = values.get("model_type")
        if kind != "clip":
            raise ClipError(
                f"{path} has model_type {kind!r}; only 'clip' can be loaded"
            )
        return _config_class().from_dict(values)


def _read_mean_std(path: Path) -> tuple[tuple[float, ...], tuple[float, ...]]:
    with _refusing(
        f"{path} needs image_mean and image_std, three numbers, std above 0"
    ):
        values = json.loads(path.read_text(encoding="utf-8"))
        mean, std = (tuple(map(float, values[f"image_{k}"])) for k in ("mean", "std"))
        if len(mean) != 3 or len(std) != 3 or min(std) <= 0:
            raise ValueError(f"got {mean} and {std}")
    return mean, std


def _read_tokenizer(directory: Path, text: Any) -> Any:
    """The tokenizer, checked against the network that is to read its ids."""
    from transformers import CLIPTokenizerFast

    with _refusing(f"the tokenizer in {directory} does not work"):
        tokenizer = CLIPTokenizerFast.from_pretrained(directory, local_files_only=True)
        ids, size = tokenizer("a")["input_ids"], len(tokenizer)
        # The feature of a prompt is read at its end, found by id: a wrong one would
        # silently give another feature. The historical 2 means the largest id.
        largest = max(*ids, tokenizer.pad_token_id)
    end = largest if text.eos_token_id == 2 else text.eos_token_id
    if ids[-1] != end or size > text.vocab_size:
        raise ClipError(
            f"tokenizer and config.json in {directory} do not belong together: {size} "
            f"tokens and end {ids[-1]}, {text.vocab_size} and {text.eos_token_id} expected"
        )
    return tokenizer


def _read_params(directory: Path, module: nn.Module) -> Any:
    """The parameters, float32, each checked against the module's own shapes."""
    path = next(directory / name for name in _WEIGHTS if (directory / name).exists())
    text, side = module.config.text_config, module.config.vision_config.image_size
    with _refusing(f"{directory / 'config.json'} describes no working CLIP"):
        ids = jax.ShapeDtypeStruct((1, text.max_position_embeddings), jnp.int32)
        image = jax.ShapeDtypeStruct((1, side, side, 3), jnp.float32)
        tree = jax.eval_shape(module.init, jax.random.key(0), ids, image, ids, ids)
    with _refusing(f"{path} cannot be read, get it again"):
        tensors = _read_tensors(path)
    torch = "text_projection.weight" in tensors
    params = {}
    for key, expected in flatten_dict(tree["params"], sep=".").items():
        name = re.sub(r"\.(kernel|scale|embedding)$", ".weight", key) if torch else key
        if name not in tensors:
            raise ClipError(f"{path} lacks {name}, which config.json's model has")
        value = np.asarray(tensors.pop(name), np.float32)
        if torch and key.endswith(".kernel"):  # [out, in, h, w] to [h, w, in, out]
            value = value.transpose((2, 3, 1, 0) if value.ndim == 4 else None)
        if value.shape != expected.shape:
            want = f"config.json's model wants {expected.shape}"
            raise ClipError(f"{path} has {name} of shape {value.shape}; {want}")
        params[key] = jnp.asarray(value)
    unused = [name for name in tensors if not name.endswith(".position_ids")]
    if unused:
        raise ClipError(f"{path} has {unused[0]}, which config.json's model has not")
    return unflatten_dict(params, sep=".")


def _read_tensors(path: Path) -> dict[str, Any]:
    """All arrays of a weights file, or of the shards of an index, by dotted name."""
    if path.suffix == ".msgpack":
        return flatten_dict(msgpack_restore(path.read_bytes()), sep=".")
    if path.suffix == ".json":
        shards = sorted(set(json.loads(path.read_text())["weight_map"].values()))
        if any(Path(shard).name != shard for shard in shards):
            raise ClipError(f"{path} names files that are not beside it")
        return functools.reduce(
            dict.__or__, (_read_tensors(path.with_name(s)) for s in shards)
        )
    with safe_open(path, framework="flax") as file:  # NumPy alone has no bfloat16
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
