"""Rows as CSV (RFC 4180): the one writer of every CSV that is not made by the database itself."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

CHUNK = 500  # rows handed on at once
_FORMULA = "=+-@＝＋－＠\t\r\n"  # full-width signs are formulas to some spreadsheets


def table_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """UTF-8, CRLF, a header row, none of `rows` left out; a column that a row does not have is empty."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, columns, lineterminator="\r\n")
    writer.writeheader()
    for number, row in enumerate(rows, 1):
        writer.writerow({name: guarded(row.get(name)) for name in columns})
        if number % CHUNK == 0:
            yield out.getvalue().encode()
            out.seek(0)
            out.truncate()
    yield out.getvalue().encode()


def guarded(value: object) -> str:
    """A cell's text: lists with `; ` between, null empty; one that a spreadsheet would run begins with `'`."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = "; ".join(map(str, value)) if isinstance(value, list) else str(value)
    return f"'{text}" if text.lstrip(" \u00a0\u3000")[:1] in _FORMULA and text.strip() else text
