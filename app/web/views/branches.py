"""What Git tells of a change as small tables: what was deployed commit by commit, checks, pushes, what the branch asked for."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from app.web.times import Zone, parse_iso, shown_or_none
from app.web.views.marks import Badge
from app.web.views.tables import Cell, Grid

SHOWN = 200  # commits of one range; the JSON has all
GOOD, QUIET = ("success",), ("neutral", "skipped")
OPEN = ("queued", "in_progress", "pending", "expected", "waiting", "requested")
METHODS = {"merge": "merge commit", "squash": "squash", "rebase": "rebase", "fast-forward": "fast-forward", "push": "by a push"}
METHODS |= {"queue": "merge queue", "train": "merge train"}


def grids(item: Mapping[str, Any], zone: Zone) -> tuple[Grid, ...]:
    """Empty ones are left out. Total: the item came from a stored document, which may be older than this program."""
    pulls, push, rules = _list(item, "pull_requests"), item.get("push"), item.get("branch_rules")
    found = [_deployed(one, number) for number, one in enumerate(_list(item, "deployed"), start=1)]
    found += [_pushed(push)] if isinstance(push, Mapping) else []
    for pr in pulls:
        found += [_checks(pr, zone), _heads(pr, zone)]
    seen = "as seen last before the merge" if any(pr.get("merged_at") for pr in pulls) else "as seen last"
    found += [_rules(rules, seen)] if isinstance(rules, Mapping) else []
    return tuple(grid for grid in found if grid.rows)


def merged(pr: Mapping[str, Any]) -> str:
    """`squash, by ben; auto-merge by ana`: how it was merged and who let it be; empty while it is not."""
    if not pr.get("merged_at"):
        return ""
    method = METHODS.get(str(pr.get("merge_method")), str(pr.get("merge_method") or "method not known"))
    said = f"{method}, by {pr.get('merged_by') or 'somebody unknown'}"
    said += ", from the merge queue" if pr.get("queued_at") and method != "merge queue" else ""
    return said + (f"; auto-merge by {pr['auto_merge_by']}" if pr.get("auto_merge_by") else "")


def _list(item: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    value = item.get(key)
    return [v for v in value if isinstance(v, Mapping)] if isinstance(value, Sequence) and not isinstance(value, str) else []


def _words(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, Sequence) and not isinstance(value, str) else []


def _deployed(one: Mapping[str, Any], number: int) -> Grid:
    commits = _list(one, "commits")
    rows = [_carried(commit) for commit in commits[:SHOWN]]
    if not rows:
        said = "went back to it" if one.get("status") == "behind" else "no commit of it touches what is watched"
        rows = [(_sha(one.get("head")), Cell(badge=Badge("exception", "v-exception", said)), Cell(""))]
    more = f"; the first {SHOWN} are shown, the JSON has all" if len(commits) > SHOWN else ""
    heads = ("Commit", "Brought by", "How")
    return Grid(
        f"deployed-{number}", f"Deployed to {one.get('place') or 'a place without a name'}", _span(one) + more, heads, tuple(rows)
    )


def _span(one: Mapping[str, Any]) -> str:
    base, head = str(one.get("base") or "")[:12], str(one.get("head") or "")[:12]
    many, because = len(_list(one, "commits")), one.get("because")
    where = ", ".join(path for path in _words(one.get("paths")) if path)
    within = f", in {where}" if where else ""
    said = {
        "range": f"{many:,} commit{'s' if many != 1 else ''}, {base} to {head}{within}",
        "tip": f"only {head or 'its tip'} is known",
        "first": f"the first apply there, of {head}",
        "behind": f"from {base} back to {head}",
        "same": f"{head}, which was there already",
    }.get(str(one.get("status")), str(one.get("status") or "not told"))
    return f"by {_name(one.get('by'))}: {said}" + (f"; {because}" if because else "")


def _carried(commit: Mapping[str, Any]) -> tuple[Cell, ...]:
    keys = _words(commit.get("brought_by"))
    who = Cell(", ".join(_name(key) for key in keys) or "nothing that is known", _search(keys[0]) if keys else "")
    if commit.get("undone"):
        how = Cell(badge=Badge("exception", "v-exception", "left out again"))
    elif commit.get("direct"):
        how = Cell(badge=Badge("fail", "v-fail", "direct push"))
    elif not keys:
        how = Cell(badge=Badge("indeterminate", "v-indeterminate", "not known"))
    else:
        how = Cell("pull request" if len(keys) == 1 else "one of these pull requests")
    return (_sha(commit.get("sha")), who, how)


def _sha(value: object) -> Cell:
    sha = str(value or "")
    return Cell(sha[:12] or "not known", f"/events?q=commit:{quote(sha, safe='')}" if sha else "")


def _name(key: object) -> str:
    """`pr:github:bank/infra#7` → `bank/infra#7`; of a push its branch’s new tip; of a run or a sync its id."""
    kind, _, rest = str(key or "").partition(":")
    name = rest.partition(":")[2]
    if kind == "push":
        repository, _, after = name.rpartition("@")
        return f"push of {after[:12]} to {repository}"
    return name or str(key or "not known")


def _search(key: str) -> str:
    kind, _, rest = key.partition(":")
    name = rest.partition(":")[2]
    if kind == "pr":
        return f"/changes?q={quote(f'pr:{name}', safe='')}"
    return f"/changes?q={quote('commit:' + name.rpartition('@')[2], safe='')}" if kind == "push" else ""


def _checks(pr: Mapping[str, Any], zone: Zone) -> Grid:
    rows = []
    for check in _list(pr, "checks"):
        status = str(check.get("status") or "not told")
        required = {True: "required", False: "not required"}.get(check.get("required"), "not told")  # type: ignore[arg-type]
        ended = shown_or_none(parse_iso(check.get("completed_at")), zone)
        counts = "at the merge" if check.get("counts") else "does not count"
        rows.append(
            (
                Cell(str(check.get("name") or "not named")),
                Cell(badge=_badge(status)),
                Cell(required),
                Cell(time=ended) if ended else Cell("not ended"),
                Cell(counts if pr.get("merged_at") else "so far"),
            )
        )
    heads = ("Check", "Result", "Required", "Ended", "Stood")
    return Grid(f"checks-{pr.get('number')}", "Checks", f"of the head of {pr.get('number')}", heads, tuple(rows))


def _badge(status: str) -> Badge:
    word = status.replace("_", " ")
    if status in GOOD:
        return Badge("pass", "v-pass", word)
    if status in QUIET:
        return Badge("na", "v-na", word)
    unsure = status in OPEN or status == "not told"
    return Badge("indeterminate", "v-indeterminate", word) if unsure else Badge("fail", "v-fail", word)


def _heads(pr: Mapping[str, Any], zone: Zone) -> Grid:
    rows = []
    for push in _list(pr, "pushes"):
        at = shown_or_none(parse_iso(push.get("at")), zone)
        rows.append(
            (
                Cell(str(push.get("by") or "not told")),
                Cell("force push" if push.get("forced") else "push"),
                Cell(f"{str(push.get('before') or 'not told')[:12]} → {str(push.get('after') or 'not told')[:12]}"),
                Cell(time=at) if at else Cell("not told"),
            )
        )
    says = f"to the head of {pr.get('number')}, as the Git host names who pushed"
    return Grid(f"pushes-{pr.get('number')}", "Pushes", says, ("By", "How", "Commits", "At"), tuple(rows))


def _pushed(push: Mapping[str, Any]) -> Grid:
    how = Badge("fail", "v-fail", "none") if push.get("direct") else Badge("indeterminate", "v-indeterminate", "not known")
    gone = Badge("exception", "v-exception", "left out")
    rows = [(_sha(sha), Cell("came to the branch"), Cell(badge=how)) for sha in _words(push.get("commits"))]
    rows += [(_sha(sha), Cell(badge=gone), Cell("")) for sha in _words(push.get("undone"))]
    says = f"{str(push.get('before') or 'nothing')[:12]} to {str(push.get('after') or '')[:12]}, on {push.get('branch')}"
    return Grid("push", "Pushed", says, ("Commit", "What became of it", "Pull request"), tuple(rows))


def _rules(rules: Mapping[str, Any], seen: str) -> Grid:
    before = {str(one.get("name")): one for one in _list(rules, "changed")}
    weaker = set(_words(rules.get("weaker")))
    told = {str(one.get("name")): str(one.get("value") or "none") for one in _list(rules, "rules")}
    rows = []
    for name in sorted({*told, *before}):
        one = before.get(name)
        was = f"{one.get('before') or 'not told'} before" if one else ""
        value = str(one.get("after") or "none") if one else told[name]
        mark = Cell(badge=Badge("fail", "v-fail", f"weaker, {was}")) if name in weaker else Cell(was)
        rows.append((Cell(name.replace("_", " ")), Cell(value), mark))
    where = f"{rules.get('branch')} of {rules.get('repository')}"
    says = f"{where}, {'as changed' if rules.get('changed') and not seen.endswith('merge') else seen}"
    return Grid("rules", "Rules of the branch", says, ("Rule", "Value", "Changed"), tuple(rows))
