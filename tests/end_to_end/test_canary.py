"""The canary of the hook after a deployment, sent to the app that runs here."""

import itertools
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from infra.hooks.azure_cli import AzureCli, FailedError
from infra.hooks.canary import Proof
from shared.names import DOCUMENTS, RESULTS, BlobRef
from tests.end_to_end.conftest import Whole

pytestmark = pytest.mark.usefixtures("well_behaved_models")


class BlobCommands:
    """The commands of `az storage blob` that the canary uses, on the storage of the stack."""

    def __init__(self, whole: Whole) -> None:
        self._storage = whole.storage

    def __call__(self, arguments: Sequence[str]) -> "subprocess.CompletedProcess[str]":
        """Do what a command does."""
        options = dict(itertools.pairwise(arguments))
        ref = BlobRef(options.get("--container-name", options.get("--source", "")), options.get("--name", ""))
        output = ""
        match arguments[2]:
            case "upload":
                self._storage.write(ref, Path(options["--file"]), "application/octet-stream")
            case "download":
                Path(options["--file"]).write_bytes(self._storage.read(ref) or b"")
            case "delete":
                self._storage.delete(ref)
            case "delete-batch":
                for blob in list(self._storage.list(ref.container, options["--pattern"].removesuffix("*"))):
                    self._storage.delete(blob.ref)
            case "show":
                found = self._storage.find(ref)
                if found is None:
                    return subprocess.CompletedProcess(arguments, 3, "", "ERROR: The specified blob does not exist.")
                output = found.metadata.get("status", "")
        return subprocess.CompletedProcess(arguments, 0, output, "")


def proof(whole: Whole, stamp: str, said: list[str]) -> Proof:
    """A proof that does not wait as long as one in Azure."""
    return Proof(
        AzureCli("s-1", BlobCommands(whole)), "stdark", stamp, lambda seconds: time.sleep(seconds / 20), said.append
    )


def test_a_canary_is_read_and_leaves_nothing(whole: Whole) -> None:
    """Its event, its record and its results are where the hook looks for them."""
    said: list[str] = []

    proof(whole, "good", said).give()

    assert said[-2:] == ["Its event arrived.", "It was read, and is removed: what is dropped is read."]
    assert list(whole.storage.list(DOCUMENTS, "darkroom-canary/")) == []
    assert list(whole.storage.list(RESULTS, "ocr/darkroom-canary/")) == []


def test_a_canary_that_a_model_refuses_is_told_with_the_reason(whole: Whole) -> None:
    """Events arrive, and that is said; the record tells the rest."""
    whole.emulator("POST", "faults", {"kind": "status", "status": 400})

    with pytest.raises(FailedError, match=r"Events arrive, but the canary was not read: .*HTTP 400"):
        proof(whole, "bad", []).give()
