"""`python -m stories [port]`: serve them until Ctrl-C."""

import sys

from stories.server import serve

PORT = 3030

if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else PORT
    with serve(port) as address:
        print(f"Every page in every state: {address}/")
        try:
            input()
        except (EOFError, KeyboardInterrupt):
            print()
