"""Start the emulator: `python -m local.foundry --port 8780`."""

import argparse
import asyncio
import logging
import os
import sys
from pathlib import Path

from local.foundry.app import create_app
from local.foundry.server import serve
from local.foundry.settings import from_environment


def main() -> int:
    """Serve until told to end; exit code 0 then, 2 when the settings or the address cannot be used."""
    arguments = _arguments()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s %(message)s")
    try:
        settings = from_environment(os.environ)
        asyncio.run(serve(create_app(settings), arguments.host, arguments.port, arguments.ready_file))
    except (ValueError, OSError) as error:
        logging.getLogger("darkroom.foundry").error("cannot start: %s", error)
        return 2
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.foundry", description="Emulate Azure AI Foundry endpoints.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8780, help="port to listen on; 0 picks a free one")
    parser.add_argument("--ready-file", type=Path, help="written with pid and url when the emulator listens")
    return parser.parse_args()


if __name__ == "__main__":
    code = main()
    logging.shutdown()
    # Pages that are still being read run in native code, which cannot be interrupted; do not wait for them.
    os._exit(code)
