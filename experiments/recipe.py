"""What each setting of a CLIP's recipe is worth: one changed at a time, scored by a judge.

    python -m experiments.recipe --changed=sketch
    python -m experiments.recipe --changed=strokes

Rows of `SKETCH` change how the sketch is drawn, which is scored without strokes; rows of
`STROKES` change how strokes follow it. With few prompts R-Precision tells little, so what to
go by is the judge's cosine beside that of the first row, prompt by prompt. Rows that are in
the table already are not measured again; they have to be of the same prompts and guide.
"""

from __future__ import annotations

from collections.abc import Sequence
import functools
import json
import pathlib
import time
from typing import Any, NamedTuple

from absl import app, flags
import jax
import jax.numpy as jnp
import numpy as np

from experiments import scores, user_errors
from jaxpaint import clip as clip_lib
from jaxpaint import optimize, outputs, painters, pictures, sharding, studio
from jaxpaint.config import Config

_HERE = pathlib.Path(__file__).parent
_CHANGED = flags.DEFINE_enum("changed", "strokes", ["sketch", "strokes"], "Which rows.")
_NTH = flags.DEFINE_integer("nth", 4, "Every how many'th prompt of the list.", lower_bound=1)
_ONLY = flags.DEFINE_list("only", [], "Names of the rows to measure; none: all.")
_GUIDE = flags.DEFINE_string("guide", "bundled", "The CLIP whose recipe it is.")
_TABLES = flags.DEFINE_string("tables", "runs/recipe", "Folder of the tables.")
_AT_ONCE = 8  # paintings a batch
_PARTS = 10  # of the steps, between which a trick may be played
FIRST = "as shipped"  # the row that the others are compared with
_CHOICES = 8  # places that a stroke which begins anew is chosen from


class Row(NamedTuple):
    """What one row changes."""

    changes: dict[str, Any]  # fields of Config, beside the CLIP's own recipe
    trick: str = ""  # of TRICKS
    seeds: tuple[int, ...] = (0,)  # of several, the painting that the guide scores best


SKETCH = {
    FIRST: Row({}),
    "seed 1": Row({}, seeds=(1,)),
    "30 steps": Row({"sketch_steps": 30}),
    "120 steps": Row({"sketch_steps": 120}),
    "1 view": Row({"sketch_views": 1}),
    "8 views": Row({"sketch_views": 8}),
    "not beyond the prompt": Row({"sketch_beyond": 0.0}),
    "beyond 0.35": Row({"sketch_beyond": 0.35}),
    "beyond 1.4": Row({"sketch_beyond": 1.4}),
    "rate 0.01": Row({"sketch_rate": 0.01}),
    "rate 0.04": Row({"sketch_rate": 0.04}),
    "paper 0.002": Row({"sketch_paper": 0.002}),
    "paper 0.008": Row({"sketch_paper": 0.008}),
    "prompts whole": Row({"sketch_things": 0}),
}
STROKES = {
    FIRST: Row({}),
    "seed 1": Row({}, seeds=(1,)),
    "no sketch": Row({"sketch_steps": 0}),
    "sketch alone": Row({"prompt_weight": 0.0}),
    "32 strokes": Row({"strokes": 32}),
    "64 strokes": Row({"strokes": 64}),
    "256 strokes": Row({"strokes": 256}),
    "60 steps": Row({"steps": 60}),
    "250 steps": Row({"steps": 250}),
    "frames 0.07 to 0.4": Row({"frame_min": 0.07, "frame_max": 0.4}),
    "frames 0.3 to 1.1": Row({"frame_min": 0.3, "frame_max": 1.1}),
    "rates halved": Row({"lr_shape": 0.05, "lr_pen": 0.03, "lr_color": 0.06, "lr_frame": 0.025}),
    "rates doubled": Row({"lr_shape": 0.2, "lr_pen": 0.12, "lr_color": 0.24, "lr_frame": 0.1}),
    "rates do not drop": Row({"lr_drop": (1.0, 1.0)}),
    "1 view": Row({"wides": 1}),
    "8 views": Row({"wides": 8}),
    "2 views and 2 crops": Row({"crops": 2}),
    "gray canvas": Row({"background": (0.5, 0.5, 0.5)}),
    "faint first strokes": Row({"init_ink": 0.2}),
    "sketch weighs 10": Row({"sketch_weight": 10.0}),
    "sketch weighs 100": Row({"sketch_weight": 100.0}),
    "none lifted": Row({"lift_below": 0.0}),
    "more lifted": Row({"lift_below": 0.1}),
    "shuffled early": Row({}, trick="shuffle"),
    "unseen ones anew": Row({}, trick="anew"),
    "best of 4": Row({}, seeds=(0, 1, 2, 3)),
}


