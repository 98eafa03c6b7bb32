"""Stories on one time line. A story is a generator: it acts, yields how long until it goes on, and is sent the time it is then."""

import heapq
from collections.abc import Callable, Generator
from datetime import datetime, timedelta

Story = Generator[timedelta, datetime, None]
Tell = Callable[[datetime], Story]

SHORTEST = timedelta(seconds=3)


class Script:
    """Steps of all stories in order of time; ties go to the story that began first, so the same stories give the same world."""

    def __init__(self) -> None:
        self._due: list[tuple[datetime, int, float, Tell | Story]] = []
        self._begun = 0

    def begin(self, at: datetime, tell: Tell, pace: float = 1.0) -> None:
        """Tell a story from `at` on. `pace` shortens its pauses (0.01: a hundred times as fast), none below three seconds."""
        heapq.heappush(self._due, (at, self._begun, pace, tell))
        self._begun += 1

    def next_at(self) -> datetime | None:
        """When the next step is due; None when every story has been told."""
        return self._due[0][0] if self._due else None

    def step(self) -> datetime:
        """Play the one step that is due next. Its time."""
        at, number, pace, told = heapq.heappop(self._due)
        story = told if isinstance(told, Generator) else told(at)
        try:
            pause = story.send(at) if isinstance(told, Generator) else next(story)
        except StopIteration:
            return at
        if pace != 1.0:
            pause = max(min(SHORTEST, pause), pause * pace)
        heapq.heappush(self._due, (at + pause, number, pace, story))
        return at

    def play(self, until: datetime) -> int:
        """Play every step due up to and including `until`. How many."""
        played = 0
        while (at := self.next_at()) is not None and at <= until:
            self.step()
            played += 1
        return played
