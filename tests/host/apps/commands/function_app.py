"""Queue functions that do what their message says and note what they saw."""

import asyncio
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import azure.functions as func

app = func.FunctionApp()


def note(event: str, **seen: Any) -> None:
    """Append one line to the file of notes; short appends do not mix."""
    with Path(os.environ["NOTES"]).open("a") as notes:
        notes.write(json.dumps({"event": event, "time": time.monotonic(), **seen}) + "\n")


def command(text: str) -> dict[str, Any]:
    """Read a message as a command; any other text asks for nothing."""
    return json.loads(text) if text.startswith("{") else {}


@app.queue_trigger(arg_name="msg", queue_name="%QUEUE%", connection="AzureWebJobsStorage")
def obey(msg: func.QueueMessage, context: func.Context) -> Any:
    """Note the message, then sleep, fail, return something or die."""
    text = msg.get_body().decode()
    asked = command(text)
    own = context.thread_local_storage.invocation_id  # type: ignore[attr-defined]  # the worker puts it there
    note("start", body=text, id=msg.id, count=msg.dequeue_count, invocation=context.invocation_id, own=own)
    time.sleep(asked.get("sleep", 0))
    if asked.get("die"):
        os.kill(os.getpid(), signal.SIGKILL)
    if asked.get("fail"):
        raise ValueError("asked to fail")
    note("end", body=text)
    return asked.get("return")


@app.queue_trigger(arg_name="msg", queue_name="%QUEUE%-async", connection="AzureWebJobsStorage")
async def obey_async(msg: func.QueueMessage) -> None:
    """Note the message and sleep without holding a thread."""
    text = msg.get_body().decode()
    note("start", body=text)
    await asyncio.sleep(command(text).get("sleep", 0))
    note("end", body=text)


@app.queue_trigger(arg_name="text", queue_name="%QUEUE%-poison", connection="AzureWebJobsStorage")
def bury(text: str) -> None:
    """Note what was buried; fail when the setting says so."""
    note("buried", body=text)
    if os.environ.get("BURIAL_FAILS"):
        raise ValueError("asked to fail")
