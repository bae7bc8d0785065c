"""The result files: every link resolves, nothing leads out, every file is what it claims, the same every time."""

import base64
import json
import re
import time
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.names import BlobRef
from shared.pipelines.results import ResultFiles, relink
from tests import corpus
from tests.fakes import MemoryStorage

FOLDER = "ocr/a.pdf"
JPEG, PNG = corpus.jpeg(), corpus.png()
LINK = re.compile(r"!?\[[^\]]*\]\(([^)]*)\)")


def url(data: bytes, media_type: str = "image/jpeg") -> str:
    """The data URL of a picture."""
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def figure(name: str, data: bytes = JPEG, **more: Any) -> dict[str, Any]:
    """A figure as the service sends it."""
    return {"id": name, "top_left_x": 1, "image_base64": url(data), **more}


def page(
    markdown: str, *images: dict[str, Any], tables: tuple[dict[str, Any], ...] = (), **more: Any
) -> dict[str, Any]:
    """A page as the service sends it."""
    return {"index": 0, "markdown": markdown, "images": list(images), "tables": list(tables), **more}


class Written:
    """The files that pages became."""

    def __init__(self, workspace: Path, *pages: dict[str, Any], annotations: tuple[dict[str, Any], ...] = ()) -> None:
        storage = MemoryStorage()
        self.results = ResultFiles(storage, FOLDER, workspace, {"document": {"name": "documents/a.pdf"}, "model": "m"})
        for number, sent in enumerate(pages, 1):
            self.results.add(number, sent)
        self.results.close(list(annotations))
        self.files = {ref.name.removeprefix(f"{FOLDER}/"): data for ref, (_, data) in storage.blobs.items()}
        assert all(ref.container == "results" and BlobRef.parse(str(ref)) == ref for ref in storage.blobs)

    @property
    def markdown(self) -> str:
        """The text."""
        return self.files["document.md"].decode()

    @property
    def json(self) -> dict[str, Any]:
        """The document, read by the letter of the standard."""
        read: dict[str, Any] = json.loads(self.files["document.json"], parse_constant=_not_json)
        return read


