"""The rival of `experiments.benchmark --rival`: the same painting as a plain PyTorch loop.

What notebooks of the seed's kind do, written as they would today: eager PyTorch, the CLIP
of transformers' PyTorch classes, `grid_sample` for the cutouts, Adam. Painter and its
weights, strokes, cutouts, shape of CLIP and type are those of jaxpaint, so that only the
program differs. PyTorch is asked for here and nowhere else.
"""

from __future__ import annotations

import statistics
import time
from typing import Any

from safetensors.numpy import load_file

from jaxpaint import actions, painters
from jaxpaint.config import Config

_WARM = 3  # steps that are not timed: PyTorch gets its memory and chooses its kernels


class Loop:
    """One batch of canvases and all that a step of it needs."""

    def __init__(self, torch: Any, vision: dict, canvases: int, views: int, config: Config,
                 device: str, dtype: str) -> None:  # fmt: skip
        from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

        self.torch, self.config, self.views = torch, config, views
        self.device, self.dtype = device, getattr(torch, dtype)
        shape = CLIPVisionConfig(**vision)
        self.clip = CLIPVisionModelWithProjection(shape).to(device, self.dtype).eval()
        self.clip.requires_grad_(False)
        weights = load_file(painters.WEIGHTS / "brush.safetensors")
        self.weights = {k: torch.from_numpy(v).to(device) for k, v in weights.items()}
        torch.manual_seed(0)
        shape = (canvases, config.strokes, actions.NUM_ACTIONS)
        self.latents = torch.randn(shape, device=device, requires_grad=True)
        self.adam = torch.optim.Adam([self.latents], lr=0.1)
        text = torch.randn(canvases, 1, vision["projection_dim"], device=device)
        self.text = torch.nn.functional.normalize(text, dim=-1)

    def step(self) -> Any:
        """Paint, look, nudge; returns the loss."""
        torch, canvases = self.torch, len(self.latents)
        picture = paint(torch, self.weights, self.latents, self.config)
        side = self.clip.config.image_size
        many = picture.repeat_interleave(self.views, 0)
        grid = random_grids(torch, len(many), side, self.config, self.device)
        seen = torch.nn.functional.grid_sample(
            many, grid, padding_mode="border", align_corners=False
        )
        seen = (seen + 0.03 * torch.randn_like(seen) - 0.45) / 0.27
        found = self.clip(pixel_values=seen.to(self.dtype)).image_embeds.float()
        found = torch.nn.functional.normalize(found, dim=-1).view(canvases, self.views, -1)
        loss = (1 - (found * self.text).sum(-1)).mean(-1).sum()
        self.adam.zero_grad()
        loss.backward()
        self.adam.step()
        return loss.detach()


def stroke_alpha(torch: Any, weights: dict, stroke: Any) -> Any:
    """`painters.DabPainter` and `painters.apply` without noise: `[N, A]` to `[N, 64, 64]`."""
    geometry = stroke[:, actions.GEOMETRY]
    dense = lambda i, x: x @ weights[f"Dense_{i}/kernel"] + weights[f"Dense_{i}/bias"]  # noqa: E731
    gelu = lambda x: torch.nn.functional.gelu(x, approximate="tanh")  # noqa: E731
    start, end, control = geometry[:, 6:8], geometry[:, 4:6], geometry[:, 2:4]
    chord, bulge = end - start, control - (start + end) / 2
    length, bend = (((v**2).sum(-1, keepdim=True) + 1e-4).sqrt() for v in (chord, bulge))
    rates = torch.pi * torch.tensor([1.0, 2.0, 4.0], device=stroke.device)
    waves = (geometry[:, :, None] * rates).flatten(1)
    relative = torch.cat([chord, bulge, length, bend], -1)
    x = torch.cat([2 * geometry - 1, 2 * relative, waves.sin(), waves.cos()], -1)
    x = gelu(dense(0, x))
    x = x + gelu(dense(1, x))
    x = x + gelu(dense(2, x))
    out = dense(3, x).reshape(len(x), -1, 8)
    radius = (actions.MAX_LOG_RADIUS * geometry[:, 1]).exp()[:, None, None]
    t = torch.linspace(0, 1, out.shape[1], device=stroke.device)[:, None]
    middle = (start + end) / 2
    bezier = middle + 2 * (control - middle)
    curve = (1 - t) ** 2 * start[:, None] + 2 * t * (1 - t) * bezier[:, None] + t**2 * end[:, None]
    frame, margin = actions.FRAME_PIXELS, actions.FRAME_MARGIN / actions.FRAME_PIXELS
    centre = (margin + curve * (1 - 2 * margin)) * frame + radius * out[..., 0:2]
    width = 0.35 * radius * (2 * out[..., 5:7]).exp()
    ink = (2 + 4 * out[..., 2]).clamp(-16, 12)[..., None, None]
    pixels = torch.arange(frame, device=stroke.device) + 0.5
    factor = (ink / 2 - ((pixels - centre[..., None]) / width[..., None]) ** 2 / 2).exp()
    alpha = 1 - (-torch.einsum("sny,snx->syx", factor[:, :, 1], factor[:, :, 0])).exp()
    touch = (torch.maximum(stroke[:, 0], stroke[:, 11]) / 0.05).clamp(max=1)
    return alpha * touch[:, None, None]


