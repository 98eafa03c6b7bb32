"""The fake's task stages: policy evaluations, run tasks, cost estimates, Terraform policy, and the text logs of policy checks.

The acts take a `RunState` and leave it as Terraform Enterprise would. Shapes and routes are in files of their own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any


@dataclass
class Judgement:
    """An evaluation: of a task stage (`opa`, `sentinel`) or of Terraform policy (`tfpolicy`)."""

    id: str
    policies: tuple[Any, ...]
    status: str
    stamps: dict[str, datetime]
    kind: str = "opa"


@dataclass
class TaskState:
    id: str
    name: str
    status: str
    stamps: dict[str, datetime]
    level: str = "mandatory"
    message: str = ""


@dataclass
class StageState:
    id: str
    stage: str
    at: datetime
    status: str = "running"
    stamps: dict[str, datetime] = field(default_factory=dict)
    evaluations: list[Judgement] = field(default_factory=list)
    tasks: list[TaskState] = field(default_factory=list)

    def become(self, status: str, at: datetime) -> None:
        """Its time is written over when it comes to a status again, as the server does."""
        self.status, self.stamps[f"{status.replace('_', '-')}-at"] = status, at


@dataclass
class Policies:
    """`include_dashes`: the server knows only the dashed spelling of the stages' includes. `no_logs`: 204 for every log.

    `archivist`: the address of another server that holds the logs. `leaked`: requests for a log that carried a token.
    """

    include_dashes: bool = False
    no_logs: bool = False
    archivist: str = ""
    logs: dict[str, str] = field(default_factory=dict)  # by policy check, in place of the one made from its policies
    leaked: list[str] = field(default_factory=list)


def stage_of(run: Any, name: str, at: datetime) -> StageState:
    """The run's stage of this name (pre_plan, post_plan, pre_apply, post_apply), begun when it is new."""
    found = next((one for one in run.stages if one.stage == name), None)
    if found is None:
        bare = run.id.removeprefix("run-")
        found = StageState(f"ts-{bare}" if not run.stages else f"ts-{bare}{len(run.stages)}", name, at)
        found.become("running", at)
        run.stages.append(found)
    return found


def evaluate(run: Any, at: datetime, policies: Sequence[Any], *, kind: str = "opa", name: str = "post_plan") -> Judgement:
    """A policy evaluation in a task stage, where both mandatory levels are called mandatory and each can be overridden."""
    begun = at - timedelta(seconds=2)
    stage = stage_of(run, name, begun)
    failed = any(not p.passed and p.level != "advisory" for p in policies)
    status = "failed" if failed else "passed"
    number = len(run.evaluations)
    made = Judgement(f"poleval-{stage.id.removeprefix('ts-')}{number or ''}", tuple(policies), status, {}, kind)
    made.stamps = {"running-at": begun, f"{status}-at": at}
    stage.evaluations.append(made)
    _decide(run, stage, at)
    return made


def task(run: Any, at: datetime, name: str, *, passed: bool = True, level: str = "mandatory", message: str = "") -> TaskState:
    """A run task that answered, in the stage after the plan."""
    stage = stage_of(run, "post_plan", at - timedelta(seconds=5))
    status = "passed" if passed else "failed"
    key = f"taskrs-{stage.id.removeprefix('ts-')}{len(stage.tasks) or ''}"
    made = TaskState(key, name, status, {"running-at": at - timedelta(seconds=5), f"{status}-at": at}, level, message)
    stage.tasks.append(made)
    _decide(run, stage, at)
    return made


def _decide(run: Any, stage: StageState, at: datetime) -> None:
    held = any(one.status == "failed" for one in stage.evaluations)
    held = held or any(one.status == "failed" and one.level == "mandatory" for one in stage.tasks)
    stage.become("awaiting_override" if held else "passed", at)
    if held and not run.plan_only:
        run.status = "post_plan_awaiting_decision"  # it has no timestamp of its own
    else:
        run.reach("post_plan_completed", at)


def override_stage(
    run: Any, at: datetime, by: Any, comment: str | None = None, *, told: bool = True, action: str = "overridden"
) -> None:
    """Somebody lets the stage that waits go on. `told`: the evaluation itself says that it was overridden, and when."""
    stage = next((one for one in run.stages if one.status == "awaiting_override"), None)
    if stage is None:
        raise ValueError(f"{run.id} has no task stage that waits for an override")
    for one in stage.evaluations:
        if told and one.status == "failed":
            one.status, one.stamps["overridden-at"] = "overridden", at
    stage.become("running", at)
    stage.become("passed", at + timedelta(seconds=1))
    run.note(action, at, by, comment)
    run.reach("post_plan_completed", at + timedelta(seconds=1))


def terraform_policy(run: Any, at: datetime, policies: Sequence[Any]) -> Judgement:
    """Terraform policy (beta): `soft-mandatory` stands for mandatory_overridable, `hard-mandatory` for mandatory."""
    failed = [p for p in policies if not p.passed and p.level != "advisory"]
    hard = any(p.level == "hard-mandatory" for p in failed)
    status = "failed" if hard else "awaiting_override" if failed else "passed"
    stamps = {"running-at": at - timedelta(seconds=2), f"{status.replace('_', '-')}-at": at}
    made = Judgement(f"tfpoleval-{run.id.removeprefix('run-')}", tuple(policies), status, stamps, "tfpolicy")
    run.terraform_policy.append(made)
    run.reach({"passed": "tf_policy_checked", "awaiting_override": "tf_policy_override", "failed": "errored"}[status], at)
    return made


def override_terraform(run: Any, at: datetime, by: Any, comment: str | None = None) -> None:
    made = run.terraform_policy[-1]
    made.status, made.stamps["overridden-at"] = "overridden", at
    run.note("overridden", at, by, comment)
    run.reach("tf_policy_checked", at)


def estimate(run: Any, at: datetime, prior: str, proposed: str, delta: str) -> None:
    """A cost estimate; costs are decimal strings, for a month."""
    run.cost = {"at": at, "prior": prior, "proposed": proposed, "delta": delta}
    run.reach("cost_estimated", at)
