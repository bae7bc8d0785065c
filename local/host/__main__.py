"""`python -m local.host --app DIR`: run a function app on this machine."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
from pathlib import Path

from local.host.errors import Refused
from local.host.host import Host, Options
from local.host.lease import LEASE_SECONDS
from local.host.watcher import EventFaults
from local.host.web import bind


def _arguments(arguments: list[str]) -> Options:
    parser = argparse.ArgumentParser(
        prog="python -m local.host", description="Run a Python function app on this machine."
    )
    parser.add_argument("--app", type=Path, required=True, help="folder with function_app.py and host.json")
    parser.add_argument("--port", type=int, default=7071, help="port on 127.0.0.1, 0 for a free one (default 7071)")
    parser.add_argument("--ready-file", type=Path, help='file to write {"pid", "url"} to when the host runs')
    parser.add_argument("--state", type=Path, help="folder for what the host remembers (default DIR/.darkroom/host)")
    parser.add_argument("--lease-seconds", type=float, default=LEASE_SECONDS, help="for tests: shorter message leases")
    parser.add_argument(
        "--events", default="", help="for tests: duplicate,reorder,drop,delay, each with =PROBABILITY or always"
    )
    parser.add_argument("--events-seed", type=int, default=0, help="for tests: the seed of those faults")
    given = parser.parse_args(arguments)
    return Options(
        app=given.app.resolve(),
        port=given.port,
        ready_file=given.ready_file,
        state=given.state,
        lease_seconds=given.lease_seconds,
        faults=EventFaults.parse(given.events, given.events_seed),
    )


async def _run(options: Options) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with bind(options.port) as listener:
        host = await Host.load(options)
        await host.run(stop, listener)


def main(arguments: list[str]) -> int:
    """Run the host until SIGINT or SIGTERM (exit status 0); an app or setting that cannot be used is refused
    with status 1.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for chatty in ("azure", "uvicorn"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    try:
        asyncio.run(_run(_arguments(arguments)))
    except Refused as error:
        sys.stderr.write(f"{error}\n{error.detail}".rstrip() + "\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
