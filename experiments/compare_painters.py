"""The table of painters: how right they are, how their texture is, and what they cost.

    python -m experiments.compare_painters --compared=runs/compare   # all shipped brushes
    python -m experiments.compare_painters runs/dab runs/conv dry_brush --skip_paintings

An argument is a brush's name, a `.safetensors` file, or a folder that
`experiments.train_painter` wrote. Every painter paints the same held-out strokes of its
brush, which libmypaint draws on the spot; then sixteen paintings, which are replayed by
libmypaint. Writes `painters.json` and `painters.md`; figures of a brush that is drawn once
more, with other luck, tell how good a painter can be,
and those of the mean of a scattering painter that PSNR alone would be won by a blur.
"""

from __future__ import annotations

import json
import pathlib
from typing import Any

from absl import app, flags
import jax
import jax.numpy as jnp
import numpy as np

from experiments import scores, similarity, speed, user_errors
from jaxpaint import batch, clip, mypaint, outputs, painters, pictures, prompts, studio
from jaxpaint.config import QUALITIES

_OUT = flags.DEFINE_string("compared", "runs/compare", "Folder of the tables and the paintings.")
_COUNT = flags.DEFINE_integer("count", 2000, "Held-out strokes a brush.", lower_bound=1)
_PROMPTS = flags.DEFINE_string(
    "paint_prompts", "experiments/prompts/sixteen.txt", "What to paint with every painter."
)
_PAINTINGS = flags.DEFINE_string(
    "paintings", "", "Folder with a folder of paintings for every painter, to measure instead."
)
_SKIP = flags.DEFINE_bool("skip_paintings", False, "Leave out the paintings, which take longest.")
_QUALITY = flags.DEFINE_enum(
    "paint_quality", "normal", list(QUALITIES), "How many strokes and steps they take."
)

_DRAWS = 8  # of the noise of a painter that scatters
TIMED = 256  # strokes a call that is timed
_SEED = 20260  # of the held-out strokes; training draws with small ones
_HEADS = {
    "painter": "painter", "brush": "brush", "psnr": "PSNR dB", "ssim": "SSIM",
    "texture": "texture", "weights": "weights", "flops": "FLOPs", "forward_us": "µs",
    "gradient_us": "µs, gradient", "replay_psnr": "replay dB",
}  # fmt: skip


def find(name: str) -> painters.Painter:
    """The painter of a brush's name, of a file, or of a folder that holds its card."""
    cards = sorted(pathlib.Path(name).glob("*.json")) if pathlib.Path(name).is_dir() else []
    if len(cards) > 1:
        raise painters.PainterError(f"{name} holds {len(cards)} cards: give one .safetensors file")
    return painters.load(str(cards[0].with_suffix(".safetensors")) if cards else name)


