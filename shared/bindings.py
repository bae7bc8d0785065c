"""The name of a blob as a trigger's argument, without its bytes and without a storage SDK.

The host sends a function whose parameter is an SDK type only the blob's name. Azure's own SDK types come with the
whole storage library, 25 MB and a good part of the cold start; a function that only passes the name on does not need
it.
"""

import json
from collections.abc import Mapping
from typing import Any

from azurefunctions.extensions.base import Datum, InConverter, SdkType

from shared.names import BlobRef


class BlobName(SdkType):  # type: ignore[misc]  # the base package has no types
    """The blob that a trigger tells of, as `container/name`."""

    def __init__(self, ref: BlobRef) -> None:
        super().__init__()
        self.ref = ref

    def get_sdk_type(self) -> "BlobName":
        """Itself: there is no client behind it."""
        return self


class BlobNameConverter(InConverter, binding="blob", trigger="blobTrigger"):  # type: ignore[misc, call-arg]
    """Makes a `BlobName` from the model binding data of source AzureStorageBlobs, version 1.0."""

    @classmethod
    def check_input_type_annotation(cls, pytype: type) -> bool:
        """Whether a parameter of this type can be given."""
        return issubclass(pytype, BlobName)

    @classmethod
    def decode(cls, data: Datum, *, trigger_metadata: Mapping[str, Any], pytype: type) -> BlobName:
        """Read the host's JSON `{"Connection", "ContainerName", "BlobName"}`."""
        if data.type != "model_binding_data":
            raise ValueError(f"The host sent {data.type} for a blob's name; it must support deferred bindings.")
        content = json.loads(data.value.content)
        return BlobName(BlobRef(content["ContainerName"], content["BlobName"]))
