"""Devices and processes: which canvas is painted where.

Canvases know nothing of one another, so they are dealt out to the devices along one
mesh axis, `canvas`, and no device ever waits for another. Networks are copied to all.
Several processes share the jobs, not the arrays: each paints and writes its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
import functools
from typing import Any, TypeVar

import jax
from jax.sharding import Mesh, NamedSharding, PartitionSpec
import numpy as np

from jaxpaint.config import Config

AXIS = "canvas"
Job = TypeVar("Job")


def local_mesh() -> Mesh | None:
    """This process's devices as a mesh with the axis `canvas`; None if there is only one."""
    devices = jax.local_devices()
    return Mesh(np.array(devices), (AXIS,)) if len(devices) > 1 else None


def padded(number: int, mesh: Mesh | None) -> int:
    """The least number of canvases, `number` or more, that all devices share evenly."""
    devices = mesh.size if mesh else 1
    return -(-number // devices) * devices


def deal(tree: Any, mesh: Mesh | None) -> Any:
    """A batch, leaves with a leading axis C, dealt out to the devices of the mesh."""
    return tree if mesh is None else jax.device_put(tree, NamedSharding(mesh, PartitionSpec(AXIS)))


def copy(tree: Any, mesh: Mesh | None) -> Any:
    """What all canvases share, on every device of the mesh."""
    return tree if mesh is None else jax.device_put(tree, NamedSharding(mesh, PartitionSpec()))


def share(jobs: Sequence[Job], process: int, processes: int) -> list[Job]:
    """The jobs of one of several processes: every one belongs to exactly one process."""
    return list(jobs[process::processes])


def per_canvas(
    one: Callable[..., Any], *, config: Config, mesh: Mesh | None = None
) -> Callable[..., Any]:
    """Makes a function of one canvas a function of a batch of C.

    Args:
      one: takes what all share, then pytrees of one canvas; returns a pytree of one canvas.
      config: `at_once` says how.
      mesh: devices that share the canvases, or None.

    Returns:
      The same with a leading axis C on every leaf of its arguments, but for
      what all share, and of its results.

    One after the other costs a CPU nothing, needs the memory of one canvas, and runs
    the same instructions whatever C is: a painting is the same to the bit alone and
    in a batch. At once (`vmap`) rounds differently with C, and hundreds of steps
    amplify that.
    """

    def many(shared: Any, *batch: Any) -> Any:
        if at_once(config):
            return jax.vmap(functools.partial(one, shared))(*batch)
        return jax.lax.map(lambda canvas: one(shared, *canvas), batch)

    if mesh is None:
        return many
    whole, dealt = PartitionSpec(), PartitionSpec(*mesh.axis_names)
    return lambda shared, *batch: jax.shard_map(
        many, mesh=mesh, in_specs=(whole, *[dealt] * len(batch)), out_specs=dealt, check_vma=False
    )(shared, *batch)


def at_once(config: Config) -> bool:
    """Whether canvases are painted in one vmap; by default wherever there is an accelerator."""
    return jax.default_backend() != "cpu" if config.at_once is None else config.at_once