def _not_json(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")


def test_pages_follow_each_other_with_their_numbers(tmp_path: Path) -> None:
    """The text of page n stands behind its mark."""
    written = Written(tmp_path, page("# One\n"), page("Two ü 图"), page(""))

    assert written.markdown == "<!-- page 1 -->\n\n# One\n\n<!-- page 2 -->\n\nTwo ü 图\n\n<!-- page 3 -->\n\n\n"


def test_document_json_has_all_pages_in_order_with_their_place_in_the_document(tmp_path: Path) -> None:
    """Indexes are the document's, not the part's; what the service says beside stays."""
    written = Written(
        tmp_path, page("one", dimensions={"dpi": 200}), page("two", index=0), annotations=({"pages": "1-2"},)
    )

    assert list(written.json) == ["document", "model", "pages", "document_annotations"]
    assert [(sent["index"], sent["page_number"], sent["markdown"]) for sent in written.json["pages"]] == [
        (0, 1, "one"), (1, 2, "two"),
    ]  # fmt: skip
    assert written.json["pages"][0]["dimensions"] == {"dpi": 200}
    assert written.json["document_annotations"] == [{"pages": "1-2"}]


def test_a_document_without_pages_is_still_json(tmp_path: Path) -> None:
    """Even an empty list is closed."""
    assert Written(tmp_path).json["pages"] == []


def test_a_page_without_anything_is_empty(tmp_path: Path) -> None:
    """The service sends null for what there is not."""
    written = Written(tmp_path, {"index": 0, "markdown": None, "images": None, "tables": None})

    assert written.json["pages"][0]["markdown"] == ""
    assert written.results.figures == 0


def test_a_figure_becomes_a_file_that_its_link_leads_to(tmp_path: Path) -> None:
    """The bytes lie where the text says, and not in document.json a second time."""
    written = Written(tmp_path, page("See ![img-0.jpeg](img-0.jpeg).", figure("img-0.jpeg")))

    assert "See ![img-0.jpeg](figures/page-1-img-0.jpeg)." in written.markdown
    assert written.files["figures/page-1-img-0.jpeg"] == JPEG
    told = written.json["pages"][0]["images"][0]
    assert (told["file"], told["top_left_x"]) == ("figures/page-1-img-0.jpeg", 1)
    assert "image_base64" not in told
    assert written.results.figures == 1


@pytest.mark.parametrize(
    ("data", "ending"),
    [(JPEG, "jpeg"), (PNG, "png"), (corpus.gif(), "gif"), (corpus.webp(), "webp"), (corpus.bmp(), "bmp")],
)
def test_a_figure_s_ending_tells_what_it_is(tmp_path: Path, data: bytes, ending: str) -> None:
    """The service's name may say .jpeg of a PNG."""
    written = Written(tmp_path, page("![x](x.jpeg)", figure("x.jpeg", data)))

    assert written.files[f"figures/page-1-x.{ending}"] == data


def test_base64_without_a_data_url_is_a_figure_too(tmp_path: Path) -> None:
    """Some routes send it bare."""
    written = Written(tmp_path, page("![x](x)", figure("x", image_base64=base64.b64encode(PNG).decode())))

    assert written.files["figures/page-1-x.png"] == PNG


@pytest.mark.parametrize("sent", [None, "", "no base64!", "data:image/jpeg;base64,", 7])
def test_a_figure_without_bytes_leaves_its_description(tmp_path: Path, sent: Any) -> None:
    """A link that leads nowhere is taken out; what it says stays; a mere file name says nothing."""
    text = "![A pie chart](img-0.jpeg) and ![img-1.jpeg](img-1.jpeg)."
    written = Written(tmp_path, page(text, figure("img-0.jpeg", image_base64=sent), {"id": "img-1.jpeg"}))

    assert "A pie chart and .\n" in written.markdown
    assert set(written.files) == {"document.md", "document.json"}
    assert all("file" not in told for told in written.json["pages"][0]["images"])


ODD = ["../../x.png", "a b.jpeg", "..", "", "/etc/passwd", "図.png", "a&b.png", "C:\\x.png", "x" * 300, ".", "a\u202eb"]


@pytest.mark.parametrize("name", ODD)
def test_an_odd_name_leads_to_a_plain_file_in_the_folder(tmp_path: Path, name: str) -> None:
    """Whatever the model calls a figure, its file lies below `figures/`, and the link leads there."""
    written = Written(tmp_path, page(f"![figure]({name})", figure(name)))

    (link,) = LINK.findall(written.markdown)
    assert written.files[link] == JPEG
    assert re.fullmatch(r"figures/page-1-[A-Za-z0-9._-]+\.jpeg", link)


def test_a_name_with_parentheses_leaves_no_rest(tmp_path: Path) -> None:
    """`scan (1).jpeg` is a name as every desktop makes it."""
    written = Written(tmp_path, page("Before ![scan (1).jpeg](scan (1).jpeg) after", figure("scan (1).jpeg")))

    assert "Before ![scan (1).jpeg](figures/page-1-scan-1.jpeg) after" in written.markdown


def test_names_that_become_the_same_have_files_of_their_own(tmp_path: Path) -> None:
    """No figure is written over another."""
    images = [figure("a/b.png", b"\x89PNG1"), figure("a b.png", b"\x89PNG2"), figure("a-b.png", b"\x89PNG3")]
    written = Written(tmp_path, page("![x](a/b.png) ![y](a b.png) ![z](a-b.png)", *images))

    links = LINK.findall(written.markdown)
    assert [written.files[link] for link in links] == [b"\x89PNG1", b"\x89PNG2", b"\x89PNG3"]
    assert written.results.figures == 3


def test_the_same_name_on_two_pages_is_two_figures(tmp_path: Path) -> None:
    """Every part of a document begins with img-0.jpeg."""
    pages = [page("![x](img-0.jpeg)", figure("img-0.jpeg", data)) for data in (JPEG, PNG)]
    written = Written(tmp_path, *pages)

    assert [written.files[link] for link in LINK.findall(written.markdown)] == [JPEG, PNG]


@pytest.mark.parametrize(("kind", "ending"), [("markdown", "md"), ("html", "html"), (None, "md")])
def test_a_table_becomes_a_file_that_its_link_leads_to(tmp_path: Path, kind: str | None, ending: str) -> None:
    """With or without an ending in its name."""
    table = {"id": "tbl-0", "content": "| ü |\n| - |", "format": kind}
    written = Written(tmp_path, page("See [tbl-0](tbl-0).", tables=(table,)))

    assert f"See [tbl-0](tables/page-1-tbl-0.{ending})." in written.markdown
    assert written.files[f"tables/page-1-tbl-0.{ending}"].decode() == table["content"]
    assert written.json["pages"][0]["tables"][0]["file"] == f"tables/page-1-tbl-0.{ending}"


def test_table_links_with_an_ending_resolve_too(tmp_path: Path) -> None:
    """`[tbl-0.html](tbl-0.html)` is what the service writes when the id has the ending."""
    table = {"id": "tbl-0.html", "content": "<table></table>", "format": "html"}
    written = Written(tmp_path, page("[tbl-0.html](tbl-0.html)", tables=(table,)))

    assert "[tbl-0.html](tables/page-1-tbl-0.html)" in written.markdown


@pytest.mark.parametrize(
    "image",
    [
        "![A chart](https://evil.example/x.png)",
        "![A chart](http://evil.example/x.png 'title')",
        "![A chart](<https://evil.example/x y.png>)",
        "![A chart](//evil.example/x.png)",
        "![A chart](../../secret.png)",
        "![A chart](data:image/png;base64,AAAA)",
    ],
)
def test_an_image_that_is_no_figure_becomes_its_description(image: str) -> None:
    """A reader who opens the text does not call a stranger's server."""
    assert relink(f"See {image}.", {"img-0.jpeg": "figures/a.jpeg"}) == "See A chart."


@pytest.mark.parametrize(
    "image",
    ["![A [small] chart](https://evil.example/x.png)", "![A\nchart](https://evil.example/x.png)"],
    ids=["brackets", "line break"],
)
def test_an_image_with_an_unusual_description_leads_nowhere_either(image: str) -> None:
    """Markdown allows brackets and line breaks in a description."""
    assert "evil.example" not in relink(image, {})


@pytest.mark.parametrize("loop", ["![", "![a](", "![](("])
def test_a_model_that_repeats_itself_does_not_hold_up_the_work(loop: str) -> None:
    """Models fall into loops; rewriting such a page takes time in proportion to its length."""
    began = time.process_time()

    relink(loop * 10_000, {})
    assert time.process_time() - began < 0.5


def test_links_in_text_stay_what_they_are() -> None:
    """A page may cite a site; only images are fetched without a click."""
    text = "[a site](https://example.org) and [note](note.md), 5](7), x < y"

    assert relink(text, {"img-0.jpeg": "figures/a.jpeg"}) == text


@pytest.mark.parametrize(
    "image",
    [
        "![a][ref]",
        "![a\\]b](https://evil.example)",
        "![a [b [c]]](https://evil.example)",
        "![a](\nhttps://evil.example)",
    ],
)
def test_what_may_still_be_an_image_is_escaped(image: str) -> None:
    """Markdown has more ways to write an image than one pattern tells."""
    assert "![" not in relink(image, {})


def test_html_images_become_text() -> None:
    """A viewer would fetch them from the net."""
    assert relink('<IMG src="https://evil.example">', {}) == '&lt;IMG src="https://evil.example">'


def test_escaped_names_in_links_are_found() -> None:
    """The service escapes & in Markdown and not in the name."""
    assert relink("![a&amp;b](a&amp;b.png)", {"a&b.png": "figures/x.png"}) == "![a&amp;b](figures/x.png)"


def test_a_name_inside_another_is_not_replaced() -> None:
    """`img-1` is not the beginning of `img-10`."""
    links = {"img-1": "figures/one.png", "img-10": "figures/ten.png"}

    assert relink("![](img-1) ![](img-10)", links) == "![](figures/one.png) ![](figures/ten.png)"


def test_annotations_of_figures_are_values(tmp_path: Path) -> None:
    """The service sends JSON in a string; a reader of document.json does not unpack twice."""
    images = [
        figure("a", image_annotation='{"caption": "x"}'),
        figure("b", image_annotation={"caption": "y"}),
        figure("c"),
    ]
    written = Written(tmp_path, page("", *images))

    told = [image["image_annotation"] for image in written.json["pages"][0]["images"]]
    assert told == [{"caption": "x"}, {"caption": "y"}, None]


@pytest.mark.parametrize("annotation", ["NaN", '{"total": Infinity}', '"\\ud800"', '{"a\\udfff": 1}'])
def test_document_json_is_json_whatever_an_annotation_holds(tmp_path: Path, annotation: str) -> None:
    """Not a number, and half a character, are nothing that a reader of JSON or UTF-8 accepts."""
    written = Written(tmp_path, page("text", figure("a", image_annotation=annotation)))

    assert written.json["pages"][0]["markdown"] == "text"


def test_outputs_are_the_files_that_were_written(tmp_path: Path) -> None:
    """The record's list is complete, without doubles, figures before the documents."""
    table = {"id": "t", "content": "x"}
    written = Written(tmp_path, page("", figure("a"), figure("a"), tables=(table,)))

    assert written.results.outputs == [
        "figures/page-1-a.jpeg", "figures/page-1-a-2.jpeg", "tables/page-1-t.md", "document.md", "document.json",
    ]  # fmt: skip
    assert set(written.results.outputs) == set(written.files)


def test_the_same_pages_give_the_same_bytes(tmp_path: Path) -> None:
    """Assembling twice, after a crash, changes nothing."""
    pages = [page("![x](a)", figure("a", image_annotation='{"b": 1, "a": 2}')), page("two")]
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()

    assert Written(tmp_path / "one", *pages).files == Written(tmp_path / "two", *pages).files


TARGETS = st.sampled_from(["img-0.jpeg", "a b", "https://evil.example/x.png", "../x", "figures/a.png", "#", "&amp;"])
ALTS = st.text(st.sampled_from("ab [!\\*ü"), max_size=5)
IMAGES = st.builds("![{}]({})".format, ALTS, TARGETS)
TEXTS = st.lists(IMAGES | st.text(st.sampled_from("ab ![]()<>\n"), max_size=6)).map("".join)
WRITTEN = {"img-0.jpeg": "figures/page-1-img-0.jpeg", "a b": "figures/page-1-a-b.png"}


@given(TEXTS)
def test_every_image_of_any_text_leads_to_a_written_file(text: str) -> None:
    """Whatever the model writes, no image leads anywhere else."""
    targets = re.findall(r"!\[[^\]\n]*\]\(([^)\n]*)\)", relink(text, WRITTEN))

    assert set(targets) <= set(WRITTEN.values())


@given(st.text(st.characters(exclude_characters="!]"), max_size=60))
def test_text_without_images_is_not_touched(text: str) -> None:
    """What is no link is the document's own words."""
    assert relink(text, WRITTEN) == text


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=12), max_size=4), st.integers(1, 3))
def test_figures_of_any_names_are_all_kept_apart(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], count: int
) -> None:
    """As many files as figures, all plain names below `figures/`."""
    pages = [page("", *(figure(name) for name in names)) for _ in range(count)]
    written = Written(tmp_path_factory.mktemp("names"), *pages)

    figures = [PurePosixPath(name) for name in written.files if name.startswith("figures/")]
    assert len(figures) == len(names) * count == written.results.figures
    assert all(path.parent == PurePosixPath("figures") for path in figures)
