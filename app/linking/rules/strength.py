"""How strong a link is that rests on another: never stronger than what it rests on."""

from collections.abc import Iterable

from app.domain.change import Link, Strength


def strongest(links: Iterable[Link]) -> list[Link]:
    """One for each root, the strongest; sorted by root."""
    found: dict[str, Link] = {}
    for link in links:
        held = found.get(link.to)
        if held is None or list(Strength).index(link.strength) < list(Strength).index(held.strength):
            found[link.to] = link
    return [found[key] for key in sorted(found)]


def weaker(strength: Strength) -> Strength:
    """Derived, unless it was only assumed."""
    return Strength.ASSUMED if strength is Strength.ASSUMED else Strength.DERIVED
