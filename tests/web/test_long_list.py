"""Figure and facets where many changes match and no beginning is asked for."""

import re
from datetime import datetime

import pytest

from tests.web.conftest import Site


def told_by(html: str) -> tuple[int, int]:
    """How many changes the figure's table tells of, and how many the facet of verdicts."""
    table = html.partition("<caption>Changes by verdict")[2].partition("</table>")[0]
    facet = html.partition("<h2>Verdict</h2>")[2].partition("</ul>")[0]
    return sum(map(int, re.findall(r'<td class="num">(\d+)</td>', table))), sum(map(int, re.findall(r'class="n">(\d+)<', facet)))


@pytest.mark.parametrize("query", ["", "repo:bank/infra", "-workspace:net-prod", "open"])
def test_the_figures_of_a_long_list_are_of_its_newest_part_and_say_so(long_list: Site, full: Site, query: str) -> None:
    items = full.get("/api/v1/changes", params={"q": query, "limit": 500}).json()["items"]
    assert len(items) > 5
    html = long_list.get("/changes", params={"q": query}).text
    fifth = items[4]["at"]
    newest = sum(item["at"] >= fifth for item in items)
    assert told_by(html) == (newest, newest)
    said = re.search(r"The figure and the counts beside the list are of the newest (\d+) of (\d+), since ([^<]+)\. Choose", html)
    assert said
    assert (int(said[1]), int(said[2])) == (newest, len(items))
    assert f"{datetime.fromisoformat(fifth):%H:%M}" in said[3]
    assert f"<b>{len(items)} changes</b>" in html
    for asked in ({"q": query, "from": "2026-01-01"}, {"q": f"{query} after:2026-01-01".strip()}):
        whole = long_list.get("/changes", params=asked).text
        assert "The figure and the counts" not in whole
        assert told_by(whole) == (len(items), len(items))


def test_what_is_no_long_list_is_counted_whole(full: Site) -> None:
    html = full.get("/changes").text
    many = len(full.get("/api/v1/changes?limit=500").json()["items"])
    assert told_by(html) == (many, many)
    assert "The figure and the counts" not in html
