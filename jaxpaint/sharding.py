"""Devices and processes: which canvas is painted where.

Canvases know nothing of one another, so they are dealt out to the devices along one
mesh axis, `canvas`, and no device ever waits for another. Networks are copied to all.
Several processes share the jobs, not the arrays: each paints and writes its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import jax
from jax.sharding import Mesh, NamedSharding, PartitionSpec
import numpy as np

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
