"""The whole story: two weeks of history with every kind of trouble in it, then a new change about every twenty seconds."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random

from app.demo import stories
from app.demo.bank import Bank
from app.demo.cast import Application, Workspace
from app.demo.journal import Journal, Wishes
from app.demo.script import Script, Tell

LIVE_PACE = 1 / 200  # an hour of a live story takes eighteen seconds
A_DAY = timedelta(days=1)


class World:
    """A function of its wishes, its beginning and the live stories begun so far: the same three give the same world."""

    def __init__(self, journal: Journal, clock: Callable[[], datetime]) -> None:
        self.journal, self.wishes = journal, journal.wishes
        self.start = journal.began - self.wishes.days * A_DAY
        self.bank = Bank(self.wishes, self.start - A_DAY, clock)
        self.script = Script()
        for at, tell in history(self.bank, self.wishes, self.start):
            self.script.begin(at, tell)
        for number, at in enumerate(journal.live):
            self._begin(number, at)

    def begin_live(self, now: datetime) -> None:
        """One more change, from now on."""
        self._begin(self.journal.begin_live(now), now)

    def _begin(self, number: int, at: datetime) -> None:
        rng = Random(f"{self.wishes.seed} live {number}")
        self.script.begin(at, live(self.bank, rng), pace=LIVE_PACE)

    def play(self, until: datetime) -> None:
        """Everything due until then."""
        self.script.play(until)

    def next(self, until: datetime) -> tuple[datetime | None, bool]:
        """Play on until Argo CD has changed, or `until`: the time reached (None: nothing was due), and whether it changed."""
        reached = None
        while (at := self.script.next_at()) is not None and at <= until:
            before = self.bank.argocd_acts
            reached = self.script.step()
            if self.bank.argocd_acts != before:
                return reached, True
        return reached, False


def history(bank: Bank, wishes: Wishes, start: datetime) -> list[tuple[datetime, Tell]]:
    """(when, what) of every story of the past, in order."""
    rng = Random(f"{wishes.seed} history")
    told = [(start + at, tell) for at, tell in _set_pieces(bank, rng, wishes.days)]
    for day in range(wishes.days):
        morning = (start + day * A_DAY).replace(hour=7, minute=0, second=0, microsecond=0)
        busy = 3 if morning.weekday() >= 5 else 8
        for _ in range(max(1, round(busy * (len(bank.applications) + len(bank.workspaces)) / 6))):
            own = Random(f"{wishes.seed} {day} {rng.random()}")
            told.append((morning + timedelta(minutes=rng.uniform(0, 600)), _ordinary(bank, own)))
    return sorted(told, key=lambda one: one[0])


def _ordinary(bank: Bank, rng: Random) -> Tell:
    app, workspace = _app(bank, rng), _workspace(bank, rng)
    kinds: list[tuple[int, Callable[[], Tell]]] = [
        (10, lambda: stories.release(bank, app, rng)),
        (8, lambda: stories.provision(bank, workspace, rng)),
        (4, lambda: stories.bump(bank, app, rng)),
        (1, lambda: stories.abandoned(bank, app, rng)),
        (1, lambda: stories.discarded(bank, workspace, rng)),
    ]
    return rng.choices([make for _, make in kinds], [weight for weight, _ in kinds])[0]()


def _app(bank: Bank, rng: Random) -> Application:
    return rng.choice(bank.applications)


def _workspace(bank: Bank, rng: Random) -> Workspace:
    return rng.choice(bank.workspaces)


def _set_pieces(bank: Bank, rng: Random, days: int) -> list[tuple[timedelta, Tell]]:
    """The troubles that the demo must hold, spread over the period; a short one holds them all too."""
    apps, places = bank.applications, bank.workspaces
    payments, last = apps[0], apps[-1] if len(apps) < 3 else apps[2]
    manual = next((app for app in apps if not app.auto_sync), last)
    pieces: list[Tell] = [
        stories.whole_chain(bank, last, places[0], rng),
        stories.hard_failure(bank, places[-1], rng),
        stories.edited_and_healed(bank, payments, rng),
        stories.overridden(bank, places[0], rng),
        stories.self_approved(bank, payments, rng),
        stories.apply_without_pull_request(bank, places[0], rng),
        stories.release(bank, manual, rng),
        stories.rollback(bank, manual, rng),
        stories.whole_chain(bank, last, places[0], rng, too_early=True),
        stories.unreviewed(bank, payments, rng),
        stories.bump(bank, payments, rng),
        stories.outage(bank, last, rng),
        stories.edited_and_healed(bank, payments, rng),
        stories.drift_left_open(bank, manual, rng),
    ]
    space = timedelta(hours=24 * days - 10) / len(pieces)
    return [(timedelta(hours=2) + i * space, tell) for i, tell in enumerate(pieces)]


def live(bank: Bank, rng: Random) -> Tell:
    """What may happen next: mostly ordinary work, sometimes trouble."""
    app, workspace = _app(bank, rng), _workspace(bank, rng)
    trouble: list[Callable[[], Tell]] = [
        lambda: stories.hard_failure(bank, workspace, rng),
        lambda: stories.overridden(bank, workspace, rng),
        lambda: stories.self_approved(bank, app, rng),
        lambda: stories.apply_without_pull_request(bank, workspace, rng),
        lambda: stories.edited_and_healed(bank, bank.applications[0], rng),
    ]
    return rng.choice(trouble)() if rng.random() < 0.25 else _ordinary(bank, rng)
