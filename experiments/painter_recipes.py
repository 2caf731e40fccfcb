"""How neural painters are trained: the recipes of `experiments.train_painter`.

    reconstruction  ours: the alpha of strokes, by squared error or energy score
    vae             Nakano 2019: an autoencoder of strokes, then what leads to its latents
    gan             Nakano 2019: WGAN-GP, and a squared error that fades
    joy             Diaz-Aviles et al. 2019: a generator by features, then a critic, then both

All that a training needs is a `Plan`, which is static, and a state, a dict of the networks'
`params`, their `opt_state` and the `step`, from which the stage follows: a checkpoint of it
goes on exactly. Learning rates, shares of the stages and weights are the authors', the last
two counted in steps of theirs; what they do in so many steps, a shorter training does in
the same share of its own.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

from experiments import painter_losses as losses
from jaxpaint import painters, published

State = dict[str, Any]
Logged = dict[str, jax.Array]

# Steps, strokes a batch and learning rate, as published (ours: as shipped).
USUAL = {
    "reconstruction": (6000, 128, 2e-3),
    "vae": (300_000, 100, 1e-4),
    "gan": (100_000, 64, 1e-4),
    "joy": (8216, 256, 1e-3),
}
# Share of the steps after which each stage ends.
STAGES = {
    "reconstruction": {"alpha": 1.0},
    "vae": {"autoencoder": 2 / 3, "predictor": 1.0},
    "gan": {"both": 1.0},
    "joy": {"generator": 5865 / 8216, "critic": 7825 / 8216, "both": 1.0},
}
CRITIC_STEPS = 5  # of the GAN, for one of its painter
KL_TOLERANCE = 0.5  # a latent


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is trained and how; hashable, so it may be a static argument of `jit`."""

    recipe: str
    painter: nn.Module
    steps: int
    lr: float
    scatter: bool = False  # of the reconstruction
    eye: losses.Eye | None = None  # of the joy

    @property
    def batches(self) -> int:
        """Batches of strokes that a step takes."""
        return CRITIC_STEPS + 1 if self.recipe == "gan" else 1


def stage(step: int, *, plan: Plan) -> str:
    """Which stage a step belongs to; the last one when all is done."""
    stages = STAGES[plan.recipe]
    return next((name for name, end in stages.items() if step < end * plan.steps), [*stages][-1])


def helpers(plan: Plan) -> dict[str, nn.Module]:
    """The networks that help the painter to learn and are not kept."""
    if plan.recipe == "gan":
        return {"critic": published.GanCritic(plan.painter.width)}
    if plan.recipe == "vae":
        return {"encoder": published.VaeEncoder(plan.painter.width)}
    if plan.recipe == "joy":
        return {"critic": published.JoyCritic(plan.painter.width, train=True)}
    return {}


def begin(key: jax.Array, *, plan: Plan) -> State:
    """The state before the first step."""
    rgb, stroke = jnp.ones((1, 64, 64, 3)), jnp.zeros((1, 12))
    params = {"painter": painters.init(key, plan.painter)}
    if plan.recipe == "vae":  # its two parts learn one after the other
        params = params["painter"]
    for name, module in helpers(plan).items():
        seen = (rgb, stroke) if plan.recipe == "gan" else (rgb,)
        rngs = dict(zip(("params", "dropout"), jax.random.split(key)))
        params[name] = module.init(rngs, *seen)["params"]
    opt_state = {name: optimizer(plan).init(tree) for name, tree in params.items()}
    return {"params": params, "opt_state": opt_state, "step": 0}


def optimizer(plan: Plan) -> optax.GradientTransformation:
    """Adam; of the published recipes without its learning rate, which changes by stage."""
    if plan.recipe == "reconstruction":
        rise = min(200, plan.steps - 1)
        schedule = optax.warmup_cosine_decay_schedule(0, plan.lr, rise, plan.steps, 1e-5)
        return optax.chain(optax.clip_by_global_norm(1.0), optax.adam(schedule))
    return optax.scale_by_adam() if plan.recipe == "vae" else optax.scale_by_adam(0.5, 0.9)