def shuffle(
    state: optimize.PaintState, subject: optimize.Subject, weights: optimize.Weights,
    *, networks: optimize.Networks, config: Config,
) -> optimize.PaintState:  # fmt: skip
    """One canvas whose strokes lie in another order, each with its own moments of Adam."""
    del weights, networks
    key = jax.random.fold_in(jax.random.key(subject.seed), state.step)
    order = jax.random.permutation(key, config.strokes)
    return jax.tree.map(lambda x: x[order] if x.ndim == 2 else x, state)


def anew(
    state: optimize.PaintState, subject: optimize.Subject, weights: optimize.Weights,
    *, networks: optimize.Networks, config: Config,
) -> optimize.PaintState:  # fmt: skip
    """One canvas whose strokes that hardly show begin anew, where the sketch has detail."""
    effect = optimize.effects(
        state.latents, subject.noise, weights, networks=networks, config=config
    )
    seen = (effect >= config.lift_below * effect.max())[:, None]
    fresh = optimize.init(
        subject.seed + 1 + state.step, config=config, image=subject.sketch, choices=_CHOICES
    )
    return jax.tree.map(lambda x, y: jnp.where(seen, x, y) if x.ndim == 2 else x, state, fresh)


# What may be done between the steps, and up to which of the `_PARTS`.
TRICKS = {"shuffle": (shuffle, 3), "anew": (anew, 5)}


def sketch(
    texts: Sequence[str], guide: clip_lib.Clip, painter: painters.Painter,
    *, config: Config, seed: int,
) -> np.ndarray:  # fmt: skip
    """Sketches `[P, H, W, 3]` in [0, 1] of P prompts."""
    networks, weights = studio.freeze(guide, painter)
    jobs = [studio.Job(text, seed, pathlib.Path()) for text in texts]
    subject, _ = studio.start(jobs, guide, painter, config=config)
    return np.asarray(
        optimize.draw_sketch(subject, weights, networks=networks, config=config).sketch
    )


