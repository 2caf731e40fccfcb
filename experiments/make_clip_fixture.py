"""Makes tests/fixtures/clip_tiny: a small random CLIP and what PyTorch says of it.

Needs PyTorch and transformers 4 (`pip install torch "transformers<5"`); the tests
that read the fixture need neither PyTorch nor this program. The trainer breaks ties
between merges at random, so another run may number some tokens differently.

    python experiments/make_clip_fixture.py [DIRECTORY]
"""

from __future__ import annotations

import json
import pathlib
import sys

import numpy as np

DIRECTORY = pathlib.Path(__file__).parents[1] / "tests" / "fixtures" / "clip_tiny"
LENGTH = 16  # tokens of a prompt
SIDE = 32  # pixels
SENTENCES = [
    "a painting of a red boat on the blue sea",
    "a green tree in the snow",
    "a small house under the yellow moon",
    "two birds over the mountain",
    "a portrait of a sleeping cat",
]
PROMPTS = ["a red boat", "the yellow moon over the blue sea", "cat", "", "quiet zebra?"]


def make_tokenizer(directory: pathlib.Path):
    """A byte-level BPE in CLIP's own order: letters, merges, start, end."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import CLIPTokenizerFast

    bpe = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    bpe.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.BpeTrainer(vocab_size=200, end_of_word_suffix="</w>", show_progress=False)
    bpe.train_from_iterator(SENTENCES, trainer)
    merges = [tuple(pair) for pair in json.loads(bpe.to_str())["model"]["merges"]]
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = [*letters, *(letter + "</w>" for letter in letters)]
    tokens += ["".join(pair) for pair in merges]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    vocabulary = {token: i for i, token in enumerate(dict.fromkeys(tokens))}
    (directory / "vocab.json").write_text(json.dumps(vocabulary))
    lines = ["#version: 0.2", *(" ".join(pair) for pair in merges), ""]
    (directory / "merges.txt").write_text("\n".join(lines))
    return CLIPTokenizerFast(
        str(directory / "vocab.json"),
        str(directory / "merges.txt"),
        model_max_length=LENGTH,
    )


def main(directory: pathlib.Path = DIRECTORY) -> None:
    try:
        import torch
    except ImportError:
        sys.exit("make_clip_fixture needs PyTorch; install it with: pip install torch")
    from transformers import CLIPConfig, CLIPModel

    directory.mkdir(parents=True, exist_ok=True)
    tokenizer = make_tokenizer(directory)
    tokenizer.save_pretrained(directory)
    size = dict(hidden_size=32, intermediate_size=64, num_hidden_layers=2)
    size |= dict(num_attention_heads=4, projection_dim=16)
    end = tokenizer.eos_token_id
    config = CLIPConfig(
        text_config=dict(
            size,
            vocab_size=len(tokenizer),
            max_position_embeddings=LENGTH,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=end,
            pad_token_id=end,
        ),
        vision_config=dict(size, image_size=SIDE, patch_size=8),
        projection_dim=16,
    )
    torch.manual_seed(0)
    model = CLIPModel(config).eval()
    with torch.no_grad():  # The usual start is so small that features hardly differ.
        for value in model.parameters():
            value.add_(0.15 * torch.randn_like(value))
    model.save_pretrained(directory, safe_serialization=True)
    preprocessor = {
        "image_processor_type": "CLIPImageProcessor",
        "size": {"shortest_edge": SIDE},
        "crop_size": {"height": SIDE, "width": SIDE},
        "image_mean": [0.48145466, 0.4578275, 0.40821073],
        "image_std": [0.26862954, 0.26130258, 0.27577711],
    }
    path = directory / "preprocessor_config.json"
    path.write_text(json.dumps(preprocessor, indent=1))
    words = sorted(set(" ".join(SENTENCES).split()))
    (directory / "vocabulary.json").write_text(json.dumps({"words": words}))

    batch = tokenizer(PROMPTS, padding="max_length", max_length=LENGTH)
    ids, mask = (torch.tensor(batch[k]) for k in ("input_ids", "attention_mask"))
    images = np.random.default_rng(0).normal(size=(3, SIDE, SIDE, 3))
    images = images.astype(np.float32)
    pixels = torch.from_numpy(images).permute(0, 3, 1, 2)
    with torch.no_grad():
        text = model.get_text_features(input_ids=ids, attention_mask=mask)
        image = model.get_image_features(pixel_values=pixels)
        # Historical configurations say 2 and mean the largest id; here the same one.
        model.text_model.eos_token_id = 2
        legacy = model.get_text_features(input_ids=ids, attention_mask=mask)
    assert torch.equal(text, legacy)
    np.savez_compressed(
        directory / "features.npz",
        prompts=np.array(PROMPTS),
        ids=ids.numpy().astype(np.int32),
        mask=mask.numpy().astype(np.int32),
        images=images,
        text=text.numpy(),
        image=image.numpy(),
    )
    total = sum(path.stat().st_size for path in directory.iterdir())
    print(f"{directory}: {total / 1e3:.0f} kB, {len(tokenizer)} tokens")


if __name__ == "__main__":
    main(*(pathlib.Path(argument) for argument in sys.argv[1:2]))
