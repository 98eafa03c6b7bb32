"""The journal of the demo: what a killed process must not forget, and a line it was cut in."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from app.demo.journal import Journal, Wishes
from app.errors import UsageError

NOW = datetime(2026, 3, 12, 15, 40, 0, 123456, tzinfo=UTC)
LATER = NOW + timedelta(hours=5)
WISHES = Wishes(seed=3, apps=4, workspaces=5, days=6)


def test_a_new_one_begins_now_and_an_old_one_keeps_its_beginning(tmp_path: Path) -> None:
    assert Journal(tmp_path / "deep" / "journal.jsonl", WISHES, NOW).began == NOW
    again = Journal(tmp_path / "deep" / "journal.jsonl", WISHES, LATER)
    assert (again.began, again.wishes, again.live) == (NOW, WISHES, [])


def test_live_stories_are_numbered_and_kept(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j", WISHES, NOW)
    times = [NOW + timedelta(seconds=20 * i) for i in range(3)]
    assert [journal.begin_live(at) for at in times] == [0, 1, 2]
    again = Journal(tmp_path / "j", WISHES, LATER)
    assert again.live == times
    assert again.begin_live(LATER) == 3


@pytest.mark.parametrize("cut", range(1, 40, 6))
def test_a_line_that_was_cut_was_not_begun(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "j"
    journal = Journal(path, WISHES, NOW)
    journal.begin_live(NOW)
    whole = path.read_bytes()
    journal.begin_live(LATER)
    path.write_bytes(path.read_bytes()[:-cut])
    again = Journal(path, WISHES, LATER)
    assert again.live == [NOW]
    assert path.read_bytes() == whole
    again.begin_live(LATER)
    assert Journal(path, WISHES, LATER).live == [NOW, LATER]


def test_cut_in_its_first_line_it_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "j"
    Journal(path, WISHES, NOW)
    path.write_bytes(path.read_bytes()[:20])
    assert Journal(path, WISHES, LATER).began == LATER


@pytest.mark.parametrize("other", [{"seed": 4}, {"apps": 5}, {"workspaces": 6}, {"days": 7}])
def test_other_wishes_are_refused_with_the_way_out(tmp_path: Path, other: dict[str, int]) -> None:
    Journal(tmp_path / "j", WISHES, NOW)
    with pytest.raises(UsageError, match="--fresh"):
        Journal(tmp_path / "j", replace(WISHES, **other), LATER)
    assert Journal(tmp_path / "j", WISHES, LATER).began == NOW


def test_a_journal_that_is_not_one_is_said_in_a_line(tmp_path: Path) -> None:
    for text in ("not JSON\n", '{"began": "yesterday"}\n', "[]\n", '{"began": "2026-03-12T15:40:00+00:00"}\n'):
        (tmp_path / "j").write_text(text)
        with pytest.raises(UsageError, match="--fresh"):
            Journal(tmp_path / "j", WISHES, NOW)
