"""A blob function that takes a BlobClient of the published binding package."""

import json
import os
from pathlib import Path

import azure.functions as func
from azurefunctions.extensions.bindings import blob

app = func.FunctionApp()


@app.blob_trigger(
    arg_name="client", path="%CONTAINER%/{name}", connection="AzureWebJobsStorage", source=func.BlobSource.EVENT_GRID
)
def arrived(client: blob.BlobClient) -> None:
    """Read the blob through the client."""
    seen = {"event": "arrived", "name": client.blob_name, "text": client.download_blob().readall().decode()}
    with Path(os.environ["NOTES"]).open("a") as notes:
        notes.write(json.dumps(seen) + "\n")
