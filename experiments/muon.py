"""Muon (Jordan et al. 2024), as CLIPs are trained with it here."""

from __future__ import annotations

from typing import Any

import jax
import optax
import optax.contrib

_MUON = 10.0  # its learning rate over that of the rest


def optimizer(schedule: optax.Schedule) -> optax.GradientTransformation:
    """Muon for the towers' matrices, AdamW for the rest, at rates that follow `schedule`."""

    def which(params: Any) -> Any:
        return jax.tree_util.tree_map_with_path(
            lambda path, leaf: (
                optax.contrib.MuonDimensionNumbers()
                if leaf.ndim == 2 and any(getattr(entry, "key", "") == "layers" for entry in path)
                else None
            ),
            params,
        )

    return optax.contrib.muon(
        lambda step: _MUON * schedule(step),
        weight_decay=0.02 / _MUON,
        adam_b2=0.98,
        adam_weight_decay=0.02,
        adam_learning_rate=schedule,
        muon_weight_dimension_numbers=which,
    )