@functools.partial(jax.jit, static_argnames=("plan", "stage"), donate_argnums=0)
def train_step(
    state: State, geometry: jax.Array, alpha: jax.Array, key: jax.Array, eye: Any = None,
    *, plan: Plan, stage: str,
) -> tuple[State, Logged]:  # fmt: skip
    """One step.

    Args:
      state: as `begin` made it; its buffers are reused.
      geometry: `[plan.batches * N, 9]`.
      alpha: what MyPaint drew, `[plan.batches * N, 64, 64]` uint8.
      key: of this step.
      eye: weights of `plan.eye`.
      plan, stage: static.

    Returns:
      The state and what its losses were, scalars.
    """
    alpha = alpha.astype(jnp.float32) / 255
    if plan.recipe == "reconstruction":
        state, logged = _reconstruct(state, geometry, alpha, key, plan=plan)
    else:
        color_key, key = jax.random.split(key)
        colors = jax.random.uniform(color_key, (len(geometry), 3))
        stroke, real = losses.on_white(colors, geometry, alpha)
        if plan.recipe == "joy":
            state, logged = _enjoy(state, stroke, real, key, eye, plan=plan, stage=stage)
        else:
            take = {"autoencoder": _encode, "predictor": _predict, "both": _compete}[stage]
            state, logged = take(state, stroke, real, key, plan=plan)
    return state | {"step": state["step"] + 1}, logged


@functools.partial(jax.jit, static_argnames="plan")
def finish(params: dict[str, Any], geometry: jax.Array, *, plan: Plan) -> Any:
    """The painter's weights as they paint; `geometry` `[N, 9]` of strokes for its statistics."""
    params = params if plan.recipe == "vae" else params["painter"]
    if plan.recipe == "reconstruction":
        return params
    color_key, noise_key = jax.random.split(jax.random.key(0))
    colors = jax.random.uniform(color_key, (len(geometry), 3))
    stroke, _ = losses.on_white(colors, geometry, jnp.zeros((len(geometry), 1, 1)))
    params = {name: tree for name, tree in params.items() if name != "encoder"}
    noise = _noise(noise_key, len(geometry), plan)
    return published.settle(plan.painter.clone(train=True), params, stroke, noise)


def _moved(state: State, name: str, grad: Any, rate: jax.Array | float, plan: Plan) -> State:
    """The state after a step of one network against its gradient."""
    params, opt_state = state["params"], state["opt_state"]
    update, moments = optimizer(plan).update(grad, opt_state[name], params[name])
    moved = jax.tree.map(lambda p, u: p - rate * u, params[name], update)
    return state | {
        "params": params | {name: moved}, "opt_state": opt_state | {name: moments}
    }  # fmt: skip


def _noise(key: jax.Array, number: int, plan: Plan) -> jax.Array:
    return jax.random.normal(key, (number, getattr(plan.painter, "dabs", 1), 3))


def _reconstruct(
    state: State, geometry: jax.Array, alpha: jax.Array, key: jax.Array, *, plan: Plan
) -> tuple[State, Logged]:
    loss = functools.partial(losses.of_alpha, module=plan.painter, scatter=plan.scatter)
    value, grad = jax.value_and_grad(loss)(state["params"]["painter"], geometry, alpha, key)
    return _moved(state, "painter", grad, -1.0, plan), {"loss": value}  # optax has its rate


def _encode(
    state: State, stroke: jax.Array, real: jax.Array, key: jax.Array, *, plan: Plan
) -> tuple[State, Logged]:
    """First stage of the VAE: pictures to latents and back."""
    encoder = helpers(plan)["encoder"]
    # For 10,000 steps of 300,000.
    extra = jnp.where(state["step"] < plan.steps / 30, 10.0, 1.0)

    def loss(params: Any) -> tuple[jax.Array, Logged]:
        mean, log_variance = encoder.apply({"params": params["encoder"]}, real)
        latents = mean + jnp.exp(log_variance / 2) * jax.random.normal(key, mean.shape)
        back = plan.painter.apply({"params": params}, latents, method="decode")
        error = losses.squared(back, real, extra)
        far = losses.divergence(mean, log_variance, KL_TOLERANCE)
        return error + far, {"squared": error, "divergence": far}

    learning = {name: state["params"][name] for name in ("encoder", "decoder")}
    grad, logged = jax.grad(loss, has_aux=True)(learning)
    for name in learning:
        state = _moved(state, name, grad[name], plan.lr, plan)
    return state, logged


def _predict(
    state: State, stroke: jax.Array, real: jax.Array, key: jax.Array, *, plan: Plan
) -> tuple[State, Logged]:
    """Second stage of the VAE: actions to the latents of their pictures."""
    del key
    first = STAGES["vae"]["autoencoder"]
    done = (state["step"] / plan.steps - first) / (1 - first)
    rate = plan.lr * jnp.where(done < 0.2, 100.0, jnp.where(done < 0.8, 10.0, 1.0))
    wanted, _ = helpers(plan)["encoder"].apply({"params": state["params"]["encoder"]}, real)
    module = plan.painter.clone(train=True)

    def loss(params: Any) -> jax.Array:
        found = module.apply({"params": {"predictor": params}}, stroke, method="predict")
        return jnp.mean((found - wanted) ** 2)

    value, grad = jax.value_and_grad(loss)(state["params"]["predictor"])
    return _moved(state, "predictor", grad, rate, plan), {"latents": value}


