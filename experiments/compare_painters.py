"""What each painter architecture costs and how well it paints.

    python -m experiments.compare_painters runs/dab runs/row_column runs/conv

Every argument is a folder with the card and weights that `experiments.train_painter`
wrote. Prints a Markdown table: held-out figures from the card, and times measured
here for 256 strokes (median of 9 calls after a warm-up).
"""

from __future__ import annotations

import json
import pathlib
import time

from absl import app
import jax
import jax.numpy as jnp
import numpy as np

from jaxpaint import actions, painters

STROKES = 256


def milliseconds(function, *arguments) -> float:
    """Median time of a jitted call."""
    jax.block_until_ready(function(*arguments))
    times = []
    for _ in range(9):
        began = time.perf_counter()
        jax.block_until_ready(function(*arguments))
        times.append(time.perf_counter() - began)
    return 1000 * float(np.median(times))


def row(folder: pathlib.Path) -> str:
    """One line of the table."""
    card_path = next(folder.glob("*.json"))
    card = json.loads(card_path.read_text())
    painter = painters.load(str(card_path.with_suffix(".safetensors")))
    noise = painters.noise_for(jax.random.key(0), painter, STROKES)
    stroke = jax.random.uniform(jax.random.key(1), (STROKES, actions.NUM_ACTIONS))
    paint = lambda params, stroke: painters.apply(painter.module, params, stroke, noise)
    total = lambda params, stroke: jnp.mean(paint(params, stroke) ** 2)
    size = sum(leaf.size for leaf in jax.tree.leaves(painter.params))
    forward, moving, weights = (
        milliseconds(jax.jit(f), painter.params, stroke)
        for f in (paint, jax.grad(total, argnums=1), jax.grad(total))
    )
    held = card["held_out"]["painter"]
    return (
        f"| {card['architecture']} {card['options'] or ''} | {size / 1e3:.0f} k | {card['steps']} "
        f"| {card['seconds']:.0f} | {held['psnr']:.2f} | {held['mae']:.4f} "
        f"| {forward:.1f} | {moving:.1f} | {weights:.1f} |"
    )


def main(argv: list[str]) -> None:
    print("| painter | weights | steps | s | PSNR dB | MAE | fwd ms | d actions | d weights |")
    print("|---|---|---|---|---|---|---|---|---|")
    for folder in argv[1:]:
        print(row(pathlib.Path(folder)), flush=True)


if __name__ == "__main__":
    app.run(main)
