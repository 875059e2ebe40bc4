"""How often each route gave which answer, and how long that took."""

from keystead.domain.load import STEP_SECONDS, SUM, Histogram, new_cells
from keystead.logs import RequestLine

Answer = tuple[str, str | None, int, str | None, str | None]
"""Method, template of the path, status, code of the problem, and limit that was reached."""

STEPS_IN_MS = round(0.001 / STEP_SECONDS)


class Tally:
    """Counts answers. As many kinds as routes have outcomes: nothing a client can write is among them."""

    def __init__(self) -> None:
        self._cells: dict[Answer, list[float]] = {}

    def add(self, line: RequestLine) -> None:
        """Count the answer to one request."""
        try:
            cells = self._cells[line.method, line.route, line.status, line.code, line.limit]
        except KeyError:
            cells = self._begun(line)
        # What `Histogram.add` does, written out: a call more is a third of the cost of all this.
        cells[int(line.ms * STEPS_IN_MS).bit_length()] += 1
        cells[SUM] += line.ms / 1000

    def answers(self) -> dict[Answer, Histogram]:
        """Return what was counted so far."""
        return {answer: Histogram(cells) for answer, cells in list(self._cells.items())}

    def _begun(self, line: RequestLine) -> list[float]:
        # Without a route the method is whatever the client calls it.
        method = line.method if line.route else ""
        answer = (method, line.route, line.status, line.code, line.limit)
        return self._cells.setdefault(answer, new_cells())
