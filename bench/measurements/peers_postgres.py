"""Keystead beside other projects on PostgreSQL: what asks the database, and nothing that hashes."""

from dataclasses import replace

from bench.load.http import CONNECTIONS
from bench.measurements import peer_verbs
from bench.measurements.peers import by_size, explained, session_checks, taking_part
from bench.measurements.postgres import postgres_server
from bench.peers.entrant import Entrant, Filled
from bench.plan import TOKENS, Plan
from bench.rounds import Result
from tests.databases.postgres_server import Cluster

DURABLE = {"fsync": "on", "full_page_writes": "on"}
NOTE = "each on one PostgreSQL server with its defaults for commits, on the core of the load"


def measure(plan: Plan) -> Result:
    """Compare session checks and refreshes."""
    entrants, notes = taking_part()
    plan = replace(plan, folder=plan.folder / "postgres")
    with postgres_server(**DURABLE) as server:
        filled = {
            (entrant.name, sessions): _fill(plan, entrant, sessions, server)
            for sessions in plan.sessions
            for entrant in entrants
        }
        everybody = by_size(plan, entrants, filled)
        figures = [
            *session_checks(plan, entrants, filled),
            *(
                figure
                for sessions, each in everybody.items()
                for figure in peer_verbs.refreshes(plan, entrants, each, sessions)
            ),
        ]
    return Result(
        "peers-postgres",
        f"the same on PostgreSQL, {TOKENS:,} sessions in turn, {CONNECTIONS} connections",
        figures,
        [*notes, NOTE, *explained(plan, entrants, everybody[plan.sessions[0]])],
    )


def _fill(plan: Plan, entrant: Entrant, sessions: int, server: Cluster) -> Filled:
    print(f"filling {entrant.name}'s database with {sessions:,} sessions ...", flush=True)
    folder = plan.folder_of_peer(entrant.name, sessions)
    database = folder.name.replace("-", "_")
    server.make_database(database)
    return entrant.fill_postgres(folder, sessions, TOKENS, server, database)
