"""The worker may die, hang or be killed: messages survive, and no process is left behind."""

from __future__ import annotations

import json
import time
from typing import Any

from local.processes import alive
from tests.host.conftest import Bench, until

SHORT_LEASE = ["--lease-seconds", "2"]


def queues(**options: Any) -> dict[str, Any]:
    """Make the host.json section for queues."""
    return {"queues": {"maxPollingInterval": "00:00:00.2", **options}}


def test_a_killed_worker_gives_its_message_back_after_the_lease(bench: Bench) -> None:
    """SIGKILL under a run: nobody settles the message, it comes back when its lease is out, counted, to a new
    worker.
    """
    bench.queue().send_message(json.dumps({"sleep": 1}))
    host = bench.run("commands", extensions=queues(), arguments=SHORT_LEASE)
    until(lambda: bench.notes("start"))

    old = host.kill_worker()

    until(lambda: bench.notes("end"))
    first, second = bench.notes("start")
    assert (first["count"], second["count"]) == (1, 2)
    assert second["time"] - first["time"] >= 1.5
    assert host.worker() != old
    assert "abandoned" in host.log()


def test_a_crash_loop_ends_in_the_poison_queue(bench: Bench) -> None:
    """A message that kills every worker is buried once its count is above the limit, and the host goes on."""
    text = json.dumps({"die": True})
    bench.queue().send_message(text)

    host = bench.run("commands", extensions=queues(maxDequeueCount=2), arguments=["--lease-seconds", "1"])

    assert until(lambda: bench.notes("buried"))[0]["body"] == text
    assert [note["count"] for note in bench.notes("start")] == [1, 2]
    bench.queue().send_message("fine")
    until(lambda: bench.notes("end"))
    assert "ended with status -9" in host.log()


def test_a_worker_that_cannot_load_any_more_is_tried_again(bench: Bench) -> None:
    """An app that breaks under a running host is said and tried again, and runs on once it is mended."""
    host = bench.run("commands", extensions=queues())
    script = bench.folder / "commands" / "function_app.py"
    sound = script.read_text()
    script.write_text("import no_such_module")
    host.kill_worker()
    until(lambda: "No module named 'no_such_module' Trying again" in host.log())

    script.write_text(sound)
    bench.queue().send_message("waited")

    until(lambda: bench.notes("end"))


def test_a_timeout_fails_its_run_and_takes_the_siblings_down(bench: Bench) -> None:
    """functionTimeout settles the late message as failed at once, restarts the worker, and the sibling returns
    after its lease.
    """
    late, sibling = json.dumps({"sleep": 30}), json.dumps({"sleep": 1.2, "sibling": True})
    bench.queue().send_message(late)
    host = bench.run(
        "commands", functionTimeout="00:00:02", extensions=queues(maxDequeueCount=1), arguments=["--lease-seconds", "3"]
    )
    old = host.worker()
    until(lambda: bench.notes("start"))
    time.sleep(1.2)
    bench.queue().send_message(sibling)

    buried = until(lambda: bench.notes("buried"))

    assert buried[0]["body"] == late
    assert host.worker() != old
    until(lambda: len(bench.notes("buried")) == 2)
    assert bench.notes("buried")[1]["body"] == sibling, "its second delivery is above the limit of one"
    assert "outran functionTimeout" in host.log()


def test_the_timeout_runs_while_an_invocation_waits_for_a_thread(bench: Bench) -> None:
    """With one thread the second of two runs outruns functionTimeout although it alone would not."""
    for _ in range(2):
        bench.queue().send_message(json.dumps({"sleep": 0.7}))

    host = bench.run(
        "commands",
        functionTimeout="00:00:01",
        extensions=queues(maxDequeueCount=1),
        settings={"PYTHON_THREADPOOL_THREAD_COUNT": "1"},
    )

    until(lambda: bench.notes("buried"))
    assert len(bench.notes("end")) == 1
    assert "outran functionTimeout" in host.log()


def test_an_orderly_end_lets_runs_finish_and_leaves_nothing(bench: Bench) -> None:
    """SIGTERM: the run under way ends and is settled, the worker is gone, the exit status is 0."""
    bench.queue().send_message(json.dumps({"sleep": 1}))
    host = bench.run("commands", extensions=queues())
    worker = host.worker()
    until(lambda: bench.notes("start"))

    status = host.stop()

    assert status == 0
    assert len(bench.notes("end")) == 1
    assert bench.queue().get_queue_properties().approximate_message_count == 0
    assert not alive(worker)


def test_no_worker_outlives_a_killed_host(bench: Bench) -> None:
    """SIGKILL of the host ends its worker too."""
    host = bench.run("commands", extensions=queues())
    worker = host.worker()

    host.process.kill()
    host.process.wait()

    until(lambda: not alive(worker))


def test_user_output_and_tracebacks_reach_the_log(bench: Bench) -> None:
    """A failed run shows the exception, the end of the traceback, the invocation id and the milliseconds."""
    bench.queue().send_message(json.dumps({"fail": True}))

    host = bench.run("commands", extensions=queues(maxDequeueCount=1))

    until(lambda: bench.notes("buried"))
    invocation = bench.notes("start")[0]["invocation"]
    assert f"obey ({invocation}) failed: ValueError: asked to fail" in host.log()
    assert 'raise ValueError("asked to fail")' in host.log()
    assert f"executed obey ({invocation}): failed, " in host.log()
