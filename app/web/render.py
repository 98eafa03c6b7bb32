"""Templates: they see one object, `page`, under StrictUndefined; a name that is not there is an error, not a blank."""

import re
from pathlib import Path
from typing import Any, Protocol

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from app.web.assets import Assets
from app.web.csp import NO_STORE

# Characters that are not seen and change how the text around them is read: shown as what they are.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\ufff9-\ufffb]")


def visible(value: Any) -> Any:
    """Text with its direction marks and control characters written out; everything else as it is."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return "" if value is None else value
    if value.isascii() and value.isprintable():
        return value
    return _UNSEEN.sub(lambda m: f"⟨U+{ord(m.group()):04X}⟩", value)


class HasShell(Protocol):
    @property
    def shell(self) -> Any: ...


class Templates:
    def __init__(self, folder: Path, assets: Assets) -> None:
        self.environment = Environment(
            loader=FileSystemLoader(folder),
            autoescape=True,
            undefined=StrictUndefined,
            finalize=visible,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self.environment.globals["asset"] = assets.address

    def text(self, name: str, page: HasShell) -> str:
        return self.environment.get_template(name).render(page=page)

    def page(self, name: str, page: HasShell, status: int = 200) -> HTMLResponse:
        return HTMLResponse(self.text(name, page), status, {"cache-control": NO_STORE})
