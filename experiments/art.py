"""Renders permissively licensed emoji art to one array file, for training.

    python -m experiments.art --out=/tmp/art.npz
    python -m experiments.art --out=/tmp/judge_art.npz --kept   # one set more, for the judge

Fetches the icon sets with `npm pack` (Noto Emoji and Noto v1, Apache-2.0; Fluent
Emoji flat, MIT; Twemoji, CC-BY-4.0; flags of Flag Icons and Flagpack, MIT), rasterises
them with `resvg_py`, and takes their names from `unicode-data` (Debian). Needs: npm,
`pip install resvg-py`. The pictures are not part of jaxpaint.
"""

from __future__ import annotations

from collections.abc import Sequence
import io
import json
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile
import unicodedata

from absl import app, flags
import numpy as np
from PIL import Image

from experiments import concepts, names, scenes, user_errors

SETS = ("noto", "noto-v1", "fluent-emoji-flat", "twemoji")
# What the shipped weights were trained with: other versions have other pictures.
VERSIONS = {"noto": "1.2.9", "noto-v1": "1.2.5", "fluent-emoji-flat": "1.2.6", "twemoji": "1.2.5",
            "emojione": "1.2.3", "flag": "1.2.12", "flagpack": "1.2.8"}  # fmt: skip
UNICODE = "15.0"
FLAGS = {"noto": "flag", "noto-v1": "flagpack"}  # sets that have the flags which these lack
KEPT = "emojione"  # for the judge alone
EMOJI_TEST = "/usr/share/unicode/emoji/emoji-test.txt"

_WITH_KEPT = flags.DEFINE_bool("kept", False, f"Render the set {KEPT} too (CC-BY-4.0).")
_PIXELS = flags.DEFINE_integer(
    "pixels",
    scenes.SIDE,
    "Side of a picture; a CLIP that learns from it sees as many.",
    lower_bound=16,
)
_OUT = flags.DEFINE_string("out", "/tmp/art.npz", "Array file to write.")


def wanted_icons() -> dict[str, tuple[str, str]]:
    """CLDR names, in icon-set spelling, each with its Unicode group and code points (hex).

    Those that `concepts` asked for first come first, then `concepts.LATER`, then all others,
    each in Unicode order, so that the numbers of the first, which say what is held out, are
    what they were in earlier trainings.
    """
    first, other, group, subgroup = {}, {}, "", ""
    listed = pathlib.Path(EMOJI_TEST).read_text(encoding="utf-8").splitlines()
    if f"# Version: {UNICODE}" not in listed:
        print(
            f"{EMOJI_TEST} is not of Unicode {UNICODE}: other pictures and pairs will be held out "
            "than from the shipped weights, so their scores are no scores of what is held out",
            file=sys.stderr,
        )
    for line in listed:
        if line.startswith("# group:"):
            group = line.split(":", 1)[1].strip()
        elif line.startswith("# subgroup:"):
            subgroup = line.split(":", 1)[1].strip()
        elif "; fully-qualified" in line and "skin tone" not in line:
            _, name = re.sub(r" E[\d.]+ ", " ", line.split("#", 1)[1].strip()).split(" ", 1)
            ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
            icon = re.sub(r"[^a-z0-9 -]", "", ascii_name.lower().replace("&", "and"))
            icon = icon.replace(" ", "-")
            named = group in concepts.GROUPS and subgroup not in concepts.SKIP_SUBGROUPS
            named = named or subgroup in concepts.SUBGROUPS
            skipped = any(word in icon for word in concepts.SKIP_WORDS)
            early = (named and not skipped) or icon in concepts.EXTRA
            early &= icon not in concepts.LATER
            (first if early else other)[icon] = (group, line.split(";")[0].strip())
    later = {icon: other.pop(icon) for icon in concepts.LATER}
    return first | later | other


def fetch_set(name: str) -> dict:
    """The icon set's `icons.json`: icon name to SVG body."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", "--silent", f"@iconify-json/{name}@{VERSIONS[name]}"]
        archive = subprocess.run(
            command, cwd=folder, check=True, capture_output=True, text=True
        ).stdout.split()[-1]
        with tarfile.open(pathlib.Path(folder) / archive) as tar:
            return json.load(tar.extractfile("package/icons.json"))


def render(icons: dict, spelled: Sequence[str], *, side: int) -> np.ndarray | None:
    """RGBA uint8 `[side, side, 4]`, straight alpha, of the first icon that is there; or None."""
    import resvg_py

    parents = [icons.get("aliases", {}).get(name, {}).get("parent", name) for name in spelled]
    found = [parent for parent in parents if parent in icons["icons"]]
    if not found:
        return None
    icon = icons["icons"][found[0]]
    width = icon.get("width", icons.get("width", 16))
    height = icon.get("height", icons.get("height", 16))
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'xmlns:xlink="http://www.w3.org/1999/xlink">{icon["body"]}</svg>'
    )
    png = resvg_py.svg_to_bytes(svg_string=svg, width=side, height=side)
    picture = Image.open(io.BytesIO(bytes(png))).convert("RGBA")
    square = Image.new("RGBA", (side, side))  # a wide icon is not stretched
    square.paste(picture, ((side - picture.width) // 2, (side - picture.height) // 2))
    return np.asarray(square)


@user_errors.told()
def main(argv: list[str]) -> None:
    del argv
    wanted = wanted_icons()
    pictures, labels, styles = [], [], []
    sets = dict(enumerate(SETS))
    if _WITH_KEPT.value:
        sets[scenes.KEPT_STYLE] = KEPT
    for style, set_name in sets.items():
        icons = fetch_set(set_name)
        flag_icons = fetch_set(FLAGS[set_name]) if set_name in FLAGS else icons
        for label, (name, (_, points)) in enumerate(wanted.items()):
            group_icons = flag_icons if name.startswith("flag-") else icons
            picture = render(group_icons, names.spellings(name, points), side=_PIXELS.value)
            if picture is not None and (picture[..., 3] > 128).mean() > 0.02:
                pictures.append(picture)
                labels.append(label)
                styles.append(style)
        print(f"{set_name}: {styles.count(style)} of {len(wanted)} icons", flush=True)
    np.savez_compressed(
        _OUT.value, pictures=np.stack(pictures), labels=np.array(labels, np.int32),
        styles=np.array(styles, np.int32), names=np.array(list(wanted)),
        groups=np.array([group for group, _ in wanted.values()]),
    )  # fmt: skip


if __name__ == "__main__":
    app.run(main)