def paint(
    texts: Sequence[str], sketches: np.ndarray, guide: clip_lib.Clip, painter: painters.Painter,
    *, config: Config, trick: str, seed: int,
) -> tuple[np.ndarray, float]:  # fmt: skip
    """Paints P prompts after their sketches `[P, H, W, 3]`.

    Returns:
      Paintings `[P, H, W, 3]` in [0, 1], and milliseconds a step and painting: the fastest
      batch's, so without compilation where there are several.
    """
    networks, weights = studio.freeze(guide, painter)
    painted, fastest = [], np.inf
    for i in range(0, len(texts), _AT_ONCE):
        jobs = [studio.Job(text, seed, pathlib.Path()) for text in texts[i : i + _AT_ONCE]]
        subject, _ = studio.start(jobs, guide, painter, config=config)
        if config.sketch_steps:
            subject = subject._replace(sketch=jnp.asarray(sketches[i : i + _AT_ONCE]))
        start = time.perf_counter()
        state = optimize.begin(subject, config=config)
        given = {"networks": networks, "config": config}
        part = -(-config.steps // _PARTS)
        for number, done in enumerate(range(0, config.steps, part)):
            count = min(part, config.steps - done)
            state, _ = optimize.train_steps(
                state, subject, weights, **given, steps=part, count=count
            )
            if trick and number < TRICKS[trick][1]:
                state = _play(state, subject, weights, **given, trick=trick)
        jax.block_until_ready(state)
        seconds = time.perf_counter() - start
        fastest = min(fastest, 1000 * seconds / (config.steps * len(jobs)))
        state = optimize.lift_unseen(state, subject, weights, **given)
        painted.append(np.asarray(optimize.render(state, subject, weights, **given)[0]))
    return np.concatenate(painted), fastest


@functools.partial(jax.jit, static_argnames=("networks", "config", "trick"))
def _play(
    state: optimize.PaintState, subject: optimize.Subject, weights: optimize.Weights,
    *, networks: optimize.Networks, config: Config, trick: str,
) -> optimize.PaintState:  # fmt: skip
    def one(weights, state, subject):
        return TRICKS[trick][0](state, subject, weights, networks=networks, config=config)

    return sharding.per_canvas(one, config=config)(weights, state, subject)


def chosen(pictures_of: np.ndarray, near: np.ndarray) -> np.ndarray:
    """Of N tries at P paintings `[N, P, ...]` those with the highest score in `near` `[N, P]`."""
    return np.asarray(pictures_of)[near.argmax(0), np.arange(near.shape[1])]


def figures(
    judged: np.ndarray, guided: np.ndarray, own: np.ndarray, first: np.ndarray | None
) -> dict[str, Any]:
    """A row's figures from cosines `[P, Q]`.

    Args:
      judged, guided: by the judge, and by the guide.
      own: each painting's own text, `[P]`.
      first: the judge's cosines `[P]` with the own texts in the first row; None: this is it.
    """
    near = judged[np.arange(len(own)), own]
    row = scores.score(judged, own) | {"near": near.tolist()}
    row["guide"] = scores.score(guided, own)["cosine"]
    if first is not None:
        better = near - first
        row["better"] = [round(x, 4) for x in (better.mean(), *scores.interval(better))]
    return row


def table(rows: dict[str, dict[str, Any]]) -> str:
    """The rows as Markdown."""
    head = "| changed | judge: R-Precision | cosine | beside the first row | guide: cosine |"
    text = f"{head} from the sketch, dB | ms |\n" + 7 * "|---" + "|\n"
    for name, row in rows.items():
        beside = "{:+.3f} ({:+.3f} to {:+.3f})".format(*row["better"]) if "better" in row else ""
        apart, ms = (f"{row[x]:.1f}" if row.get(x) is not None else "" for x in ("psnr", "ms"))
        text += (
            f"| {name} | {row['r_precision']:.1f} % | {row['cosine']:.3f} | {beside} "
            f"| {row['guide']:.3f} | {apart} | {ms} |\n"
        )
    return text


def tries(
    row: Row, sketches: Sequence[np.ndarray], texts: Sequence[str], guide: clip_lib.Clip,
    painter: painters.Painter,
) -> tuple[list[np.ndarray], dict[str, float]]:  # fmt: skip
    """Paintings `[P, H, W, 3]` with each of a row's seeds, after its sketches, and their figures.

    Those are the mean PSNR from the sketches, dB, and the milliseconds of `paint`. Paintings are
    of the prompts `texts`; `sketches` has `[P, H, W, 3]` in [0, 1] for each seed.
    """
    config = studio.configure(guide, **row.changes)
    painted, apart, fastest = [], [], []
    for seed, drawn in zip(row.seeds, sketches, strict=True):
        some, ms = paint(texts, drawn, guide, painter, config=config, trick=row.trick, seed=seed)
        painted.append(some)
        fastest.append(ms)
        apart += [pictures.psnr(*both) for both in zip(some, drawn, strict=True)]
    return painted, {"psnr": float(np.mean(apart)), "ms": min(fastest)}


@user_errors.told()
def main(argv: list[str]) -> None:
    del argv
    kind, folder = _CHANGED.value, pathlib.Path(_TABLES.value)
    texts, _ = scores.read_prompts(_HERE / "prompts" / "fixed.txt")
    own = np.arange(0, len(texts), _NTH.value)
    mine = [texts[i] for i in own]
    plan = {"sketch": SKETCH, "strokes": STROKES}[kind]
    if wrong := sorted(set(_ONLY.value) - set(plan)):
        raise SystemExit(f"jaxpaint: --only={wrong[0]} is no row: choose from {', '.join(plan)}")
    saved = folder / f"{kind}.json"
    asked = {"guide": _GUIDE.value, "prompts": mine}
    record = json.loads(saved.read_text()) if saved.is_file() else asked | {"rows": {}}
    if {name: record.get(name) for name in asked} != asked:
        raise outputs.OutputError(
            f"{saved} is of other prompts or another guide: give another --tables or the same flags"
        )
    guide, judge = clip_lib.load(_GUIDE.value), clip_lib.load(str(_HERE / "judge"))
    if not studio.configure(guide).sketch_steps:
        raise clip_lib.ClipError(
            f"{guide.name} does not sketch (its recipe has no sketch_steps), and all rows begin "
            "with a sketch: give a --guide that does, as bundled"
        )
    painter, rows = painters.load("brush"), record["rows"]
    wanted = [name for name in plan if not _ONLY.value or name in (FIRST, *_ONLY.value)]

    @functools.cache
    def drawn(seed: int, changes: tuple) -> np.ndarray:
        config = studio.configure(guide, **dict(changes))
        return sketch(mine, guide, painter, config=config, seed=seed)

    for name in wanted:
        if name in rows:
            continue
        row = plan[name]
        # What the rows of strokes change leaves the sketches as they are.
        changes = tuple(row.changes.items()) if kind == "sketch" else ()
        found, extra = [drawn(seed, changes) for seed in row.seeds], {}
        if kind == "strokes":
            found, extra = tries(row, found, mine, guide, painter)
        near = np.stack([scores.similarity(guide, some, mine).diagonal() for some in found])
        best = list(chosen(np.stack(found), near))
        first = np.array(rows[FIRST]["near"]) if rows else None
        judged, guided = (scores.similarity(clip, best, texts) for clip in (judge, guide))
        rows[name] = figures(judged, guided, own, first) | extra
        outputs.write(saved, lambda f: f.write(json.dumps(record, indent=1).encode()))
        outputs.write(saved.with_suffix(".md"), lambda f: f.write(table(rows).encode()))
        sheet = outputs.contact_sheet(best, mine, side=128)
        outputs.write_picture(folder / f"{kind}-{name.replace(' ', '-')}.png", sheet)
        print(table({name: rows[name]}).splitlines()[-1], flush=True)
    print(table(rows), end="")


if __name__ == "__main__":
    app.run(main)
