"""What a change does to single resources: each run's plan, beside the plan that was reviewed and what became of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from app.web.views.marks import Badge

WHOLE = 60  # resources shown without being folded
SHOWN = 50  # of one folded group
NAMES = 8  # attribute names of one resource
SIGNS = {"create": "+", "update": "~", "delete": "−", "replace": "±", "read": "·", "forget": "∅", "import": "→", "move": "→"}
ORDER = ("delete", "replace", "create and forget", "forget", "create", "update", "import", "move", "read")
OUTCOMES = {
    "same": Badge("pass", "v-pass", "same"),
    "different": Badge("fail", "v-fail", "different"),
    "never planned": Badge("exception", "v-exception", "never planned"),
    "unknown": Badge("indeterminate", "v-indeterminate", "unknown"),
}
RESULTS = {"errored": "failed", "started": "began; its end is not told", "complete": "done"}


@dataclass(frozen=True, slots=True)
class Row:
    """`reviewed` is empty where there is nothing to compare; `differs` marks the row."""

    sign: str
    action: str
    address: str
    href: str
    more: str
    reviewed: str
    applied: str
    result: str
    failed: bool
    differs: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of one action, folded; `left` says how many are not shown here."""

    name: str
    rows: tuple[Row, ...]
    left: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """One run's resources. `rows` stand open, `groups` are folded; `quiet` are sentences about what is not known, or not shown."""

    id: str
    name: str
    says: str
    outcome: Badge | None
    because: str
    heads: tuple[str, ...]
    rows: tuple[Row, ...]
    left: str
    groups: tuple[Group, ...]
    drift: tuple[Group, ...]
    quiet: tuple[str, ...]
    parts: tuple[tuple[str, str], ...]
    compared: bool
    told: bool
    csv: str


def sheets(item: Mapping[str, Any], change: object) -> tuple[Sheet, ...]:
    """A sheet for each run that acts or is to; of a change in which none is, for each plan that proposes. Total."""
    plans = _records(item.get("plans"))
    reviewed = {str(one.get("run")): one for one in _records(item.get("reviewed"))}
    acting = [plan for plan in plans if plan.get("proposed") is False and (plan.get("acted") or str(plan.get("run")) in reviewed)]
    by_run, drift = _by_run(item, "resources"), _by_run(item, "resource_drift")
    runs = {str(run.get("id")): run for run in _records(item.get("runs"))}
    counts = {str(one.get("run")): one for one in _records(item.get("applies"))}
    csv = f"/changes/{change}/resources.csv"
    out = []
    for number, plan in enumerate(acting or plans):
        run = str(plan.get("run") or "")
        one = _One(plan, by_run.get(run, []), drift.get(run, []), runs.get(run, {}), reviewed.get(run), counts.get(run), csv)
        out.append(one.sheet(number))
    return tuple(out)


def _records(value: object) -> list[Mapping[str, Any]]:
    return [v for v in value if isinstance(v, Mapping)] if isinstance(value, Sequence) and not isinstance(value, str) else []


def _by_run(item: Mapping[str, Any], key: str) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for one in _records(item.get(key)):
        found.setdefault(str(one.get("run") or ""), []).append(one)
    return found


