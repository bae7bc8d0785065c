"""The watch: how long the queues are, and how long their messages wait; told where alerts can see it."""

import logging

from shared.names import QUEUES
from shared.services import Services

log = logging.getLogger("darkroom.watch")


def watch(services: Services) -> None:
    """Tell depth and age of every queue that is there.

    The depth counts hidden messages, too, as the service does, and roughly. The age is that of the oldest of the first
    32 messages that are not hidden, in seconds since it was posted; a message that waits is posted anew each time.
    """
    for queue in QUEUES:
        depth = services.storage.depth(queue)
        if depth is None:
            continue
        posted = [message.inserted for message in services.storage.queue(queue).peek()]
        age = max(0.0, (services.now() - min(posted)).total_seconds()) if posted else 0.0
        log.info("queue queue=%s depth=%d age=%.0f", queue, depth, age)
        services.telemetry.level("darkroom.queue.depth", depth, queue=queue)
        services.telemetry.level("darkroom.queue.age", age, queue=queue)
