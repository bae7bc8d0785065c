"""Blob functions that note what they were given."""

import json
import os
from pathlib import Path
from typing import Any

import azure.functions as func

app = func.FunctionApp()


def note(event: str, **seen: Any) -> None:
    """Append one line to the file of notes."""
    with Path(os.environ["NOTES"]).open("a") as notes:
        notes.write(json.dumps({"event": event, **seen}) + "\n")


@app.blob_trigger(
    arg_name="blob", path="%CONTAINER%/{name}", connection="AzureWebJobsStorage", source=func.BlobSource.EVENT_GRID
)
def arrived(blob: func.InputStream) -> None:
    """Note a blob; one whose name starts with `bad` fails."""
    metadata = getattr(blob, "metadata", None)
    note("arrived", name=blob.name, length=blob.length, uri=blob.uri, text=blob.read().decode(), metadata=metadata)
    if "/bad" in str(blob.name):
        raise ValueError("asked to fail")


@app.blob_trigger(arg_name="blob", path="%CONTAINER%/{name}.scan", connection="AzureWebJobsStorage")
def scanned(blob: func.InputStream) -> None:
    """Note a blob whose name fits a pattern, found by the scan."""
    note("scanned", name=blob.name)
