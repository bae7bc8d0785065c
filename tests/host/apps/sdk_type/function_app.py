"""A blob function that takes a reference of its own type instead of the bytes."""

import json
import os
from pathlib import Path
from typing import Any

import azure.functions as func
from azurefunctions.extensions.base import Datum, InConverter, SdkType

app = func.FunctionApp()


class Reference(SdkType):  # type: ignore[misc]  # the base package is not typed
    """What the host says about the blob."""

    def __init__(self, *, data: Any) -> None:
        self.data = data

    def get_sdk_type(self) -> "Reference":
        """Give itself."""
        return self


class ReferenceConverter(InConverter, binding="blob", trigger="blobTrigger"):  # type: ignore[call-arg,misc]  # same
    """Hands the reference over."""

    @classmethod
    def check_input_type_annotation(cls, pytype: type) -> bool:
        """Take the type above."""
        return issubclass(pytype, Reference)

    @classmethod
    def decode(cls, data: Datum, *, trigger_metadata: Any, pytype: Any = None) -> Reference:
        """Make it from the host's data."""
        return Reference(data=data.value)

    @classmethod
    def has_implicit_output(cls) -> bool:
        """Never."""
        return False


@app.blob_trigger(
    arg_name="blob", path="%CONTAINER%/{name}", connection="AzureWebJobsStorage", source=func.BlobSource.EVENT_GRID
)
def arrived(blob: Reference) -> None:
    """Note the reference."""
    data = blob.data
    seen = {
        "version": data.version,
        "source": data.source,
        "type": data.content_type,
        "content": json.loads(data.content),
    }
    with Path(os.environ["NOTES"]).open("a") as notes:
        notes.write(json.dumps({"event": "arrived", **seen}) + "\n")
