"""What a user may write: prompts and canvas sizes."""

from __future__ import annotations

import json
import math
import pathlib
import re
from typing import NamedTuple
import unicodedata

from jaxpaint.config import MOST_FRAMES, MOST_STROKES, MOST_WEIGHT


class PromptError(ValueError):
    """A prompt or size that cannot be painted; the message says what to write instead."""


class Line(NamedTuple):
    """A prompt that was asked for."""

    prompt: str  # parsed
    seed: int | None = None  # its own seed, if it was given one
    weight: float = 1.0  # of it beside what else is asked of the canvas


def parse(prompt: str) -> str:
    """A prompt with tidy spaces.

    Raises:
      PromptError: it is empty, or holds no letter, digit or emoji, or what is no text.
    """
    tidy = " ".join(unicodedata.normalize("NFC", prompt).split())
    if re.search("[\ud800-\udfff]", tidy):  # what Python makes of bytes that are no UTF-8
        raise PromptError(f"the prompt {tidy!r} is not UTF-8: write it in UTF-8")
    if not tidy:
        raise PromptError('the prompt is empty: write words, as in --prompt="black sheep"')
    if not any(unicodedata.category(sign)[0] in "LN" or _is_emoji(sign) for sign in tidy):
        raise PromptError(
            f'the prompt {tidy!r} has no words: write some, as in --prompt="black sheep"'
        )
    return tidy


def read_file(path: pathlib.Path) -> list[Line]:
    """Prompts of a file: JSON lines if its name ends in .jsonl, else text.

    A line of text is a prompt, which may end in `--seed=7` and `--weight=2`; what begins with
    # is skipped. A line of JSON is an object with "prompt" and, if wanted, "seed" and "weight".

    Raises:
      PromptError: no such file, no prompt in it, or a line that is none, by number.
    """
    try:
        # Not splitlines, which takes characters for ends of lines that JSON may hold.
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else f"not UTF-8: {error}"
        raise PromptError(
            f"cannot read --prompts_file={path} ({why}): give a text file in UTF-8, one prompt a "
            "line"
        ) from error
    read = _json_line if path.suffix == ".jsonl" else _text_line
    found = []
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.lstrip().startswith("#"):
            try:
                found.append(read(line))
            except ValueError as error:
                raise PromptError(f"{path}, line {number}: {error}") from error
    if not found:
        raise PromptError(f"{path} holds no prompt: write one a line")
    return found


def _text_line(line: str) -> Line:
    text, *given = re.split(r"\s--(?=\w)", line)
    found = {}
    for flag in given:
        match = re.fullmatch(r"(?:(seed)[= ](\d+)|(weight)[= ]([\d.]+))\s*", flag)
        if not match or (match[1] or match[3]) in found:
            raise PromptError(
                f"--{flag.strip()} is not understood: only --seed=NUMBER and --weight=NUMBER may "
                "follow, once each"
            )
        if match[1]:
            found["seed"] = checked_seed(int(match[2]))
        else:
            found["weight"] = checked_weight(match[4])
    return Line(parse(text), **found)


def _json_line(line: str) -> Line:
    try:
        values = json.loads(line)
    except (json.JSONDecodeError, RecursionError) as error:
        raise PromptError(f'not JSON ({error}): write {{"prompt": "black sheep"}}') from error
    known = isinstance(values, dict) and set(values) <= {"prompt", "seed", "weight"}
    if not known or not isinstance(values.get("prompt"), str):
        raise PromptError(
            'write {"prompt": "black sheep", "seed": 7, "weight": 2}, the numbers if wanted'
        )
    seed = values.get("seed")
    seed = None if seed is None else checked_seed(seed)
    return Line(parse(values["prompt"]), seed, checked_weight(values.get("weight", 1.0)))


def checked_weight(weight: object) -> float:
    """The weight of a prompt.

    Raises:
      PromptError: it is no number from 0 to `MOST_WEIGHT`.
    """
    try:
        number = -1.0 if isinstance(weight, bool) else float(weight)
    except (TypeError, ValueError, OverflowError):
        number = -1.0
    if not 0 <= number <= MOST_WEIGHT:
        raise PromptError(f"weight {weight!r} must be a number from 0 to {MOST_WEIGHT:.0f}")
    return number


def checked_seed(seed: object) -> int:
    """The seed.

    Raises:
      PromptError: it is no whole number of 32 bits.
    """
    if type(seed) is not int or not 0 <= seed < 2**32:
        raise PromptError(f"seed {seed!r} must be a whole number from 0 to {2**32 - 1}")
    return seed


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


def parse_grid(grid: str) -> tuple[int, int, int]:
    """Rows, columns and strokes a frame of a stitched canvas, from `8x8x5`.

    Raises:
      PromptError: it is not ROWSxCOLUMNSxSTROKES, each at least 1, or has too many of them.
    """
    match = re.fullmatch(r"(\d+)x(\d+)x(\d+)", grid.strip().lower())
    numbers = tuple(int(number) for number in match.groups()) if match else (0,)
    few = max(numbers[:2]) <= MOST_FRAMES and math.prod(numbers) <= MOST_STROKES
    if min(numbers) < 1 or not few:
        raise PromptError(
            f"--grid={grid} is no grid: give ROWSxCOLUMNSxSTROKES, each at least 1, of at most "
            f"{MOST_FRAMES} rows and columns and {MOST_STROKES} strokes in all, as in --grid=8x8x5"
        )
    return numbers


def folder_name(prompt: str, seed: int) -> str:
    """A folder name for a painting: `black-sheep-seed0`, at most 80 characters.

    An emoji is called by its Unicode name.
    """
    spelled = "".join(
        f" {unicodedata.name(sign, 'emoji')} " if _is_emoji(sign) else sign for sign in prompt
    )
    words = re.sub(r"[\W_]+", "-", spelled.lower()).strip("-")[:64].strip("-")
    return f"{words}-seed{seed}"


def _is_emoji(sign: str) -> bool:
    return unicodedata.category(sign) == "So"
