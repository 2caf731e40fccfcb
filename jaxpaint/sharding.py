"""Devices and processes: which canvas is painted where.

Canvases know nothing of one another, so they are dealt out to the devices along one
mesh axis, `canvas`, and no device ever waits for another. Networks are copied to all.
Several processes share the jobs, not the arrays: each paints and writes its own, and none
needs another that has ended or was killed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
import functools
import os
import re
import sys
import threading
from typing import Any, TypeVar

import jax
from jax.sharding import Mesh, NamedSharding, PartitionSpec
import numpy as np

from jaxpaint.config import Config

AXIS = "canvas"
_PATIENCE = 300  # seconds that processes wait for one another to start
Job = TypeVar("Job")


class ProcessError(ValueError):
    """Processes that cannot be joined; the message says what to change."""


def join(
    address: str | None, *, process: int | None = None, processes: int | None = None
) -> tuple[int, int]:
    """Joins this process and others by `jax.distributed`, and lets go of them again.

    Joined, they learn their numbers and start their devices. `jax.distributed` then ends all
    when one has died, and lets none end before the others have. Nothing here needs
    that, so they part at once: what is killed later stops nobody.

    Args:
      address: `HOST:PORT` of process 0; None: as the machine says (SLURM, a TPU pod, MPI).
      process, processes: which this is, of how many; None: likewise.

    Returns:
      The number of this process and how many there are.

    Raises:
      ProcessError: the machine does not say it, or the address is none. If others do not
        come, one line is told and the process ends, with exit code 1.
    """

    port = re.fullmatch(r".+:(\d{1,5})", address or "auto:1")
    if not port or int(port[1]) >= 2**16:
        raise ProcessError(f"--coordinator={address} is no HOST:PORT: give that of process 0")

    def give_up() -> None:
        # JAX would abort by itself, with a stack of C++ that Python cannot catch.
        print(
            f"jaxpaint: --coordinator: not all of the processes came within {_PATIENCE} s: start "
            "all with the HOST:PORT of process 0, or leave --coordinator out, without which none "
            "waits for another", file=sys.stderr, flush=True,
        )  # fmt: skip
        os._exit(1)

    watch = threading.Timer(_PATIENCE, give_up)
    watch.daemon = True
    watch.start()
    try:
        jax.distributed.initialize(
            address, processes, process, initialization_timeout=2 * _PATIENCE
        )
    except (ValueError, RuntimeError) as error:
        raise ProcessError(
            f"--coordinator={address or 'auto'}: the processes cannot be joined ({error}): give "
            "HOST:PORT of process 0, --process_id and --num_processes, or auto where the machine "
            "tells them: under SLURM or MPI, or on a TPU pod"
        ) from error
    finally:
        watch.cancel()
    found = jax.process_index(), jax.process_count()  # which starts the devices
    jax.distributed.shutdown()
    return found


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
