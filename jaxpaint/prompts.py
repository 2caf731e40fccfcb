"""What a user may write for a prompt."""

from __future__ import annotations

import re
import unicodedata


class PromptError(ValueError):
    """A prompt that cannot be painted; the message says what to write instead."""


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


def folder_name(prompt: str, seed: int) -> str:
    """A folder name for a painting: `black-sheep-seed0`, at most 80 characters."""
    words = re.sub(r"[\W_]+", "-", prompt.lower()).strip("-")[:64].strip("-")
    return f"{words}-seed{seed}"
