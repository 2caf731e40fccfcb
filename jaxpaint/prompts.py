"""What a user may write: prompts and canvas sizes."""

from __future__ import annotations

import re
import unicodedata


class PromptError(ValueError):
    """A prompt or size that cannot be painted; the message says what to write instead."""


def parse(prompt: str) -> str:
    """A prompt with tidy spaces.

    Raises:
      PromptError: it is empty, or holds no letter and no digit.
    """
    tidy = " ".join(unicodedata.normalize("NFC", prompt).split())
    if not tidy:
        raise PromptError('the prompt is empty: write words, as in --prompt="black sheep"')
    if not re.search(r"\w", tidy):
        raise PromptError(
            f'the prompt {tidy!r} has no words: write some, as in --prompt="black sheep"'
        )
    return tidy


def parse_size(size: str, *, default: int) -> tuple[int, int]:
    """A canvas size as (width, height) in pixels; a square of `default` when empty.

    Raises:
      PromptError: it is not SIDE or WIDTHxHEIGHT of 16 to 2048 pixels.
    """
    if not size:
        return default, default
    match = re.fullmatch(r"(\d+)(?:x(\d+))?", size.strip().lower())
    sides = [int(side) for side in match.groups() if side] if match else [0]
    if min(sides) < 16 or max(sides) > 2048:
        raise PromptError(
            f"--size={size} is no canvas size: give SIDE or WIDTHxHEIGHT in pixels, "
            "16 to 2048, as in --size=192x128"
        )
    return sides[0], sides[-1]


def folder_name(prompt: str, seed: int) -> str:
    """A folder name for a painting: `black-sheep-seed0`, at most 80 characters."""
    words = re.sub(r"[\W_]+", "-", prompt.lower()).strip("-")[:64].strip("-")
    return f"{words}-seed{seed}"
