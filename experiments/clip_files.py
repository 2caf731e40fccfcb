"""The files of the bundled CLIP: tokenizer, configuration, weights, card."""

from __future__ import annotations

import collections
from collections.abc import Collection, Sequence
import json
import os
import pathlib
import re
from typing import Any

import flax.serialization
import flax.traverse_util
import jax
import jax.numpy as jnp
import numpy as np
from tokenizers import pre_tokenizers
from transformers import CLIPConfig, CLIPTokenizerFast

from experiments import concepts, scenes
from experiments import names as names_lib
from jaxpaint import clip, composition, vocabulary

TEXT_LENGTH = 16  # tokens of a caption, start and end included
START, END = "<|startoftext|>", "<|endoftext|>"
# Mean and standard deviation of composed scenes, kept in the preprocessor's file.
MEAN, STD = np.float32([0.66, 0.62, 0.58]), np.float32([0.32, 0.32, 0.34])


def write_atomically(path: pathlib.Path, data: bytes) -> None:
    """Writes a file that is either whole or as it was."""
    scratch = path.with_name(path.name + ".part")
    scratch.write_bytes(data)
    os.replace(scratch, path)


def mean(one: Any, other: Any, *, share: float) -> Any:
    """The mean of two pytrees of arrays, float16 as CLIPs are saved; `share` of the first.

    Raises:
      ClipError: they have other shapes.
    """
    if jax.tree.map(np.shape, one) != jax.tree.map(np.shape, other):
        raise clip.ClipError("--one and --other have other shapes: give CLIPs of one shape")
    mix = lambda x, y: np.float16(share * np.float32(x) + (1 - share) * np.float32(y))  # noqa: E731
    return jax.tree.map(mix, one, other)


def make_tokenizer(
    art: scenes.Art, folder: pathlib.Path
) -> tuple[CLIPTokenizerFast, dict[str, list[str]]]:
    """A CLIP tokenizer that knows each word of the captions as one token.

    Raises:
      SystemExit: the folder holds one of other art.
    """
    nouns = [word for label in range(len(art.names)) for word in scenes.true_of(art, label)]
    phrases = [*nouns, *map(composition.plural, nouns), *concepts.phrases()]
    words = sorted(set(re.findall(r"[a-z]+|[0-9]", " ".join(phrases).lower())))
    merges = learn_merges(words)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = alphabet + [letter + "</w>" for letter in alphabet]
    tokens += ["".join(pair) for pair in merges] + [START, END]
    numbers = {token: i for i, token in enumerate(dict.fromkeys(tokens))}
    if (folder / "vocab.json").exists():  # of a training that is resumed
        if json.loads((folder / "vocab.json").read_text()) != numbers:
            raise SystemExit(f"{folder} has a tokenizer of other art: give another --workdir")
        return CLIPTokenizerFast.from_pretrained(folder), taught_words(art)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps(numbers, ensure_ascii=False))
    lines = ["#version: 0.2", *(" ".join(pair) for pair in merges), ""]
    (folder / "merges.txt").write_text("\n".join(lines))
    fast = CLIPTokenizerFast(
        str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=TEXT_LENGTH
    )
    fast.save_pretrained(folder)
    return fast, taught_words(art)


def learn_merges(words: Sequence[str]) -> list[tuple[str, str]]:
    """Byte-pair merges (Sennrich et al. 2016) that leave every word one token.

    Ties are broken by spelling, so that the numbers of the tokens never change; the
    trainer of `tokenizers` breaks them at random.
    """
    spellings = [[*word[:-1], word[-1] + "</w>"] for word in words]
    merges = []
    while any(len(symbols) > 1 for symbols in spellings):
        pairs = collections.Counter(
            pair for symbols in spellings for pair in zip(symbols, symbols[1:])
        )
        best = max(pairs, key=lambda pair: (pairs[pair], pair))
        merges.append(best)
        for symbols in spellings:
            for i in range(len(symbols) - 2, -1, -1):
                if tuple(symbols[i : i + 2]) == best:
                    symbols[i : i + 2] = ["".join(best)]
    return merges


