"""What a user can get wrong, in one line, for the programs here."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib

from jaxpaint import batch, clip, mypaint, outputs, painters, pictures, prompts, stages

_ERRORS = (
    batch.BatchError, clip.ClipError, mypaint.MyPaintError, outputs.OutputError,
    painters.PainterError, pictures.PictureError, prompts.PromptError, stages.StageError,
)  # fmt: skip


@contextlib.contextmanager
def told() -> Iterator[None]:
    """Turns errors that a user can mend into one line and exit code 1; decorates a `main`.

    Raises:
      SystemExit: one of them was raised, or a file or folder cannot be used.
    """
    try:
        yield
    except _ERRORS as error:
        raise SystemExit(f"jaxpaint: {error}") from error
    except OSError as error:
        if error.filename is None:  # not of a file: nothing that a line could explain
            raise
        raise SystemExit(
            f"jaxpaint: cannot use {error.filename} ({error.strerror}): give another file or folder"
        ) from error
