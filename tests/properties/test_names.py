"""No name leads out of its folder, and no text of a model does more than to be read."""

from html.parser import HTMLParser
from pathlib import PurePosixPath
from urllib.parse import quote, unquote

from hypothesis import given
from hypothesis import strategies as st
from urllib3.util import parse_url

from shared.errors import Invalid
from shared.names import BlobRef, image_folder, input_blob, ocr_folder, record_of, safe_file_name
from shared.pipelines.results import relink, safe_html
from tests.properties.anything import MANY, SOME, TEXT

STEPS = st.sampled_from(["..", ".", "", "a", "%2e%2e", "..;", "\\", "a.pdf", "?", "#", "%00", "//", "…", " .. "]) | TEXT
NAMES = st.lists(STEPS, min_size=1, max_size=5).map("/".join)
ALLOWED = {"table", "thead", "tbody", "tfoot", "tr", "th", "td", "caption", "br", "p", "b", "i", "em", "strong", "u"}
ALLOWED |= {"sup", "sub"}


@MANY
@given(name=NAMES)
def test_a_name_that_is_taken_stays_in_its_container_on_the_wire(name: str) -> None:
    """The address that HTTP libraries make of it is that of this blob and of no other."""
    try:
        ref = BlobRef.parse(f"documents/{name}")
    except Invalid:
        return
    path = parse_url(f"https://a.blob.core.windows.net/documents/{quote(ref.name, safe='~/')}").path or ""
    assert unquote(path) == f"/documents/{name}"


@MANY
@given(name=NAMES, container=st.sampled_from(["documents", "images", "results", "ledger", "..", "$root"]) | TEXT)
def test_an_input_lies_in_a_container_that_jobs_may_read(name: str, container: str) -> None:
    """And its results in the folder of its own."""
    try:
        ref = input_blob(f"{container}/{name}")
    except Invalid:
        return
    assert ref.container in ("documents", "images")
    record = record_of(ocr_folder(ref))
    assert record.container == "results"
    assert record.name.startswith(("ocr/", "ocr-images/"))
    assert ".." not in PurePosixPath(record.name).parts
    assert len(record.name) <= 1024


@MANY
@given(given_name=NAMES)
def test_a_file_name_that_a_model_gives_is_a_plain_one(given_name: str) -> None:
    """Letters, digits and a few signs, and neither hidden nor empty."""
    safe = safe_file_name(given_name, "img-0")
    assert safe
    assert len(safe) <= 60
    assert not safe.startswith(".")
    assert all(sign.isascii() and (sign.isalnum() or sign in "._-") for sign in safe)


class Tags(HTMLParser):
    """The tags that a viewer sees."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, list[str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, [name for name, _ in attrs]))

    def handle_comment(self, data: str) -> None:
        self.seen.append((f"!{data}", []))


TAGS = ["<script>", "<img src=x onerror=y>", "<table>", "<td rowspan=2>", "<td onclick=x>", "</td>", "<a href=x>", "<"]
ODD = ["<!--", "-->", "<svg/onload=x>", "</script\n>", "![a](http://x)", "![a](img-0.jpeg)", "![", "](", ")", "[a](b)"]
MARKUP = st.lists(st.sampled_from(TAGS) | st.sampled_from(ODD) | TEXT, max_size=8).map("".join)


@MANY
@given(text=MARKUP)
def test_the_html_of_a_model_is_tables_and_emphasis(text: str) -> None:
    """Whatever else looks like a tag is text."""
    tags = Tags()
    tags.feed(safe_html(text))
    tags.close()
    assert {tag for tag, _ in tags.seen} <= ALLOWED
    assert {name for _, names in tags.seen for name in names} <= {"rowspan", "colspan"}


@MANY
@given(text=MARKUP)
def test_a_page_that_was_relinked_is_safe_to_show(text: str) -> None:
    """Its images are written figures, and relinking it again changes nothing."""
    links = {"img-0.jpeg": "figures/page-1-img-0.jpeg"}
    shown = relink(text, links)
    assert shown == safe_html(shown)
    assert relink(shown, dict.fromkeys(links.values(), "figures/page-1-img-0.jpeg")) == shown


@SOME
@given(name=NAMES)
def test_the_folder_of_a_job_is_its_own(name: str) -> None:
    """A job id that is taken makes one folder below that of its kind."""
    from pydantic import TypeAdapter, ValidationError

    from shared.messages import JobId

    try:
        job_id = TypeAdapter(JobId).validate_python(name)
    except ValidationError:
        return
    assert PurePosixPath(image_folder(job_id)).parts == ("images", job_id)
    assert job_id not in (".", "..")
