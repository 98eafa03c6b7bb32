"""What a verified webhook said: that something is new there. It is never evidence; the poll that it makes due is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Heard:
    """`streams` are due now; none for a ping, or for news of something we do not read. `about` says it in the sender's words.

    `once` names this delivery, where seeing it a second time is a replay; None where a sender says the same thing twice.
    """

    streams: tuple[str, ...]
    about: str
    once: str | None = None
