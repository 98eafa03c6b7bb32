"""Which clause of which framework each control serves. Frameworks are views over the same controls."""

from dataclasses import dataclass

SOX, PCI, FFIEC, DORA = "SOX ITGC", "PCI DSS 4.0.1", "FFIEC", "DORA"
NIST, ISO, SOC2 = "NIST 800-53", "ISO 27001", "SOC 2"
FRAMEWORKS = (SOX, PCI, FFIEC, DORA, NIST, ISO, SOC2)


@dataclass(frozen=True, slots=True)
class Clause:
    """`clause` is the framework's own number, or the usual name of the attribute where it has no numbers."""

    framework: str
    clause: str


SERVES: dict[str, tuple[tuple[str, str], ...]] = {
    "AUTH-1": (
        (SOX, "authorised request"),
        (PCI, "6.5.1"),
        (FFIEC, "AIO change management"),
        (DORA, "Art 9(4)(e)"),
        (NIST, "CM-3"),
        (ISO, "A.8.32"),
        (SOC2, "CC8.1"),
    ),
    "AUTH-2": (
        (SOX, "approved before migration"),
        (PCI, "6.5.1"),
        (PCI, "6.2.3.1"),
        (FFIEC, "AIO change management"),
        (DORA, "Art 9(4)(e)"),
        (NIST, "CM-3"),
        (ISO, "A.8.32"),
        (SOC2, "CC8.1"),
    ),
    "AUTH-2b": ((SOX, "approved before migration"), (PCI, "6.2.3.1"), (NIST, "CM-3"), (SOC2, "CC8.1")),
    "AUTH-3": (
        (SOX, "approved before migration"),
        (PCI, "6.5.1"),
        (NIST, "CM-3(1)"),
        (DORA, "Art 9(4)(e)"),
        (SOC2, "CC8.1"),
    ),
    "AUTH-4": ((SOX, "approved before migration"), (NIST, "CM-3(1)"), (SOC2, "CC8.1")),
    "AUTH-6": ((SOX, "approved before migration"), (NIST, "CM-3(1)"), (NIST, "CM-5(1)"), (SOC2, "CC8.1")),
    "SOD-1": (
        (SOX, "segregation of duties"),
        (PCI, "6.2.3.1"),
        (FFIEC, "DA&M segregation of duties"),
        (DORA, "RTS 2024/1774 Art 17(b)"),
        (NIST, "AC-5"),
        (ISO, "A.8.32"),
        (SOC2, "CC8.1"),
    ),
    "SOD-2": (
        (SOX, "segregation of duties"),
        (FFIEC, "DA&M segregation of duties"),
        (DORA, "RTS 2024/1774 Art 17(b)"),
        (NIST, "AC-5"),
        (SOC2, "CC8.1"),
    ),
    "SOD-3": (
        (SOX, "segregation of duties"),
        (PCI, "6.5.4"),
        (FFIEC, "DA&M segregation of duties"),
        (DORA, "RTS 2024/1774 Art 17(b)"),
        (NIST, "AC-5"),
        (SOC2, "CC8.1"),
    ),
    "TEST-1": (
        (SOX, "tested"),
        (PCI, "6.5.1"),
        (DORA, "Art 9(4)(e)"),
        (NIST, "CM-3(2)"),
        (SOC2, "CC8.1"),
    ),
    "TEST-3": (
        (SOX, "tested"),
        (PCI, "6.5.1"),
        (PCI, "2.2.1"),
        (DORA, "RTS 2024/1774 Art 17(a)"),
        (NIST, "CM-3(2)"),
        (SOC2, "CC8.1"),
    ),
    "TEST-4": ((SOX, "tested"), (PCI, "2.2.1"), (DORA, "RTS 2024/1774 Art 17(a)"), (NIST, "CM-3(2)"), (SOC2, "CC8.1")),
    "DEPL-1": (
        (SOX, "migration to production is what was approved"),
        (PCI, "6.5.4"),
        (DORA, "Art 9(4)(e)"),
        (NIST, "CM-3"),
        (SOC2, "CC8.1"),
    ),
    "DEPL-2": ((SOX, "migration to production is what was approved"), (DORA, "Art 9(4)(e)"), (NIST, "CM-3"), (SOC2, "CC8.1")),
    "DEPL-3": ((SOX, "migration to production is what was approved"), (NIST, "CM-5"), (SOC2, "CC8.1")),
    "DEPL-4": ((SOX, "migration to production is what was approved"), (NIST, "AU-3"), (NIST, "CM-5(1)"), (SOC2, "CC8.1")),
    "DEPL-5": ((DORA, "Art 9(4)(e)"), (NIST, "CM-3(2)"), (SOC2, "CC8.1")),
    "DEPL-6": ((DORA, "RTS 2024/1774 Art 17(c)"), (ISO, "A.8.32"), (SOC2, "CC8.1"), (FFIEC, "AIO change management")),
    "EMER-2": ((SOX, "emergency changes"), (DORA, "RTS 2024/1774 Art 17(g)"), (ISO, "A.8.32"), (SOC2, "CC8.1")),
    "SHADOW-3": (
        (SOX, "monitoring of direct changes"),
        (FFIEC, "AIO change management"),
        (ISO, "A.8.32"),
        (NIST, "AU-12"),
        (SOC2, "CC7.2"),
    ),
    "SHADOW-4": (
        (SOX, "monitoring of direct changes"),
        (PCI, "11.5.2"),
        (FFIEC, "AIO change management"),
        (NIST, "CM-6(2)"),
        (NIST, "SI-7"),
        (ISO, "A.8.32"),
        (SOC2, "CC7.1"),
    ),
}


def clauses(control: str) -> tuple[Clause, ...]:
    return tuple(Clause(framework, clause) for framework, clause in SERVES.get(control, ()))


def controls_of(framework: str) -> tuple[str, ...]:
    """The ids of the controls that serve a framework, in the order of the catalogue."""
    return tuple(control for control, served in SERVES.items() if any(name == framework for name, _ in served))
