"""How long drift may stand in an environment: `4h`, `30m`, `7d`; or for each layer by itself. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from app.domain.drift import Layer

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
FORM = 'a length such as "4h", "30m" or "7d"'
LAYERS = tuple(str(layer) for layer in Layer)
_LENGTH = re.compile(r"(\d{1,6})([smhdw])", re.ASCII)


@dataclass(frozen=True, slots=True)
class DriftLimit:
    """`of` is an environment's name, or a class. A layer without a limit has None: none is set, and nothing is within it."""

    of: str
    kubernetes: timedelta | None = None
    terraform: timedelta | None = None

    def on(self, layer: Layer) -> timedelta | None:
        return self.terraform if layer is Layer.TERRAFORM else self.kubernetes


def limit_of(limits: Iterable[DriftLimit], name: str, cls: str, layer: Layer) -> timedelta | None:
    """The limit of the environment's name, else of its class; layer by layer."""
    found = [one.on(layer) for wanted in (name, cls) for one in limits if one.of == wanted]
    return next((one for one in found if one is not None), None)


def drift_limit(of: str, value: Any) -> DriftLimit:
    """As the settings write it. Raises ValueError with what is wrong, in words for the one who wrote it."""
    if isinstance(value, str):
        both = length(value)
        return DriftLimit(of, both, both)
    if not isinstance(value, Mapping):
        raise ValueError(f"a limit is {FORM}, or a table of them by {' and '.join(LAYERS)}")
    if wrong := next((name for name in value if name not in LAYERS), None):
        raise ValueError(f"{wrong!r} is no layer; expected {' or '.join(LAYERS)}")
    return DriftLimit(of, **{name: length(text) for name, text in value.items()})


def length(text: Any) -> timedelta:
    """Raises ValueError for anything but a number and its unit."""
    found = _LENGTH.fullmatch(text) if isinstance(text, str) else None
    if not found or int(found[1]) == 0:
        raise ValueError(f"{str(text)[:60]!r} is no limit; expected {FORM}")
    return timedelta(seconds=int(found[1]) * UNITS[found[2]])
