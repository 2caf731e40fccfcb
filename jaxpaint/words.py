"""What the bundled CLIP can paint: `python -m jaxpaint.words`, or what it makes of a prompt.

python -m jaxpaint.words                            # all things that it was taught
python -m jaxpaint.words "a big magpie on a tree"   # what of it would be painted
"""

from __future__ import annotations

import shutil
import sys
import textwrap

from absl import app, flags, logging

from jaxpaint import clip as clip_lib
from jaxpaint import composition, prompts, studio, vocabulary, wording

_CLIP = flags.DEFINE_string("clip", "bundled", "CLIP: bundled, a hub id, or a directory.")


def tell(known: vocabulary.Vocabulary) -> str:
    """All that is known, in lines as wide as the terminal."""
    things = vocabulary.things(known)
    places = sorted(set(composition.PLACE_OF))
    parts = {
        f"{len(things)} words for things": things, "Colours": list(composition.COLORS),
        "Grounds, as in a cat in the snow": places,
        "How things lie": sorted(composition.RELATIONS), "Numbers": ["two", "three", "four"],
    }  # fmt: skip
    width = min(shutil.get_terminal_size().columns, 100)
    return "\n\n".join(
        textwrap.fill(f"{title}: {', '.join(words)}", width) for title, words in parts.items()
    )


def main(argv: list[str]) -> None:
    """Tells of each prompt what is read, or without one what can be."""
    logging.set_verbosity(logging.WARNING)  # JAX tells of every device it looked for
    try:
        clip = clip_lib.load(_CLIP.value)
        known, config = clip.vocabulary, studio.configure(clip)
        if known is None:
            print(f"{clip.name} CLIP reads English: it has no list of words")
        elif len(argv) == 1:
            print(tell(known))
        for text in map(prompts.parse, argv[1:] if known else ()):
            reading = wording.plan(text, known=known, config=config)
            lost = vocabulary.told(known, reading.lost)
            read = f"read as {reading.text!r}" if reading.text else "nothing that it knows"
            print(f"{text!r}: {read}{lost and f'; not known: {lost}'}")
    except (clip_lib.ClipError, prompts.PromptError) as error:
        sys.exit(f"jaxpaint: {error}")


if __name__ == "__main__":
    app.run(main)
