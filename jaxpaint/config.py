"""Every setting of a painting, in one place.

Axis letters in shape comments everywhere: `C` canvases, `S` strokes, `A` action
numbers, `K` cutouts, `H W` canvas pixels, `R` side of CLIP's input in pixels,
`D` size of the embedding. Images are HWC float32 in [0, 1], RGB, y down.
"""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

# What --quality multiplies a CLIP's own numbers of strokes and steps by.
QUALITIES = {"draft": (0.5, 0.4), "normal": (1.0, 1.0), "best": (1.5, 2.0)}

# How the strokes of a published painter are understood (`published.separate`).
BLENDS = ("darkness", "alpha")

# What painting from a picture changes in the defaults and in a CLIP's own settings.
FROM_PICTURE = {
    "strokes": 256, "steps": 300, "sketch_steps": 0, "frame_min": 0.12, "frame_max": 0.9,
    "init_ink": 0.5, "ink_decay": 0.0, "adam_eps": 0.02, "lift_below": 0.0,
}  # fmt: skip

# Where the frames of the strokes lie: each anywhere, which is optimised too; on the stitched
# grid of Neural Painters (Nakano 2019); all over the whole canvas, as in its notebooks.
LAYOUTS = ("free", "stitched", "single")
MOST_FRAMES = 37  # rows or columns of that grid: 2,008 pixels
MOST_STROKES = 100_000  # of a painting; more are a slip that no memory holds
MOST_WEIGHT = 1e6  # of what is asked of the canvas; far above it float32 overflows


class Stage(NamedTuple):
    """Strokes that are optimised together, on top of those of the stages before (`stages.py`)."""

    strokes: int
    steps: int
    side: int  # longer side of the canvas meanwhile, pixels
    cell: int  # side of the cells that the strokes stay in, pixels; 0: anywhere


@dataclasses.dataclass(frozen=True)
class Config:
    """Settings of one run; hashable, so it may be a static argument of `jit`."""

    # Canvas and strokes.
    height: int = 128  # canvas height H, pixels
    width: int = 128  # canvas width W, pixels
    strokes: int = 96  # S
    frame_min: float = 0.25  # smallest frame side, fraction of the shorter canvas side
    frame_max: float = 1.1  # largest frame side, likewise
    background: tuple[float, float, float] = (1.0, 1.0, 1.0)  # RGB in [0, 1]
    blend: str = "darkness"  # of BLENDS; what a published painter's strokes cover
    layout: str = "free"  # of LAYOUTS; the frames of the others are fixed
    grid: tuple[int, int, int] = (8, 8, 5)  # rows, columns, strokes a frame; for "stitched"
    stages: tuple[Stage, ...] = ()  # none: all strokes at once; else they add up to strokes, steps
    cell: int = 0  # side of the cells of a stage (layout "cells"), pixels

    # Random views (cutouts) of the canvas that CLIP sees in every step.
    crops: int = 4  # perspective, then a resized crop (CLIPDraw's augmentation)
    zooms: int = 0  # smaller crops, for detail; a CLIP of whole things wants none
    wides: int = 12  # nearly the whole canvas, shifted, for composition
    crop_scale: tuple[float, float] = (0.7, 0.95)  # side of a crop, fraction of canvas
    zoom_scale: tuple[float, float] = (0.45, 0.7)  # likewise
    wide_scale: tuple[float, float] = (0.95, 1.15)  # likewise; beyond 1 shows the fill
    crop_aspect: float = 1.15  # largest width : height ratio of a crop, or its inverse
    perspective: float = 0.25  # how far a crop's corners move, fraction of its side
    # Standard deviation of pixel noise at the first and the last step, image range is 1.
    view_noise: tuple[float, float] = (0.03, 0.03)

    # The sketch that the strokes follow; for a CLIP that can draw (`sketch.py`).
    sketch_steps: int = 0  # 0: no sketch
    sketch_things: int = 4  # P, most that are sketched apart (`composition.py`); 0: prompts whole
    sketch_views: int = 4  # in each of them
    sketch_rate: float = 0.02  # first step, root mean square over the picture, of 1
    sketch_paper: float = 0.004  # how near to the paper's colour is paper, a step
    sketch_beyond: float = 0.0  # how far past the prompt it aims, away from the mean of words
    sketch_weight: float = 10.0  # weight of the mean squared difference from the sketch

    # What is asked of the canvas: weights of the terms of the loss. Those of a picture to
    # paint from (`--image`) are 0 without one.
    prompt_weight: float = 1.0  # 1 - cos of the prompt and the views
    image_l2: float = 0.0  # mean squared difference of the pixels
    image_l1: float = 0.0  # mean absolute difference of the pixels
    image_transport: float = 0.0  # how far paint would have to be moved
    image_clip: float = 0.0  # 1 - cos of the picture and the views
    image_intrinsic: float = 0.0  # difference of features and Gram matrices in CLIP

    # Optimisation: Adam on the latents, one learning rate a group of numbers.
    steps: int = 300
    lr_shape: float = 0.12  # start, control and end points; latent units a step
    lr_pen: float = 0.06  # pressures and size
    lr_color: float = 0.12
    lr_frame: float = 0.06  # where the frame lies and its size
    lr_drop: tuple[float, float] = (0.4, 0.1)  # geometry rates from 50 % and 75 % on
    # Strokes that CLIP does not miss would wander at Adam's full rate and clutter the
    # picture: they are slowed, and all pens lift a little in every step.
    adam_eps: float = 0.1  # gradient that gets half the rate, of the canvas's typical one
    ink_decay: float = 0.3  # how far the pen lifts a step, in units of its rate
    lift_below: float = 0.12  # at the end, strokes that show less, of the boldest one, go
    ink_weight: float = 0.0  # weight of the mean stroke alpha
    ink_from: float = 0.35  # share of the steps before that weight is on, 0 .. 1

    # Randomness and batches.
    init_ink: float = 0.2  # typical pressure of the first strokes, 0 .. 1
    at_once: bool | None = None  # canvases in one vmap or taking turns; None: turns on a CPU

    @property
    def cutouts(self) -> int:
        """K, the number of views in a step."""
        return self.crops + self.zooms + self.wides

    @property
    def looks(self) -> bool:
        """Whether CLIP sees the canvas in a step."""
        return bool(self.prompt_weight or self.image_clip or self.image_intrinsic)

    def stage(self, number: int, *, small: bool) -> Config:
        """Settings of a stage alone, on the whole canvas or the small one it is optimised on."""
        stage = self.stages[number]
        whole = dataclasses.replace(self, stages=(), strokes=stage.strokes, steps=stage.steps)
        if stage.cell:
            rows, columns = -(-self.height // stage.cell), -(-self.width // stage.cell)
            side = stage.cell / min(self.height, self.width)
            return dataclasses.replace(
                whole, layout="cells", grid=(rows, columns, stage.strokes // (rows * columns)),
                cell=stage.cell, frame_min=side / 2, frame_max=side,
            )  # fmt: skip
        scale = stage.side / max(self.height, self.width) if small else 1.0
        sides = {"height": round(self.height * scale), "width": round(self.width * scale)}
        return dataclasses.replace(whole, **sides)

    def rows(self, number: int) -> slice:
        """Which strokes are those of a stage."""
        first = sum(stage.strokes for stage in self.stages[:number])
        return slice(first, first + self.stages[number].strokes)
