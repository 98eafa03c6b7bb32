"""Whether a reader has read the last change of a path, and whether a workload has what its Secret holds. Pure.

The operator reads a store every `refreshInterval`, and tells when it last did (`status.refreshTime`); an interval of 0 is once and
never again: https://external-secrets.io/latest/api/externalsecret/. A process sees a Secret in its environment as it was when it
started: https://kubernetes.io/docs/concepts/configuration/secret/.
"""

from datetime import datetime, timedelta

from app.domain.lineage import Asked, External, Freshness, Look, Match, Standing, Workload, Write

GRACE = timedelta(minutes=5)
NEVER_PINNED = frozenset({"", "latest", "AWSCURRENT"})


def reader(look: Look, external: External, one: Asked, match: Match, changes: list[Write]) -> Standing:
    """`changes`: the last change of the value by each workspace that writes the path; empty where none is known."""
    if one.version not in NEVER_PINNED:
        return Standing(Freshness.PINNED, f"it asks for version {one.version}, whatever the newest is")
    if not changes:
        return Standing(Freshness.UNKNOWN, "when the path changed last is not known: no run that was read changed it")
    if not external.live:
        return Standing(Freshness.UNKNOWN, "it is declared, and was not in the cluster when it was last looked at")
    read = external.refreshed_at
    if read is not None and all(read >= change.at for change in changes):
        return Standing(Freshness.FRESH, "it was refreshed after the path changed")
    if look.unread_because:
        return Standing(Freshness.UNKNOWN, f"its application could not be looked at: {look.unread_because}")
    if read is not None and any(_during(change, read) for change in changes):
        return Standing(Freshness.UNKNOWN, "it was refreshed while the run applied: before or after the change is not told")
    if len({(change.source, change.workspace) for change in changes}) > 1 and any(read and read >= c.at for c in changes):
        return Standing(Freshness.UNKNOWN, "several workspaces write a path of this name, and which one it reads is not told")
    return _unread(look, external, match, max(changes, key=lambda change: change.at))


def _during(change: Write, read: datetime) -> bool:
    return change.began_at is not None and change.began_at <= read < change.at


def _unread(look: Look, external: External, match: Match, change: Write) -> Standing:
    """It was not seen refreshed since: overdue, still to come, or not looked at since."""
    every = external.interval
    due = change.at + timedelta(seconds=every) + GRACE if every else change.at
    if look.at <= change.at:
        at = None if every is None else due
        return Standing(Freshness.UNKNOWN, "nothing newer was told of it since the path changed", due_at=at)
    if every is None:
        return Standing(Freshness.UNKNOWN, "how often it refreshes is not known, and it has not since the path changed")
    if every and look.at < due:
        return Standing(Freshness.DUE, "it was not refreshed since the path changed, and is not due yet", due_at=due)
    if match is Match.INFERRED:
        return Standing(Freshness.UNKNOWN, "it was not refreshed since, but that it reads this very path is inferred", due_at=due)
    maybe = "may have changed" if change.value_changed is None else "changed"
    why = "it never refreshes by itself" if not every else _failing(external)
    return Standing(Freshness.STALE, f"the path {maybe}, and it was not refreshed since: {why}", change.at, due)


def _failing(external: External) -> str:
    if external.ready is False:
        return f"it is not ready ({external.reason})" if external.reason else "it is not ready"
    return f"its interval of {_every(external.interval or 0)} has passed"


def _every(seconds: int) -> str:
    unit, size = next(((u, n) for u, n in (("hour", 3600), ("minute", 60)) if seconds % n == 0), ("second", 1))
    return f"{seconds // size:,} {unit}{'s' if seconds != size else ''}"


def workload(one: Workload, ways: tuple[str, ...], external: External, standing: Standing) -> Standing:
    """Of a workload that uses the Secret in these `ways`; `standing` is the reader's that makes it."""
    if standing.state is Freshness.STALE:
        return Standing(Freshness.STALE, "its Secret was not refreshed since the path changed", standing.since, standing.due_at)
    if standing.state is not Freshness.FRESH or external.refreshed_at is None:
        return Standing(Freshness.UNKNOWN, "whether its Secret holds the last change is not known")
    if "env" in ways:
        if one.restarted_at and one.restarted_at >= external.refreshed_at:
            return Standing(Freshness.FRESH, "its pods were restarted after the Secret was refreshed")
        if one.reloader:
            return Standing(Freshness.UNKNOWN, "it asks a reloader to restart it; when its pods began is not told")
        return Standing(Freshness.UNKNOWN, "it reads the Secret when a pod begins, and when its pods began is not told")
    if "volume" in ways:
        return Standing(Freshness.UNKNOWN, "the kubelet renews what is mounted; whether the program reads it again is not told")
    return Standing(Freshness.UNKNOWN, "whether it has read the Secret since is not told")
