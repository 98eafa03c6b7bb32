"""A page that says what is wrong."""

from dataclasses import dataclass

from app.web.views.shell import Shell


@dataclass(frozen=True, slots=True)
class ErrorPage:
    shell: Shell
    head: str
    text: str
    status: int
