"""What people do, in headless Chromium: find, open, go back, export; by keyboard alone; at 320 px; without JavaScript."""

import csv
import io
import os
import shutil
from collections.abc import Iterator
from ctypes.util import find_library
from typing import Any

import pytest

from tests.web.conftest import Site
from tests.web.test_pages import PAGES

pytestmark = pytest.mark.browser
ARGUMENTS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
LINKS = ".row__title a"
SMALL = """[...document.querySelectorAll('a[href], button, input, summary')]
    .filter((e) => e.checkVisibility() && !e.closest('p, dd, td, th, h3, .vh, .skip, label'))  // links in text are exempt
    .filter((e) => e.getBoundingClientRect().height > 0 && e.getBoundingClientRect().height < 23.5)
    .map((e) => e.outerHTML.slice(0, 120))"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None or not find_library("atomic"):  # the driver's own program is linked to it
        missing = "no Chromium or no libatomic on this machine: apt-get install chromium libatomic1"
        if os.environ.get("THROUGHLINE_BROWSER") == "required":
            pytest.fail(missing)
        pytest.skip(missing)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


class Window:
    """A tab, and everything the browser complained about in it."""

    def __init__(self, browser: Any, site: Site, **more: Any) -> None:
        self.context = browser.new_context(
            viewport={"width": more.pop("width", 1440), "height": 900}, accept_downloads=True, **more
        )
        self.tab, self.site, self.complaints = self.context.new_page(), site, list[str]()
        self.tab.on(
            "console", lambda message: self.complaints.append(message.text) if message.type in ("error", "warning") else None
        )
        self.tab.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self, path: str) -> Any:
        self.tab.goto(self.site.url + path)
        return self.tab

    def __enter__(self) -> "Window":
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()


def test_from_the_list_to_a_change_and_back_and_the_same_ids_in_the_csv(chromium: Any, full: Site) -> None:
    with Window(chromium, full) as window:
        tab = window.open("/")
        tab.get_by_role("link", name="Changes", exact=True).first.click()
        tab.fill("#q", "workspace:net-prod")
        tab.press("#q", "Enter")
        tab.wait_for_url("**/changes?q=workspace*")
        shown = [str(link.get_attribute("href")).rsplit("/", 1)[1] for link in tab.locator(LINKS).all()]
        first = tab.locator(LINKS).first
        title = first.inner_text()
        first.click()
        assert tab.locator("h1").inner_text() == title
        assert tab.locator("table.steps tbody tr").count() > 3
        tab.go_back()
        assert "net-prod" in tab.input_value("#q")
        with tab.expect_download() as caught:
            tab.locator("[data-export]").click()
        rows = list(csv.DictReader(io.StringIO(caught.value.path().read_text())))
        assert [row["id"] for row in rows] == shown
        assert window.complaints == []


def test_from_the_drift_ledger_to_an_episode_and_back_and_the_same_ids_in_the_csv(chromium: Any, full: Site) -> None:
    with Window(chromium, full) as window:
        tab = window.open("/")
        tab.keyboard.press("g")
        tab.keyboard.press("d")
        tab.wait_for_url("**/drift")
        tab.fill("#q", "source:argocd-eu is:open")
        tab.press("#q", "Enter")
        tab.wait_for_url("**/drift?q=source*")
        shown = [str(link.get_attribute("href")).rsplit("/", 1)[1] for link in tab.locator(".episodes th a").all()]
        tab.locator(".drift-now th a").first.click()
        assert tab.locator("h1").inner_text() == "Drift 0, Deployment payments-api"
        assert tab.locator("details.fold").count() == 2
        assert not tab.get_by_text("apiVersion: apps/v1").is_visible()
        tab.locator("details.fold summary").first.click()
        assert tab.get_by_text("apiVersion: apps/v1").is_visible()
        tab.get_by_role("link", name="Every line").click()
        tab.wait_for_url("**lines=all*")
        assert tab.get_by_text("apiVersion: apps/v1").is_visible()
        tab.go_back()
        tab.go_back()
        assert "argocd-eu" in tab.input_value("#q")
        with tab.expect_download() as caught:
            tab.locator("[data-export]").click()
        rows = list(csv.DictReader(io.StringIO(caught.value.path().read_text())))
        assert [row["id"] for row in rows] == shown
        assert window.complaints == []


def test_a_difference_prints_and_folds_open_without_javascript(chromium: Any, full: Site) -> None:
    episode = next(one["id"] for one in full.get("/api/v1/drift?q=cause:live-edit").json()["items"])
    with Window(chromium, full, java_script_enabled=False, width=390) as window:
        tab = window.open(f"/drift/{episode}")
        tab.locator("details.fold summary").first.click()
        assert tab.get_by_text("apiVersion: apps/v1").is_visible()
        tab.emulate_media(media="print")
        assert tab.locator("del").first.is_visible()


def test_by_keyboard_alone(chromium: Any, full: Site) -> None:
    with Window(chromium, full) as window:
        tab = window.open("/")
        tab.keyboard.press("g")
        tab.keyboard.press("c")
        tab.wait_for_url("**/changes")
        tab.keyboard.press("/")
        assert tab.evaluate("document.activeElement.id") == "q"
        tab.keyboard.type("jk?")
        assert tab.input_value("#q") == "jk?"
        tab.keyboard.press("Escape")
        tab.keyboard.press("j")
        tab.keyboard.press("j")
        tab.keyboard.press("k")
        assert tab.locator("[data-row][aria-current]").count() == 1
        wanted = tab.locator(LINKS).first.get_attribute("href")
        tab.keyboard.press("Enter")
        tab.wait_for_url(f"**{wanted}")
        tab.keyboard.press("?")
        assert tab.locator("#keys").is_visible()
        tab.keyboard.press("Escape")
        assert not tab.locator("#keys").is_visible()
        assert window.complaints == []


def test_keys_can_be_switched_off(chromium: Any, full: Site) -> None:
    with Window(chromium, full) as window:
        tab = window.open("/changes")
        tab.keyboard.press("?")
        tab.locator("#keys-on").uncheck()
        tab.locator("[data-close]").click()
        tab.keyboard.press("j")
        assert tab.locator("[data-row][aria-current]").count() == 0


@pytest.mark.parametrize("width", [320, 390, 768, 1440])
@pytest.mark.parametrize(
    "path", [*PAGES, "change", "episode", "hostile", "/events/0", "/changes?q=pr:404", "/changes?q=aproved:ben"]
)
def test_nothing_scrolls_sideways_and_nothing_complains(chromium: Any, full: Site, path: str, width: int) -> None:
    if path in ("episode", "hostile"):
        query = "cause:live-edit" if path == "episode" else "onerror"
        path = "/drift/" + full.get(f"/api/v1/drift?q={query}&limit=1").json()["items"][0]["id"]
    if path == "change":
        path = "/changes/" + full.get("/api/v1/changes?q=pr:404&limit=1").json()["items"][0]["id"]
    with Window(chromium, full, width=width, color_scheme="dark") as window:
        tab = window.open(path)
        assert tab.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
        small = tab.evaluate(SMALL)
        assert small == []
        assert [c for c in window.complaints if "400 (Bad Request)" not in c] == []


def test_everything_is_there_without_javascript(chromium: Any, full: Site) -> None:
    with Window(chromium, full, java_script_enabled=False, width=390) as window:
        tab = window.open("/changes")
        tab.get_by_role("button", name="Narrow by…").click()
        tab.locator(".facet a").first.click()
        assert tab.locator(".chip").count() == 1
        tab.get_by_role("button", name="Pages").click()
        tab.get_by_role("link", name="Sources", exact=True).click()
        assert tab.locator("h1").inner_text() == "Sources"


def test_the_readers_own_zone_is_offered(chromium: Any, full: Site) -> None:
    with Window(chromium, full, timezone_id="Asia/Tokyo") as window:
        tab = window.open("/ledger")
        tab.get_by_role("link", name="Local").click()
        assert "JST" in tab.locator("table time").first.inner_text()
        tab.get_by_role("link", name="Changes", exact=True).first.click()
        assert "Tokyo" in tab.locator(".zone").first.inner_text()


def test_newer_changes_wait_behind_a_pill(chromium: Any, full: Site) -> None:
    with Window(chromium, full) as window:
        tab = window.context.new_page()
        tab.clock.install()
        known = full.get("/api/v1/changes/count").json()["count"]
        tab.route("**/api/v1/changes/count", lambda route: route.fulfill(json={"count": known + 3, "sentence": ""}))
        tab.goto(full.url + "/changes")
        assert not tab.locator(".pill").is_visible()
        tab.clock.run_for(25_000)
        tab.locator(".pill").wait_for(state="visible")
        assert tab.locator(".pill").inner_text() == "3 newer changes"
