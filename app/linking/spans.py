"""How long something took, in words."""

from datetime import timedelta

_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def lasted(span: timedelta | None) -> str:
    """`12 min 4 s`, `4 d 6 h`: the two largest parts, whatever its sign; `a time that is not known` of None."""
    if span is None:
        return "a time that is not known"
    left, parts = abs(int(span.total_seconds())), []
    for size, unit in _UNITS:
        parts.append((left // size, unit))
        left %= size
    while len(parts) > 1 and not parts[0][0]:
        parts.pop(0)
    return " ".join(f"{number} {unit}" for number, unit in parts[:2] if number) or "0 s"
