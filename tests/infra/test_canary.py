"""The canary that proves a deployment: dropped, noticed, read and removed, on good and bad days."""

from collections.abc import Sequence
from pathlib import Path

import pikepdf
import pypdfium2
import pytest

from infra.hooks import canary
from infra.hooks.canary import one_page
from shared import sweep
from shared.names import BlobRef, ocr_folder, record_of
from tests.infra.deployment import NO_BLOB, REFUSED, Deployed


def test_the_canary_is_dropped_looked_for_and_removed_where_documents_go(deployed: Deployed) -> None:
    """With the deployer's own login, in the containers of the app, and its record where the app writes it."""
    deployment = deployed()

    deployment.finish()

    [upload] = deployment.az.asked("storage blob upload")
    name = upload[upload.index("--name") + 1]
    folder = ocr_folder(BlobRef("documents", name))
    record = record_of(folder)
    [delete, batch] = deployment.az.asked("storage blob delete")
    where = "--auth-mode login --account-name stdark --container-name documents --name darkroom-canary/now-1.pdf"
    assert where in " ".join(upload)
    assert where in " ".join(delete)
    assert f"--container-name {record.container} --name {record.name}" in " ".join(
        deployment.az.asked("storage blob show")[0]
    )
    assert batch[batch.index("--source") + 1 :][:3] == ["results", "--pattern", f"{folder}/*"]


def test_a_role_that_has_not_arrived_is_waited_for(deployed: Deployed) -> None:
    """A role assignment takes up to ten minutes."""
    deployment = deployed({"storage blob upload": [REFUSED, REFUSED, (0, "{}")]})

    deployment.finish()

    assert deployment.slept[:2] == [30.0, 30.0]


def test_a_role_that_never_arrives_ends_with_its_name(deployed: Deployed) -> None:
    """After ten minutes it was not given."""
    told = deployed({"storage blob upload": [REFUSED]}).fail()

    assert (
        "required permissions needed to perform this operation. You need the role Storage Blob Data Contributor" in told
    )


def test_a_canary_that_is_not_noticed_has_followers(deployed: Deployed) -> None:
    """The first events of a new subscription can be lost; what was dropped in vain is removed."""
    unseen = [NO_BLOB] * 30
    deployment = deployed({"storage blob show": [*unseen, (0, "succeeded")]})

    deployment.finish()

    names = [call[call.index("--name") + 1] for call in deployment.az.asked("storage blob delete ")]
    assert names == ["darkroom-canary/now-1.pdf", "darkroom-canary/now-2.pdf"]
    assert deployment.said[-1] == "It was read, and is removed: what is dropped is read."


def test_three_canaries_that_nobody_notices_are_a_failure(deployed: Deployed) -> None:
    """A subscription that names a wrong function loses every event, and says 202."""
    deployment = deployed({"storage blob show": [NO_BLOB]})

    assert deployment.fail().startswith(
        "3 canaries were dropped and none was noticed: the app does not run, or the subscription names another "
        "function than ocr_document. See what `darkroom doctor` says"
    )
    assert len(deployment.az.asked("storage blob delete ")) == 3


def test_each_canary_is_given_up_before_the_sweep_would_post_it() -> None:
    """What the sweep posts proves nothing of the events."""
    seconds = canary._RECORD_TRIES * canary._PAUSE
    assert seconds < sweep._SETTLED.total_seconds() / 2


def test_a_canary_that_waits_is_told_with_its_reason_and_left(deployed: Deployed, tmp_path: Path) -> None:
    """Its job goes on by itself; without the document it would fail."""
    deployment = deployed({"storage blob show": [(0, "waiting")]})

    told = deployment.fail()

    assert told.startswith(
        "Events arrive, but the canary still waits. It is left in documents/darkroom-canary/now-1.pdf"
    )
    assert deployment.az.asked("storage blob delete") == []


def test_a_canary_that_fails_is_told_with_the_problem_of_its_record(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record says what is wrong with the model, and what to do."""
    deployment = deployed({"storage blob show": [(0, "failed")]})
    answers = deployment.az

    def run(arguments: Sequence[str]) -> object:
        if arguments[2] == "download":
            problem = '{"problem": {"message": "It is blocked.", "remedy": "Unblock it."}}'
            Path(arguments[arguments.index("--file") + 1]).write_text(problem)
        return answers(arguments)

    monkeypatch.setattr(deployment, "az", run)

    assert deployment.fail() == (
        "Events arrive, but the canary was not read: It is blocked. Unblock it. Then run `azd hooks run postdeploy`."
    )
    assert len(answers.asked("storage blob delete")) == 2


def test_a_canary_that_cannot_be_removed_is_told_of_and_no_failure(deployed: Deployed) -> None:
    """The way is proven all the same."""
    deployment = deployed({"storage blob delete": [REFUSED]})

    deployment.finish()

    assert deployment.said[-2].startswith(
        "The canary darkroom-canary/now-1.pdf could not be removed: ERROR: You do not"
    )


def test_the_canary_is_a_pdf_that_models_read(tmp_path: Path) -> None:
    """It is written by hand, for the hook has no library; each is another, so that none is read from the ledger."""
    file = tmp_path / "canary.pdf"
    file.write_bytes(one_page("darkroom-canary/now-1.pdf"))

    with pikepdf.open(file) as pdf:
        assert pdf.check_pdf_syntax() == []
    with pypdfium2.PdfDocument(file) as pages:
        assert [page.get_textpage().get_text_bounded() for page in pages] == ["darkroom-canary/now-1.pdf"]
    assert one_page("a") != one_page("b")