@dataclass(frozen=True, slots=True)
class _One:
    """What one sheet is made of."""

    plan: Mapping[str, Any]
    resources: list[Mapping[str, Any]]
    drift: list[Mapping[str, Any]]
    run: Mapping[str, Any]
    reviewed: Mapping[str, Any] | None
    counts: Mapping[str, Any] | None
    csv: str

    @property
    def outcome(self) -> str:
        return str(self.reviewed.get("outcome") or "unknown") if self.reviewed else ""

    @property
    def compared(self) -> bool:
        return self.outcome in ("same", "different")

    @property
    def told(self) -> bool:
        return self.plan.get("applied") is not None

    def sheet(self, number: int) -> Sheet:
        differences = {str(d.get("address")): d for d in _records((self.reviewed or {}).get("differences"))}
        rows = sorted((_row(one, self.compared, differences) for one in self.resources), key=_place)
        here = {row.address for row in rows}
        gone = [_gone(d) for address, d in differences.items() if address not in here]
        standing = [*(row for row in rows if row.differs), *gone]
        others = [row for row in rows if not row.differs]
        if len(rows) + len(gone) <= WHOLE:
            standing, others = [*standing, *others], []
        known = self.plan.get("resources") is not None
        acted = self.plan.get("acted") is True
        return Sheet(
            id=f"what-{number}",
            name="Reviewed beside applied" if self.compared and acted else "What changed" if acted else "What is planned",
            says=self._says(acted),
            outcome=OUTCOMES.get(self.outcome, OUTCOMES["unknown"]) if self.outcome else None,
            because=str((self.reviewed or {}).get("because") or ""),
            heads=self._heads(acted),
            rows=tuple(standing[: WHOLE * 2]),
            left=_left(len(standing) - WHOLE * 2),
            groups=_groups(others),
            drift=_groups([_row(one, False, {}) for one in self.drift], "changed outside of Terraform: "),
            quiet=tuple(self._quiet(known, acted)),
            parts=tuple(self._parts()) if known else (),
            compared=self.compared,
            told=self.told,
            csv=self.csv if rows or self.drift else "",
        )

    def _says(self, acted: bool) -> str:
        many = self.plan.get("resources")
        which = f"{self.plan.get('run')} in {self.run.get('workspace') or 'a workspace that is not named'}"
        if not isinstance(many, int):
            return which
        return f"{which}: {many:,} resource{'s' if many != 1 else ''}{'' if acted else ' planned, none applied'}"

    def _heads(self, acted: bool) -> tuple[str, ...]:
        run = f"{'Applied' if acted else 'Planned'}, {self.plan.get('run')}"
        reviewed = (f"Reviewed, {(self.reviewed or {}).get('plan')}",) if self.compared else ()
        return ("Action", "Resource", *reviewed, run, *(("Result",) if self.told else ()))

    def _quiet(self, known: bool, acted: bool) -> list[str]:
        out = []
        if not known:
            because = self.plan.get("because") or "its plan’s resources were not read"
            out.append(f"Which resources is not known: {because}.{self._counted()}")
        if acted and known and not self.told:
            because = self.plan.get("applied_because") or "the apply’s log is not read"
            out.append(f"What became of each is not told: {because}.{self._counted()}")
        elif self.told and self.plan.get("applied_because"):
            out.append(f"What became of some is not told: {self.plan.get('applied_because')}.")
        unchanged = self.plan.get("unchanged")
        if isinstance(unchanged, int) and unchanged:
            many = f"{unchanged:,} more resources of the workspace stay as they are."
            out.append("1 more resource of the workspace stays as it is." if unchanged == 1 else many)
        return out

    def _counted(self) -> str:
        if not self.counts:
            return ""
        told = [self.counts.get(key) for key in ("added", "changed", "destroyed")]
        said = [f"{count:,}" for count in told if isinstance(count, int)]
        return (
            f" By its counts: {said[0]} added, {said[1]} changed, {said[2]} destroyed."
            if len(said) == 3
            else " Nor are its counts."
        )

    def _parts(self) -> list[tuple[str, str]]:
        """Modules and providers, as the configuration names them."""
        modules, providers = self.plan.get("modules"), self.plan.get("providers")
        if modules is None and providers is None:
            return [("Modules and providers", "not told by this plan")]
        said = [(str(m.get("address")), _versioned(m.get("source"), m.get("version"))) for m in _records(modules)]
        return said + [(str(p.get("name")), _versioned("provider", p.get("version"))) for p in _records(providers)]


def _versioned(what: object, version: object) -> str:
    return f"{what or 'source not told'}{f' {version}' if version else ', no version written'}"


def _row(one: Mapping[str, Any], compared: bool, differences: Mapping[str, Mapping[str, Any]]) -> Row:
    address, action = str(one.get("address") or ""), str(one.get("action") or "unknown")
    difference = differences.get(address)
    said = _reviewed(difference.get("reviewed")) if difference else "the same" if compared and one.get("mode") != "data" else ""
    result = str(one.get("result") or "")
    return Row(
        sign=SIGNS.get(action, "?"),
        action=action,
        address=address,
        href=_search(address),
        more=_more(one),
        reviewed=said,
        applied=_names(one.get("attributes")) or ("the whole resource" if action in ("create", "delete") else action),
        result=RESULTS.get(result, result or "not told"),
        failed=result in ("errored", "started"),
        differs=difference is not None,
    )


def _gone(difference: Mapping[str, Any]) -> Row:
    """In the reviewed plan only."""
    address, said = str(difference.get("address") or ""), str(difference.get("reviewed") or "")
    action = said.partition(" ")[0].rstrip(",")
    return Row(SIGNS.get(action, "?"), action, address, _search(address), "", said, "not in it", "", failed=False, differs=True)


def _reviewed(said: object) -> str:
    text = str(said) if said else "not in it"
    return text if len(text) <= 300 else text[:300] + "…"


def _more(one: Mapping[str, Any]) -> str:
    """What the table has no column for."""
    said = [str(one.get("reason") or "").replace("_", " ")]
    said += [f"moved from {one.get('previous_address')}"] if one.get("previous_address") else []
    said += ["imported"] if one.get("importing") and one.get("action") != "import" else []
    said += [f"deposed object {one.get('deposed')}"] if one.get("deposed") else []
    hidden = _names(one.get("redacted"))
    said += [f"sensitive, so not told whether it changes: {hidden}"] if hidden else []
    return "; ".join(part for part in said if part)


def _names(value: object) -> str:
    names = [str(name) for name in value] if isinstance(value, Sequence) and not isinstance(value, str) else []
    return ", ".join(names[:NAMES]) + (f" +{len(names) - NAMES}" if len(names) > NAMES else "")


def _search(address: str) -> str:
    written = '"' + address.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"/changes?q=resource:{quote(written, safe='')}"


def _place(row: Row) -> tuple[int, str, str]:
    return (ORDER.index(row.action) if row.action in ORDER else -1, row.action, row.address)


def _groups(rows: Sequence[Row], lead: str = "") -> tuple[Group, ...]:
    """By action, in the order of the rows."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.action, []).append(row)
    out = []
    for action, mine in found.items():
        name = f"{lead}{len(mine):,}, {action}" if lead else f"{len(mine):,} to {action}"
        out.append(Group(name, tuple(mine[:SHOWN]), _left(len(mine) - SHOWN)))
    return tuple(out)


def _left(many: int) -> str:
    return f"{many:,} more are in the CSV and the JSON." if many > 0 else ""
