"""Run as a process by test_embedded.py: starts or joins the server of a folder, says so, and waits to be told to go.

python -m tests.keep_postgres FOLDER
"""

import json
import os
import sys
from pathlib import Path

from app.db.embedded import start


def main() -> None:
    with start(Path(sys.argv[1])) as server:
        sys.stdout.write(json.dumps({"url": server.url, "owned": server.owned, "pid": server.pid, "uid": os.geteuid()}) + "\n")
        sys.stdout.flush()
        sys.stdin.readline()


if __name__ == "__main__":
    main()
