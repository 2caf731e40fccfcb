"""MyPaint's brush files: where the installed ones are."""

from __future__ import annotations

import difflib
import os
import pathlib

BRUSH_FOLDER_VARIABLE = "JAXPAINT_BRUSHES"
_SHARES = ("/usr/local/share", "/usr/share", "/opt/homebrew/share")
BrushName = str | os.PathLike[str]  # a .myb path or the name of an installed brush


class MyPaintError(RuntimeError):
    """libmypaint or a brush is missing or cannot do what was asked."""


def find_brush(name: BrushName) -> pathlib.Path:
    """Finds the file of a brush.

    Args:
      name: a `.myb` path, or a name such as `dry_brush` or `deevad/2B_pencil`. Names
        are looked up in the folder that the environment variable JAXPAINT_BRUSHES
        gives, then in the installed `mypaint-data` trees, version 1.0 first (that of
        the published painters); within each, `classic/` comes first.

    Raises:
      MyPaintError: there is no such brush; the message names similar ones.
    """
    if pathlib.Path(name).suffix == ".myb" and pathlib.Path(name).is_file():
        return pathlib.Path(name)
    own = os.environ.get(BRUSH_FOLDER_VARIABLE)
    folders = [pathlib.Path(own)] if own else []
    shares = [*os.environ.get("XDG_DATA_DIRS", "").split(":"), *_SHARES]
    for share in filter(None, shares):
        folders += sorted(pathlib.Path(share).glob("mypaint-data/*/brushes"))
    known: dict[str, pathlib.Path] = {}
    for folder in folders:
        files = sorted(folder.rglob("*.myb"))
        for file in sorted(files, key=lambda f: f.parent.name != "classic"):
            known.setdefault(file.stem, file)
            known.setdefault(str(file.relative_to(folder).with_suffix("")), file)
    wanted = os.fspath(name).removesuffix(".myb")
    if wanted in known:
        return known[wanted]
    if pathlib.Path(name).is_absolute():
        raise MyPaintError(
            f"no brush file {os.fspath(name)}: put it back, or give another .myb file or the name "
            "of an installed brush (python -m jaxpaint.replay takes --brush=FILE.myb)"
        )
    near = difflib.get_close_matches(wanted, [n for n in known if "/" not in n], 5, 0.5)
    near = near or [n for n in ("brush", "calligraphy", "dry_brush") if n in known]
    raise MyPaintError(
        f"brush {wanted!r} not found: expected a .myb file or the name of an installed "
        f"brush ({', '.join(near) or 'there is none'}, ...); install them with "
        f"`apt-get install mypaint-brushes` or set {BRUSH_FOLDER_VARIABLE}"
    )