def held_out(brush: str, number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Random actions `[S, 15]`, and their alpha `[S, 64, 64]` drawn twice, with other luck."""
    stroke = np.random.default_rng(_SEED).random((number, 15), np.float32)
    return stroke, *(mypaint.draw_alpha(stroke, brush, seed=_SEED + i) for i in range(2))


def likeness(real: np.ndarray, painted: np.ndarray) -> dict[str, float]:
    """PSNR and SSIM of strokes, and how far their texture is from that of real ones."""
    features = map(similarity.texture, (real, painted))
    return {
        "psnr": pictures.psnr(real, painted),
        "ssim": similarity.ssim(real, painted),
        "texture": similarity.frechet(*features),
    }


def paint(painter: painters.Painter, stroke: np.ndarray, *, seed: int = 0) -> np.ndarray:
    """The painter's alpha of strokes, some at a time: `[S, 64, 64]`."""
    draw = jax.jit(painters.apply, static_argnums=0)
    noise = painters.noise_for(jax.random.key(seed), painter, len(stroke))
    some = [
        draw(painter.module, painter.params, stroke[i : i + 250], noise[i : i + 250])
        for i in range(0, len(stroke), 250)
    ]
    return np.concatenate([np.asarray(part) for part in some])


def cost(painter: painters.Painter) -> dict[str, float]:
    """Weights; floating-point operations and microseconds a stroke, in calls of 256.

    With the gradient of the actions, which painting takes.
    """
    stroke = jax.random.uniform(jax.random.key(1), (TIMED, 15))
    noise = painters.noise_for(jax.random.key(0), painter, TIMED)
    forward = lambda params, s: painters.apply(painter.module, params, s, noise)  # noqa: E731
    total = lambda params, s: jnp.mean(forward(params, s) ** 2)  # noqa: E731
    both = jax.value_and_grad(total, argnums=1)
    programs = [jax.jit(f).lower(painter.params, stroke).compile() for f in (forward, both)]
    analysis = programs[0].cost_analysis()
    analysis = analysis[0] if isinstance(analysis, list) else analysis  # older versions of JAX
    took = [speed.seconds(program, painter.params, stroke, calls=9) for program in programs]
    return {
        "weights": sum(leaf.size for leaf in jax.tree.leaves(painter.params)),
        "flops": (analysis or {}).get("flops", float("nan")) / TIMED,
        "forward_us": took[0] * 1e6 / TIMED,
        "gradient_us": took[1] * 1e6 / TIMED,
    }


def replay_psnr(folder: pathlib.Path) -> float:
    """Mean PSNR of the paintings in a folder and their replays by libmypaint; NaN without any."""
    found = []
    for path in sorted(folder.glob(f"*/{outputs.STROKES}")):
        strokes = outputs.read_strokes(path)
        again = mypaint.replay(
            strokes.actions, strokes.frames, strokes.brush.tolist(), height=strokes.height,
            width=strokes.width, background=strokes.background,
        )  # fmt: skip
        found.append(pictures.psnr(again, strokes.picture.astype(np.float32) / 255))
    return float(np.mean(found)) if found else float("nan")


def paint_prompts(
    painter: painters.Painter, lines: list[prompts.Line], folder: pathlib.Path
) -> None:
    """Paints every prompt with the bundled CLIP, seed 0; goes on where it was interrupted."""
    eye = clip.load("bundled")
    config = studio.configure(eye, quality=_QUALITY.value)
    jobs = studio.make_jobs(lines, 0, 1, str(folder))
    scores.all_painted(batch.paint(
        jobs, eye, painter, config=config, outdir=folder, size=len(jobs), save_every=50, resume=True
    ))  # fmt: skip


def table(rows: list[dict[str, Any]]) -> str:
    """The rows as Markdown."""
    digits = {"psnr": 2, "ssim": 4, "texture": 2, "forward_us": 1, "gradient_us": 1}
    digits |= {"replay_psnr": 2, "weights": 0, "flops": 0}

    def cell(row: dict[str, Any], name: str) -> str:
        value = row.get(name)
        if isinstance(value, str):
            return value
        return "" if value is None or np.isnan(value) else f"{value:,.{digits[name]}f}"

    lines = [_HEADS.values(), ["---"] * len(_HEADS)]
    lines += [[cell(row, name) for name in _HEADS] for row in rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def compare(
    names: list[str], folder: pathlib.Path, *, count: int, replayed: bool
) -> list[dict[str, Any]]:
    """A row for every painter, and one for every brush drawn again; written after each."""
    rows, brushes = [], {}
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        painter = find(name)
        row = {"painter": name, "brush": painter.brush}
        if painter.brush not in brushes:
            brushes[painter.brush] = held_out(painter.brush, count)
            _, real, again = brushes[painter.brush]
            rows.append(row | {"painter": "libmypaint again"} | likeness(real, again))
        stroke, real, _ = brushes[painter.brush]
        draws = _DRAWS if getattr(painter.module, "scatter", False) else 1
        painted = [paint(painter, stroke, seed=seed) for seed in range(draws)]
        if draws > 1:  # what a squared error would teach: right in the mean, and a blur
            blur = {"painter": f"{name}, mean of {draws}"}
            rows.append(row | blur | likeness(real, np.mean(painted, axis=0)))
        row |= likeness(real, painted[0]) | cost(painter)
        if replayed:
            label = name.strip("/").replace("/", "-")
            made = pathlib.Path(_PAINTINGS.value or folder / "paintings") / label
            if not _PAINTINGS.value:
                made.mkdir(parents=True, exist_ok=True)
                paint_prompts(painter, prompts.read_file(pathlib.Path(_PROMPTS.value)), made)
            row["replay_psnr"] = replay_psnr(made)
        rows.append(row)
        text = json.dumps({"device": jax.devices()[0].device_kind, "rows": rows}, indent=1)
        outputs.write(folder / "painters.json", lambda f: f.write(text.encode()))  # noqa: B023
        outputs.write(folder / "painters.md", lambda f: f.write(table(rows).encode()))
    return rows


@user_errors.told()
def main(argv: list[str]) -> None:
    rows = compare(
        argv[1:] or painters.available(), pathlib.Path(_OUT.value),
        count=_COUNT.value, replayed=not _SKIP.value,
    )  # fmt: skip
    print(table(rows), end="")


if __name__ == "__main__":
    app.run(main)