def _compete(
    state: State, stroke: jax.Array, real: jax.Array, key: jax.Array, *, plan: Plan
) -> tuple[State, Logged]:
    """WGAN-GP: some steps of the critic, each with strokes of its own, then the painter's."""
    module, critic = plan.painter.clone(train=True), helpers(plan)["critic"]
    noise_key, share_key = jax.random.split(key)
    noise = _noise(noise_key, len(stroke), plan)
    share = jax.random.uniform(share_key, (len(stroke),))
    batches = jax.tree.map(
        lambda x: x.reshape(plan.batches, -1, *x.shape[1:]), (stroke, real, noise, share)
    )

    def paint(params: Any, batch: tuple) -> jax.Array:
        return module.apply({"params": params}, batch[0], batch[2])

    def judge(params: Any, painted: jax.Array, batch: tuple) -> tuple[jax.Array, Logged]:
        score = lambda rgb: critic.apply({"params": params}, rgb, batch[0])  # noqa: E731
        gap = jnp.mean(score(batch[1])) - jnp.mean(score(painted))
        steep = losses.penalty(score, batch[1], painted, batch[3])
        return gap + 10.0 * steep, {"gap": gap, "penalty": steep}

    def train_critic(state: State, batch: tuple) -> tuple[State, Logged]:
        painted = paint(state["params"]["painter"], batch)
        grad, logged = jax.grad(judge, has_aux=True)(state["params"]["critic"], painted, batch)
        return _moved(state, "critic", grad, plan.lr, plan), logged

    # The squared error counts less in the last 100,000 of 600,000 of the author's steps.
    done = state["step"] / plan.steps
    extra = jnp.where(done < 1 / 6, 10.0, 1.0)
    weight = jnp.where(done < 5 / 6, 10.0, jnp.where(done < 11 / 12, 1.0, 0.1))

    def please(params: Any, critic_params: Any, batch: tuple) -> tuple[jax.Array, Logged]:
        painted = paint(params, batch)
        score = jnp.mean(critic.apply({"params": critic_params}, painted, batch[0]))
        error = losses.squared(painted, batch[1], extra)
        return score + weight * error, {"score": score, "squared": error}

    state, judged = jax.lax.scan(train_critic, state, jax.tree.map(lambda x: x[:-1], batches))
    last = jax.tree.map(lambda x: x[-1], batches)
    params = state["params"]
    grad, logged = jax.grad(please, has_aux=True)(params["painter"], params["critic"], last)
    state = _moved(state, "painter", grad, plan.lr, plan)
    return state, logged | jax.tree.map(lambda x: x[-1], judged)


def _enjoy(
    state: State, stroke: jax.Array, real: jax.Array, key: jax.Array, eye: Any,
    *, plan: Plan, stage: str,
) -> tuple[State, Logged]:  # fmt: skip
    """The Joy of Neural Painting: the critic's step, the generator's, or one after the other."""
    module, critic = plan.painter.clone(train=True), helpers(plan)["critic"]
    rate = plan.lr * (0.1 if stage == "both" else 1.0)
    noise, logged = jnp.zeros((len(stroke), 1, 3)), {}
    paint = lambda params: module.apply({"params": params}, stroke, noise)  # noqa: E731

    def surprise(params: Any, rgb: jax.Array, key: jax.Array, real: float) -> jax.Array:
        logits = critic.apply({"params": params}, rgb, rngs={"dropout": key})
        return jnp.mean(optax.sigmoid_binary_cross_entropy(logits, jnp.full(len(rgb), real)))

    keys = jax.random.split(key, 3)
    if stage != "generator":
        painted = paint(state["params"]["painter"])
        doubt = lambda params: (
            (  # noqa: E731
                surprise(params, real, keys[0], 1.0) + surprise(params, painted, keys[1], 0.0)
            )
            / 2
        )
        logged["critic"], grad = jax.value_and_grad(doubt)(state["params"]["critic"])
        state = _moved(state, "critic", grad, rate, plan)
    if stage == "critic":
        return state, logged

    def please(params: Any) -> tuple[jax.Array, Logged]:
        painted = paint(params)
        terms = {"features": losses.unlikeness(painted, real, eye, eye=plan.eye)}
        if stage == "both":
            terms["caught"] = surprise(state["params"]["critic"], painted, keys[2], 1.0)
        return sum(terms.values()) / len(terms), terms

    grad, terms = jax.grad(please, has_aux=True)(state["params"]["painter"])
    return _moved(state, "painter", grad, rate, plan), logged | terms
