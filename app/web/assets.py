"""Static files: read once, served under a name that carries their digest, so that a browser may keep them for ever."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, HTTPException, Response

from app.web.csp import IMMUTABLE

TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Asset:
    name: str  # parts.1f2e3d4c5b6a.css
    kind: str
    body: bytes


class Assets:
    """Every file of `folder`; `address("parts.css")` is where a page finds it."""

    def __init__(self, folder: Path) -> None:
        files = [path for path in sorted(folder.iterdir()) if path.suffix in TYPES]
        self._by_plain: Mapping[str, Asset] = {path.name: _asset(path) for path in files}
        self._by_name = {asset.name: asset for asset in self._by_plain.values()}

    def address(self, plain: str) -> str:
        """Raises KeyError for a file that is not there: a page never links to nothing."""
        return f"/static/{self._by_plain[plain].name}"

    def router(self) -> APIRouter:
        router = APIRouter(include_in_schema=False)

        @router.get("/static/{name}")
        def static(name: str) -> Response:
            asset = self._by_name.get(name)
            if asset is None:
                raise HTTPException(404, "there is no such file")
            return Response(asset.body, media_type=asset.kind, headers={"cache-control": IMMUTABLE})

        return router


def _asset(path: Path) -> Asset:
    body = path.read_bytes()
    mark = hashlib.sha256(body).hexdigest()[:12]
    return Asset(f"{path.stem}.{mark}{path.suffix}", TYPES[path.suffix], body)
