"""Renders permissively licensed emoji art to one array file, for training.

    python -m experiments.art --out=/tmp/art.npz
    python -m experiments.art --out=/tmp/judge_art.npz --kept   # one set more, for the judge

Fetches the icon sets with `npm pack` (Noto Emoji and Noto v1, Apache-2.0; Fluent
Emoji flat, MIT; Twemoji, CC-BY-4.0), rasterises them with `resvg_py`, and takes
their names from `unicode-data` (Debian). Needs: npm, `pip install resvg-py`. The
pictures are not part of jaxpaint.
"""

from __future__ import annotations

import io
import json
import pathlib
import re
import subprocess
import tarfile
import tempfile

from absl import app, flags
import numpy as np
from PIL import Image

from experiments import concepts, scenes

SETS = ("noto", "noto-v1", "fluent-emoji-flat", "twemoji")
KEPT = "emojione"  # for the judge alone
EMOJI_TEST = "/usr/share/unicode/emoji/emoji-test.txt"
SIDE = scenes.SIDE  # pixels of a rendered picture

_WITH_KEPT = flags.DEFINE_bool("kept", False, f"Render the set {KEPT} too (CC-BY-4.0).")
_OUT = flags.DEFINE_string("out", "/tmp/art.npz", "Array file to write.")


def wanted_icons() -> list[str]:
    """CLDR names, in icon-set spelling, that `concepts` asks for, in Unicode order.

    But for `concepts.LATER`, which come last, so that the numbers of the others, which say
    what is held out, are what they were in earlier trainings.
    """
    wanted, group, subgroup = {}, "", ""
    for line in pathlib.Path(EMOJI_TEST).read_text(encoding="utf-8").splitlines():
        if line.startswith("# group:"):
            group = line.split(":", 1)[1].strip()
        elif line.startswith("# subgroup:"):
            subgroup = line.split(":", 1)[1].strip()
        elif "; fully-qualified" in line and "skin tone" not in line:
            _, name = re.sub(r" E[\d.]+ ", " ", line.split("#", 1)[1].strip()).split(" ", 1)
            icon = re.sub(r"[^a-z0-9 -]", "", name.lower()).replace(" ", "-")
            named = group in concepts.GROUPS and subgroup not in concepts.SKIP_SUBGROUPS
            named = named or subgroup in concepts.SUBGROUPS
            skipped = any(word in icon for word in concepts.SKIP_WORDS)
            if (named and not skipped) or icon in concepts.EXTRA:
                wanted[icon] = None
    return [icon for icon in wanted if icon not in concepts.LATER] + list(concepts.LATER)


def fetch_set(name: str) -> dict:
    """The icon set's `icons.json`: icon name to SVG body."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", "--silent", f"@iconify-json/{name}"]
        archive = subprocess.run(
            command, cwd=folder, check=True, capture_output=True, text=True
        ).stdout.split()[-1]
        with tarfile.open(pathlib.Path(folder) / archive) as tar:
            return json.load(tar.extractfile("package/icons.json"))


def render(icons: dict, name: str) -> np.ndarray | None:
    """RGBA uint8 `[SIDE, SIDE, 4]` of one icon, straight alpha; None if it is missing."""
    import resvg_py

    alias = icons.get("aliases", {}).get(name, {}).get("parent", name)
    if alias not in icons["icons"]:
        return None
    icon = icons["icons"][alias]
    width = icon.get("width", icons.get("width", 16))
    height = icon.get("height", icons.get("height", 16))
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'xmlns:xlink="http://www.w3.org/1999/xlink">{icon["body"]}</svg>'
    )
    png = resvg_py.svg_to_bytes(svg_string=svg, width=SIDE, height=SIDE)
    picture = Image.open(io.BytesIO(bytes(png))).convert("RGBA")
    square = Image.new("RGBA", (SIDE, SIDE))  # a wide icon is not stretched
    square.paste(picture, ((SIDE - picture.width) // 2, (SIDE - picture.height) // 2))
    return np.asarray(square)


def main(argv: list[str]) -> None:
    del argv
    names = wanted_icons()
    pictures, labels, styles = [], [], []
    sets = dict(enumerate(SETS))
    if _WITH_KEPT.value:
        sets[scenes.KEPT_STYLE] = KEPT
    for style, set_name in sets.items():
        icons = fetch_set(set_name)
        for label, name in enumerate(names):
            picture = render(icons, name)
            if picture is not None and (picture[..., 3] > 128).mean() > 0.02:
                pictures.append(picture)
                labels.append(label)
                styles.append(style)
        print(f"{set_name}: {styles.count(style)} of {len(names)} icons", flush=True)
    np.savez_compressed(
        _OUT.value, pictures=np.stack(pictures), labels=np.array(labels, np.int32),
        styles=np.array(styles, np.int32), names=np.array(names),
    )  # fmt: skip


if __name__ == "__main__":
    app.run(main)