def paint(torch: Any, weights: dict, latents: Any, config: Config) -> Any:
    """`optimize.paint` of latents `[C, S, A]`: `[C, 3, H, W]`."""
    canvases, strokes, _ = latents.shape
    stroke = latents.sigmoid()
    alpha = stroke_alpha(torch, weights, stroke.flatten(0, 1)).view(canvases, strokes, 64, 64)
    small, large = config.frame_min, config.frame_max
    side = small * (large / small) ** stroke[..., 14] * min(config.height, config.width)

    def resampling(centre: Any, pixels: int) -> Any:
        frame = actions.FRAME_PIXELS
        scale = (frame / side)[..., None]
        places = torch.arange(pixels, device=latents.device) + 0.5
        where = (places - centre[..., None]) * scale + frame / 2
        taps = torch.arange(frame, device=latents.device) + 0.5
        reach = scale.clamp(min=1)[..., None]
        return (((reach + 1) / 2 - (where[..., None] - taps).abs()).clamp(0, 1)) / reach

    rows = resampling(stroke[..., 13] * config.height, config.height)
    columns = resampling(stroke[..., 12] * config.width, config.width)
    alpha = rows @ alpha @ columns.mT
    through = (1 - alpha).flip(1).cumprod(1).flip(1)
    later = torch.cat([through[:, 1:], torch.ones_like(through[:, :1])], 1)
    inked = torch.einsum("cshw,csk->ckhw", alpha * later, stroke[..., actions.COLOR])
    paper = torch.tensor(config.background, device=latents.device)[:, None, None]
    return inked + through[:, :1] * paper


def random_grids(torch: Any, number: int, side: int, config: Config, device: str) -> Any:
    """Sampling grids `[number, side, side, 2]` of crops, shifted and in slight perspective."""
    low, high = config.crop_scale[0], config.wide_scale[1]
    size = low + (high - low) * torch.rand(number, 1, 1, 1, device=device)
    shift = (1 - size).abs() * (2 * torch.rand(number, 1, 1, 2, device=device) - 1)
    axis = (2 * torch.arange(side, device=device) + 1) / side - 1
    grid = torch.stack(torch.meshgrid(axis, axis, indexing="xy"), -1)
    tilt = config.perspective / 2 * (2 * torch.rand(number, 1, 1, 2, device=device) - 1)
    depth = 1 + (grid * tilt).sum(-1, keepdim=True)
    return size * grid / depth + shift


def where() -> tuple[str, str]:
    """PyTorch's version, and the device it computes on: cuda or cpu."""
    import torch

    return torch.__version__, "cuda" if torch.cuda.is_available() else "cpu"


def step_seconds(
    vision: dict[str, Any], canvases: int, views: int, config: Config,
    *, dtype: str, steps: int, calls: int,
) -> tuple[float, float | None]:  # fmt: skip
    """Median time of a step of one batch of canvases, and GB that they took of a GPU's memory.

    Args:
      vision: `CLIPVisionConfig` of the image tower, which gets random weights.
      canvases: of the batch; 1 for one at a time, as notebooks do.
      views: cutouts of each.
      config: size of the canvas, number of strokes, sizes of cutouts.
      dtype: of CLIP, as PyTorch calls it.
      steps: that are waited for together, as a call of jaxpaint takes them.
      calls: so many times, after some steps.
    """
    import torch

    gpu = torch.cuda.is_available()
    # On a GPU XLA multiplies float32 matrices in TF32 and tries which convolution is fastest;
    # PyTorch does both only when asked.
    torch.set_float32_matmul_precision("high" if gpu else "highest")
    torch.backends.cudnn.benchmark = True
    loop = Loop(torch, vision, canvases, views, config, "cuda" if gpu else "cpu", dtype)
    wait = torch.cuda.synchronize if gpu else lambda: None
    for _ in range(_WARM):
        loop.step()
    times = []
    for _ in range(calls):
        wait()
        began = time.perf_counter()
        for _ in range(steps):
            loop.step()
        wait()
        times.append(time.perf_counter() - began)
    peak = 1e-9 * torch.cuda.max_memory_allocated() if gpu else None
    return statistics.median(times) / steps, peak