def taught_words(art: scenes.Art) -> dict[str, list[str]]:
    """What captions of the taught pictures are made of, as vocabulary.json has it.

    "words" are all words, "parts" those of them that mean nothing alone (the ferris of a ferris
    wheel), "names" those nouns that have more than one word.
    """
    firm = {name for label in art.taught for name in names_lib.words_for(art.names[label])}
    alone, every, names = set(firm), set(), set()
    for label in art.taught:
        nouns = scenes.true_of(art, label)
        every |= nouns
        long = {vocabulary.plain(noun) for noun in nouns if len(vocabulary.plain(noun).split()) > 1}
        names |= long
        # A word of the picture's own longer name need not name it: the disk of a floppy disk.
        alone |= nouns - {part for name in long for part in name.split()}
    single = [noun for noun in alone if len(vocabulary.plain(noun).split()) == 1]
    words = _written(every)
    parts = words - _written(single)
    return {"words": sorted(words), "parts": sorted(parts), "names": sorted(names)}


def _written(nouns: Collection[str]) -> set[str]:
    """The words of captions about such nouns."""
    text = " ".join([*nouns, *map(composition.plural, nouns), *concepts.phrases()])
    return set(re.findall("[a-z]+", text.lower()))


def tokenize(
    tokenizer: CLIPTokenizerFast, captions: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Token numbers and mask, both int32 `[N, 16]`."""
    out = tokenizer(list(captions), padding="max_length", truncation=True, max_length=TEXT_LENGTH)
    return np.int32(out["input_ids"]), np.int32(out["attention_mask"])


def make_config(
    tokenizer: CLIPTokenizerFast, *, width: int, layers: int, patch: int, units: int = 4,
    text_width: int = 128, side: int = scenes.SIDE,
) -> CLIPConfig:  # fmt: skip
    """Image tower as asked; text tower of two layers, `text_width` wide.

    The image tower sees scenes of `side` pixels; a layer of it has `units` hidden units for each
    of its `width` channels. Features are as long as the image tower is wide.
    """
    start, end = tokenizer.bos_token_id, tokenizer.eos_token_id
    text = dict(
        vocab_size=len(tokenizer), hidden_size=text_width, intermediate_size=4 * text_width,
        num_hidden_layers=2, num_attention_heads=text_width // 32,
        max_position_embeddings=TEXT_LENGTH, projection_dim=width,
        bos_token_id=start, eos_token_id=end, pad_token_id=end,
    )  # fmt: skip
    vision = dict(
        hidden_size=width, intermediate_size=units * width, num_hidden_layers=layers,
        num_attention_heads=width // 64, image_size=side, patch_size=patch,
        projection_dim=width,
    )  # fmt: skip
    return CLIPConfig(text_config=text, vision_config=vision, projection_dim=width)


def save(
    folder: pathlib.Path, config: CLIPConfig, params: Any, words: dict[str, list[str]], card: dict
) -> None:
    """Writes weights as half-precision Flax msgpack beside the tokenizer's files.

    `words` is what vocabulary.json holds (of `taught_words`).
    """
    config.save_pretrained(folder)
    size = config.vision_config.image_size
    preprocessor = {
        "image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": size},
        "crop_size": {"height": size, "width": size}, "do_normalize": True, "resample": 3,
        "image_mean": MEAN.tolist(), "image_std": STD.tolist(),
    }  # fmt: skip
    (folder / "preprocessor_config.json").write_text(json.dumps(preprocessor, indent=1))
    (folder / "vocabulary.json").write_text(json.dumps(words))
    (folder / "card.json").write_text(json.dumps(card, indent=1))
    half = jax.tree.map(lambda x: np.asarray(x, np.float16), params)
    write_atomically(folder / "flax_model.msgpack", flax.serialization.to_bytes(half))


def rescale(params: Any, key: jax.Array) -> Any:
    """Weights drawn anew at sizes that let a narrow tower learn from the start.

    Kernels have variance 1 / fan-in: the library's are made for wide towers and are ten
    times too small. So are its embeddings, beside which words and places would hardly
    count. Places of the image begin as waves in two dimensions (He et al. 2022).
    """

    def draw(path: tuple, leaf: jax.Array) -> jax.Array:
        names = [entry.key for entry in path]
        number = sum(map(ord, "/".join(names)))
        noise = jax.random.normal(jax.random.fold_in(key, number), leaf.shape)
        if names[-1] == "kernel":
            quiet = 0.35 if names[-2] in ("out_proj", "fc2") else 1.0
            return quiet * noise / np.sqrt(np.prod(leaf.shape[:-1]))
        if names[-2:] == ["position_embedding", "embedding"] and names[0] == "vision_model":
            return jnp.concatenate([noise[:1], waves(len(leaf) - 1, leaf.shape[1])])
        if names[-1] in ("embedding", "class_embedding"):
            return 0.5 * noise
        return leaf

    return jax.tree_util.tree_map_with_path(draw, params)


def waves(number: int, width: int) -> np.ndarray:
    """Sines and cosines `[number, width]` of the places of a square of patches, row by row."""
    side = round(number**0.5)
    place = (np.arange(side) + 0.5) / side
    rate = np.pi * 0.5 * (2.0 * side) ** (np.arange(width // 4) / (width // 4 - 1))
    turns = place[:, None] * rate
    one = np.concatenate([np.sin(turns), np.cos(turns)], -1)  # [side, width / 2]
    rows, columns = np.repeat(one, side, 0), np.tile(one, (side, 1))
    return np.concatenate([rows, columns], -1).astype(np.float32)


def go_on(folder: str | pathlib.Path, params: Any, tokenizer: CLIPTokenizerFast) -> Any:
    """Weights saved in `folder`, for a model that may differ in words, layers, units and patches.

    A word keeps its embedding whatever its number; words that are new begin as those of
    `params` do, at the size of the trained ones. A layer that is new passes on what it is
    given at first, and to hidden units that are new nobody listens at first. Patches of
    another size are read as of `resample`; where there are more of them, or fewer, their places lie
    between those that were. Exits with one line when the towers differ otherwise.
    """
    old = clip.load(folder)
    table = np.asarray(old.params["text_model"]["embeddings"]["token_embedding"]["embedding"])
    fresh = params["text_model"]["embeddings"]["token_embedding"]["embedding"]
    fresh = np.array(fresh)
    fresh *= np.std(table) / fresh.std()
    numbers = tokenizer.get_vocab()
    for token, row in old.tokenizer.get_vocab().items():
        if token in numbers:
            fresh[numbers[token]] = table[row]
    merged = flax.traverse_util.flatten_dict(old.params, sep="/")
    merged["text_model/embeddings/token_embedding/embedding"] = fresh
    wanted = flax.traverse_util.flatten_dict(params, sep="/")
    name = "vision_model/embeddings/patch_embedding/kernel"
    merged[name] = resample(merged[name], wanted[name].shape[:2])
    name = "vision_model/embeddings/position_embedding/embedding"
    merged[name] = _resample_places(merged[name], len(wanted[name]))
    for name in wanted:
        if name not in merged and "/layers/" in name:
            quiet = any(part in name for part in ("out_proj", "fc2"))
            merged[name] = wanted[name] * (0.0 if quiet else 1.0)
        elif name.endswith(("fc1/kernel", "fc1/bias")):
            merged[name] = _append(merged[name], wanted[name], -1)
        elif name.endswith("fc2/kernel"):
            merged[name] = _append(merged[name], jnp.zeros_like(wanted[name]), 0)
    for name in sorted(merged.keys() | wanted.keys()):
        have, want = np.shape(merged.get(name)), np.shape(wanted.get(name))
        if have != want:
            raise SystemExit(
                f"--init={folder} holds another shape of CLIP: {name} is {have}, not {want}; "
                "give --width and --text_width as in its config.json, and no fewer layers and "
                "hidden units"
            )
    merged = {name: jnp.asarray(leaf, jnp.float32) for name, leaf in merged.items()}
    return flax.traverse_util.unflatten_dict(merged, sep="/")


def _append(old: np.ndarray | jax.Array, new: jax.Array, axis: int) -> jax.Array:
    """`old`, behind it what `new` has more along an axis if that is all that differs."""
    more = jnp.split(new, [old.shape[axis]], axis)[1]
    same = np.delete(old.shape, axis).tolist() == np.delete(more.shape, axis).tolist()
    return jnp.concatenate([old, more], axis) if same else old


def resample(kernel: np.ndarray | jax.Array, sides: Sequence[int]) -> jax.Array:
    """A kernel `[P, P, ...]` for patches of other sides: `[*sides, ...]`.

    It makes of a patch what `kernel` makes of that patch resized to P by P, so that a CLIP
    may go on with finer patches (FlexiViT, Beyer et al. 2023).
    """
    for axis, side in enumerate(sides):
        resize = jax.image.resize(jnp.eye(side), (kernel.shape[axis], side), "linear")
        kernel = jnp.moveaxis(jnp.tensordot(resize, kernel, ((0,), (axis,))), 0, axis)
    return kernel


def _resample_places(places: np.ndarray | jax.Array, number: int) -> jax.Array:
    """Embeddings `[number, W]` of a class and a square of places, between those `[N, W]`."""
    before, after = (round((count - 1) ** 0.5) for count in (len(places), number))
    square = jnp.reshape(places[1:], (before, before, -1))
    square = jax.image.resize(square, (after, after, square.shape[-1]), "cubic")
    return jnp.concatenate([places[:1], square.reshape(after**2, -1)])
