"""Every control, in the order in which they are shown."""

from app.controls.contract import Control
from app.controls.rules import (
    auth_1,
    auth_2,
    auth_2b,
    auth_3,
    auth_4,
    auth_6,
    depl_1,
    depl_2,
    depl_3,
    depl_4,
    depl_5,
    depl_6,
    emer_2,
    shadow_3,
    shadow_4,
    sod_1,
    sod_2,
    sod_3,
    test_1,
    test_3,
    test_4,
)
from app.domain.change import Change
from app.domain.finding import Finding

CONTROLS: tuple[Control, ...] = tuple(
    rule.CONTROL
    for rule in (
        auth_1,
        auth_2,
        auth_2b,
        auth_3,
        auth_4,
        auth_6,
        sod_1,
        sod_2,
        sod_3,
        test_1,
        test_3,
        test_4,
        depl_1,
        depl_2,
        depl_3,
        depl_4,
        depl_5,
        depl_6,
        emer_2,
        shadow_3,
        shadow_4,
    )
)


def judge_all(change: Change) -> tuple[Finding, ...]:
    """One finding per control, in the order of the catalogue. `change.people` should carry resolved identities by now."""
    return tuple(control.judge(change) for control in CONTROLS)


def control(id_: str) -> Control | None:
    return next((control for control in CONTROLS if control.id == id_), None)
