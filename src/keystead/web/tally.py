"""How often each route gave which answer, and how long that took."""

from keystead.domain.load import Histogram
from keystead.logs import RequestLine

Answer = tuple[str, str, int, str, str]
"""Method, template of the path (both empty where no route has it), status, code, and limit reached."""


class Tally:
    """
    Counts answers. As many kinds as routes have outcomes: nothing a client can write is among them.

    Args:
        answers: what was counted; only ever added to.

    """

    def __init__(self) -> None:
        self.answers: dict[Answer, Histogram] = {}

    def add(self, line: RequestLine) -> None:
        """Count the answer to one request."""
        route = line.route
        # Without a route the method is whatever the client calls it.
        method = line.method if route else ""
        answer = (method, route or "", line.status, line.code or "", line.limit or "")
        durations = self.answers.get(answer)
        if durations is None:
            durations = self.answers[answer] = Histogram()
        durations.add(line.ms / 1000)
