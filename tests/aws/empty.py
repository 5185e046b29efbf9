"""The deployment on emulated AWS with a simulated world around it, and nothing configured, until somebody ends it. Prints where
everything is, as JSON.

`ONLY=aws tests/console/run` starts it, and plays the first hour of an administrator there.
"""

import json
import signal
import sys
from contextlib import ExitStack

from stack import ADMIN_TOKEN, Aws, Stack, World


def main():
    with ExitStack() as servers:
        world = servers.enter_context(World())
        stack = Stack(servers.enter_context(Aws()), world.lever_url)
        print(json.dumps({"api": stack.url, "token": ADMIN_TOKEN, "places": world.places}), flush=True)
        signal.pause()


if __name__ == "__main__":
    # Whoever ends it leaves no server behind.
    for asked in [signal.SIGINT, signal.SIGTERM]:
        signal.signal(asked, lambda *_: sys.exit())
    main()
