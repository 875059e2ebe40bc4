"""How often each route gave which answer, and how long that took."""

from keystead.domain.load import STEP_SECONDS, SUM, Histogram, new_cells
from keystead.logs import RequestLine

Answer = tuple[str, str | None, int, str | None, str | None]
"""Method, template of the path, status, code of the problem, and limit that was reached."""

Cells = list[float]
"""As in `Histogram`, but for their sum, which is in steps."""

STEP_NS = round(STEP_SECONDS * 1e9)
STEPS_IN_MS = round(0.001 / STEP_SECONDS)


class Tally:
    """Counts answers. As many kinds as routes have outcomes: nothing a client can write is among them."""

    def __init__(self) -> None:
        self._cells: dict[Answer, Cells] = {}
        self._usual: dict[str, dict[str, dict[int, Cells]]] = {}
        """Of those that are no problem, by method, route and status: no key has to be made to find one."""

    def add(self, line: RequestLine, steps: int) -> None:
        """
        Count the answer to one request.

        Args: steps: how long it took, each of `STEP_SECONDS`.
        """
        try:
            if line.code is None:
                cells = self._usual[line.method][line.route][line.status]  # type: ignore[index]
            else:
                cells = self._find(line)
        except KeyError:
            cells = self._find(line)
        # What `Histogram.add` does, written out: a call more is a fifth of the cost of all this.
        cells[steps.bit_length()] += 1
        cells[-1] += steps

    def answers(self) -> dict[Answer, Histogram]:
        """Return what was counted so far."""
        return {
            answer: Histogram([*cells[:SUM], cells[SUM] * STEP_SECONDS])
            for answer, cells in list(self._cells.items())
        }

    def _find(self, line: RequestLine) -> Cells:
        # Without a route the method is whatever the client calls it.
        method = line.method if line.route else ""
        answer = (method, line.route, line.status, line.code, line.limit)
        cells = self._cells.setdefault(answer, new_cells())
        if line.route and line.code is None and line.limit is None:
            of_route = self._usual.setdefault(method, {}).setdefault(line.route, {})
            of_route[line.status] = cells
        return cells
