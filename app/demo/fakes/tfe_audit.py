"""The fake's audit trail, as HCP Terraform has one: plain JSON, fourteen days, a token of its own.

https://developer.hashicorp.com/terraform/cloud-docs/api-docs/audit-trails
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

KEPT = timedelta(days=14)
PRINTED = "planted-variable-value"


@dataclass
class AuditTrail:
    """`hcp`: whether there is a trail at all. `token`: the only one it opens to. `size`: entries a page, at most."""

    hcp: bool = False
    token: str = "audit-demo-token"
    size: int = 1000
    entries: list[dict[str, Any]] = field(default_factory=list)

    def note(
        self,
        at: datetime,
        who: Any,
        of: tuple[str, str],
        action: str,
        meta: Mapping[str, Any] | None = None,
        *,
        kind: str = "Client",
        impersonator: str | None = None,
    ) -> dict[str, Any]:
        """`who`, an account of the fake's (None: the system), did `action` to the (type, id) `of`."""
        told = {
            "id": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{len(self.entries)}/{at.isoformat()}/{of}/{action}")),
            "version": "0",
            "type": "Resource",
            "timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "auth": {
                "accessor_id": who.id if who else "system",
                "description": who.username if who else "system",
                "type": kind if who else "System",
                "impersonator_id": impersonator,
                "organization_id": "org-demo",
            },
            "request": {"id": None},
            "resource": {"id": of[1], "type": of[0], "action": action, "meta": dict(meta) if meta is not None else None},
        }
        self.entries.append(told)
        return told


def routes(state: Any, refused: Callable[[Request, str], Response | None]) -> list[Route]:
    """`refused` is the fake's own door, told which token opens it."""

    def answer(request: Request) -> Response:
        with state.lock:
            trail: AuditTrail = state.audit
            if not trail.hcp:
                refusal = refused(request, state.token)
                return refusal or JSONResponse({"errors": [{"status": "404", "title": "not found"}]}, 404)
            refusal = refused(request, trail.token)
            return refusal or JSONResponse(_page(trail, request, state.now()))

    return [Route("/api/v2/organization/audit-trail", answer, methods=["GET"])]


def _page(trail: AuditTrail, request: Request, now: datetime) -> dict[str, Any]:
    query = request.query_params
    since = query.get("since", "")
    held = [one for one in trail.entries if one["timestamp"] > since and datetime.fromisoformat(one["timestamp"]) > now - KEPT]
    size, number = min(trail.size, int(query.get("page[size]", 1000))), int(query.get("page[number]", 1))
    last = max(1, -(-len(held) // size))
    pagination = {
        "current_page": number,
        "prev_page": number - 1 or None,
        "next_page": number + 1 if number < last else None,
        "total_pages": last,
        "total_count": len(held),
    }
    return {"data": held[(number - 1) * size : number * size], "pagination": pagination}
