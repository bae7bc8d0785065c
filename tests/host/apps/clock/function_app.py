"""A timer that also fires at the start, one that never does by itself, and two http functions."""

import json
import os
import time
from pathlib import Path

import azure.functions as func

app = func.FunctionApp()


def note(event: str, **seen: object) -> None:
    """Append one line to the file of notes."""
    with Path(os.environ["NOTES"]).open("a") as notes:
        notes.write(json.dumps({"event": event, "time": time.monotonic(), **seen}) + "\n")


@app.timer_trigger(arg_name="timer", schedule="%SCHEDULE%", run_on_startup=True)
def tick(timer: func.TimerRequest) -> None:
    """Note a tick that takes longer than the pause between two."""
    note("tick", past_due=timer.past_due)
    time.sleep(1.2)
    note("tock")


@app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *")
def new_year(timer: func.TimerRequest) -> None:
    """Note a new year."""
    note("new year")


@app.route(route="things/{kind}/{*rest}", methods=["POST"])
def thing(req: func.HttpRequest) -> func.HttpResponse:
    """Say what was posted where."""
    seen = {"route": dict(req.route_params), "query": dict(req.params), "body": req.get_body().decode()}
    return func.HttpResponse(
        json.dumps(seen), status_code=201, headers={"x-kind": "thing"}, mimetype="application/json"
    )


@app.route(route="broken", methods=["GET"])
async def broken(req: func.HttpRequest) -> func.HttpResponse:
    """Fail."""
    raise ValueError("asked to fail")
