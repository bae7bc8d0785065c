"""The app itself, in memory, computing the vectors that the command asks for while time passes."""

import json
from pathlib import Path
from typing import Any

from cli.follow import Clock
from shared.embedding_jobs import embedding_message
from shared.names import EMBEDDING_JOBS
from tests.fakes import Bench


class EmbeddingApp:
    """A `Bench` whose queue of embedding jobs is worked on when the command sleeps.

    Seconds pass only once something was posted, so that no thread can be too late for them.
    """

    def __init__(self, **settings: Any) -> None:
        self.bench = Bench.make(**settings)
        self.storage = self.bench.storage
        self.embeddings = self.bench.embeddings
        self.posted: list[dict[str, Any]] = []
        self.works = True
        self._seconds = 0.0

    def clock(self) -> Clock:
        """This time, as the command takes it."""
        return Clock(lambda: self._seconds, self.sleep)

    def sleep(self, seconds: float) -> None:
        """Let time pass and the app work."""
        waiting = self.storage.queues.get(EMBEDDING_JOBS, [])
        if not waiting and not self.posted:
            return
        self._seconds += seconds
        self.bench.clock.forward(seconds=seconds)
        due = [one for one in waiting if (self.bench.clock.now - one.at).total_seconds() >= one.delay]
        for message in due if self.works else ():
            waiting.remove(message)
            self.posted.append(json.loads(message.text))
            embedding_message(self.bench.services, message.text.encode(), 1, "m-1")

    def messages(self) -> list[dict[str, Any]]:
        """What the app was asked for, without ids."""
        return [{key: value for key, value in message.items() if key != "job_id"} for message in self.posted]


def files(folder: Path) -> list[str]:
    """All files below a folder."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
