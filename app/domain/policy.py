"""What one policy said of a run, whichever of Terraform Enterprise's three policy systems it was evaluated in."""

from dataclasses import dataclass
from datetime import datetime

from app.domain.actor import Actor


@dataclass(frozen=True, slots=True)
class PolicyResult:
    """`level`: hard-mandatory, soft-mandatory, advisory; mandatory (of a policy evaluation: one of the two, not told which; of
    Terraform policy: cannot be overridden), mandatory_overridable; None when the source does not say.
    """

    run: str
    set: str
    policy: str
    level: str | None
    verdict: str  # passed · failed · errored · unknown
    overridden_by: Actor | None = None
    overridden_at: datetime | None = None
    description: str = ""
    comment: str = ""  # what the overrider gave as the reason
    system: str = ""  # sentinel · policy-evaluation · terraform-policy
    engine: str = ""  # opa · sentinel, where a policy evaluation tells it
    check: str = ""  # the id of the policy check or evaluation
    at: datetime | None = None  # when it was judged

    @property
    def waivable(self) -> bool | None:
        """Whether an override lets a failure of it pass; None when its level is not told."""
        if self.level is None:
            return None
        return self.level not in ("advisory", "hard-mandatory") and (self.system, self.level) != ("terraform-policy", "mandatory")
