"""Whether requests can be served, part by part, for whoever has to mend it."""

from dataclasses import dataclass

OK = "ok"
ABSENT = "absent"
"""Not there, and not asked for: as good."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """
    How each part is.

    Args:
        parts: name -> `ok`, `absent`, or what is the matter.
        needed: the parts without which nothing can be served.

    """

    parts: dict[str, str]
    needed: frozenset[str]

    @property
    def is_ready(self) -> bool:
        """Whether everything that is needed is well."""
        return all(self.parts[name] == OK for name in self.needed)

    @property
    def status(self) -> str:
        """`ok`, `degraded` if something is missing that can be done without, or `unavailable`."""
        if not self.is_ready:
            return "unavailable"
        return OK if set(self.parts.values()) <= {OK, ABSENT} else "degraded"
