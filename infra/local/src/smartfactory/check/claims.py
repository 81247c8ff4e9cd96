"""The form of a claim: a name, how many things it looked at, and what it found wrong."""

from dataclasses import dataclass, field

from smartfactory.season.options import Finding


@dataclass(slots=True)
class Claim:
    """One thing that must be so."""

    name: str
    looked_at: int = 0
    findings: list[Finding] = field(default_factory=list)

    def expect(self, where: str, *, expected: object, found: object, what: str | None = None) -> None:
        """Compare one thing; a difference becomes a finding, under the claim's name or a more exact one."""
        self.looked_at += 1
        if expected != found:
            self.findings.append(Finding(what or self.name, where, str(expected), str(found)))
