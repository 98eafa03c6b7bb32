"""Who decides, honestly: there is no login in this version, so a proxy must name them, or the portal listens for one alone.

A form is taken only from a page of ours: the browser says where it comes from (Fetch Metadata, else Origin), the address is one
of ours, and the form carries a mark that only we can make. https://www.w3.org/TR/fetch-metadata/
"""

import hmac
import secrets
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit

from fastapi import Request

from app.domain.actor import Actor
from app.domain.identity import Identities

LONGEST = 200  # characters of a name


def _random() -> bytes:
    return secrets.token_bytes(32)


class Closed(Exception):
    """Nobody may decide here; the text says why."""


@dataclass(frozen=True)
class Deciding:
    """`identities` is what the list says. With neither header nor local user the forms are closed."""

    identities: Identities = field(default_factory=Identities)
    user_header: str = ""
    local_user: str = ""
    public_url: str = ""
    key: bytes = field(default_factory=_random, repr=False)

    def who(self, request: Request) -> Actor:
        """Raises Closed, with one sentence for the page."""
        if self.user_header:
            names = request.headers.getlist(self.user_header)
            name = " ".join(_decoded(names[0]).split()) if len(names) == 1 else ""
            if not name:
                raise Closed(f"The proxy in front of this page names nobody in {self.user_header}, so nobody can decide here.")
            if len(name) > LONGEST or not name.isprintable():
                raise Closed(f"What the proxy says in {self.user_header} is no name, so nobody can decide here.")
            return Actor(name, because=f"named by the proxy in {self.user_header}")
        if self.local_user:
            if not _loopback(_host(request.headers.get("host", ""))):
                raise Closed("This page was asked for by another name than this machine’s own, so nobody can decide here.")
            return Actor(self.local_user, because="the local user that the settings name")
        raise Closed(
            "Decisions are closed on this page, for nothing says who you are: set [web] user_header behind a proxy that signs "
            "people in, or use the command `throughline people`."
        )

    def ours(self, request: Request) -> bool:
        """Whether a form comes from a page of this portal, asked for by an address of this portal."""
        host, origin = request.headers.get("host", ""), request.headers.get("origin")
        site = request.headers.get("sec-fetch-site")
        if site is not None and site != "same-origin":
            return False
        if origin is None and site is None:
            return False
        if self.local_user and not self.user_header:
            return _loopback(_host(host)) and (origin is None or urlsplit(origin).netloc.lower() == host.lower())
        return origin is None or origin.lower() == _origin(self.public_url)

    def mark(self, *parts: str) -> str:
        """What proves that we made a form of these parts."""
        return hmac.new(self.key, "\x1f".join(parts).encode("utf-8", "replace"), "sha256").hexdigest()

    def made(self, mark: str, *parts: str) -> bool:
        return hmac.compare_digest(mark.encode("utf-8", "replace"), self.mark(*parts).encode())


def _decoded(header: str) -> str:
    """Headers are read as Latin-1; a proxy that sends a name in UTF-8 is understood too."""
    try:
        return header.encode("latin-1").decode()
    except UnicodeError:
        return header


def _origin(url: str) -> str:
    """Scheme, host and port, as a browser writes them."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port and parts.port != {"http": 80, "https": 443}.get(parts.scheme) else ""
    host = parts.hostname or ""
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}"


def _host(text: str) -> str:
    try:
        return urlsplit(f"//{text}").hostname or ""
    except ValueError:
        return ""


def _loopback(name: str) -> bool:
    """Guards against names that others let point here (DNS rebinding): only this machine's own count."""
    if name.lower() == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
