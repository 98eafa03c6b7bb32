"""A decision on an account: checked, then recorded as an event of the source `portal`."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from app.canonical import plain, random_id, stable_id
from app.changes.people import store
from app.domain.account import EMAIL, user_name
from app.domain.actor import Actor
from app.domain.event import Entry, Event, Step
from app.domain.identity import BOT, JOINED, SEPARATED, Identities
from app.domain.ref import Ref
from app.errors import Overtaken, UsageError
from app.ledger import store as ledger
from app.linking.decisions import SOURCE, TYPE

LONGEST_NAME, LONGEST_REASON = 200, 2000


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to be so. `new`: the person is not known yet. `seen`: the seq of the decision in force that they saw
    (-1: none; None: they did not look). `once` names this very wish: recorded once, however often it comes."""

    account: str  # <system>:<account>
    status: str
    because: str
    person: str = ""
    new: bool = False
    seen: int | None = None
    once: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """`entry` is None where nothing had to be recorded: it was so already. `changes` are those with exactly this account."""

    account: str
    entry: Entry | None
    changes: int


def decide(connection: Connection, identities: Identities, wish: Wish, by: Actor, now: datetime) -> Made:
    """Record it. Raises UsageError for a wish that cannot be understood, Overtaken when somebody decided meanwhile."""
    store.wait_alone(connection)
    now_known = identities.with_decisions(store.decisions(connection))
    system, account = placed(wish.account, store.systems(connection))
    person, because = _person(wish, now_known), _reason(wish.because)
    count, beside = store.met(connection, system, account)
    held = now_known.decision_on(system, account)
    if held and (held.status, held.person) == (wish.status, person):
        return Made(f"{system}:{account}", None, count)
    if wish.seen is not None and wish.seen != (held.seq if held else -1):
        who = f"{held.by}: {held.status} {held.person}".strip() if held else "nobody any more"
        raise Overtaken(f"{system}:{account} was decided meanwhile by {who}", do="look again, and decide then")
    event = _event(system, account, wish, person, because, beside, by, now)
    entries = ledger.append(connection, [event], now)
    return Made(f"{system}:{account}", entries[0] if entries else None, count)


def placed(text: str, systems: dict[str, str]) -> tuple[str, str]:
    """`<system>:<account>` as accounts are compared. Raises UsageError."""
    system, colon, account = text.strip().partition(":")
    account = account.strip()
    if not colon or not account or len(account) > LONGEST_NAME * 2 or not account.isprintable():
        raise UsageError(f"{plain(text, 80)!r} is no account", "<system>:<account>, such as github:id:1001")
    if system == EMAIL:
        return system, account.lower()
    if system not in systems:
        raise UsageError(f"there is no source {plain(system, 80)!r}", f"one of {', '.join([*sorted(systems), EMAIL])}")
    return system, account if account.startswith("id:") else user_name(systems[system], account)


def _person(wish: Wish, identities: Identities) -> str:
    name = " ".join(wish.person.split())
    if wish.status == SEPARATED:
        return ""
    if not name and wish.status == BOT:
        return ""
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise UsageError("the person has no name that can be shown", f"1 to {LONGEST_NAME} characters, all of them visible")
    known = identities.persons()
    if wish.status == JOINED and not wish.new and name not in known:
        raise UsageError(f"nobody is called {name!r} yet", "a person as they are written there", "or say that it is a new one")
    if wish.status == JOINED and wish.new and name in known:
        raise UsageError(f"there is a {name!r} already", "another name for somebody new", "or join the account to that person")
    return name


def _reason(text: str) -> str:
    reason = " ".join(plain(text, LONGEST_REASON + 1).split())
    if not reason:
        raise UsageError("no reason is given", "one sentence on how it is known")
    if len(reason) > LONGEST_REASON:
        raise UsageError(f"the reason is over {LONGEST_REASON:,} characters", "one sentence")
    return reason


def _event(system: str, account: str, wish: Wish, person: str, because: str, beside: str, by: Actor, now: datetime) -> Event:
    told = {JOINED: f"is {person}", SEPARATED: "is nobody known", BOT: "is a bot"}[wish.status]
    once = wish.once or str(random_id())
    facts = {"system": system, "account": account, "person": person, "because": because}
    if beside:
        facts["login" if account.startswith("id:") else "number"] = beside
    return Event(
        id=stable_id(SOURCE, TYPE, once, system, account, wish.status, person, because, by.name),
        source=SOURCE,
        kind=SOURCE,
        type=TYPE,
        step=Step.NOTED,
        status=wish.status,
        ref=Ref(TYPE, f"{system}:{account}", f"{facts.get('login', account)} {told}"),
        occurred_at=now,
        observed_at=now,
        actor=by,
        facts=facts,
    )
