"""Make every sample beside this file: `python -m samples.make`. The same bytes come out each time."""

from pathlib import Path

from samples.maker.handbook import handbook
from samples.maker.photo import receipt
from samples.maker.report import annual_report
from samples.maker.scans import contract, invoice
from samples.maker.screen import dashboard

SAMPLES = {
    "reports/Annual report 2026.pdf": annual_report,
    "scans/invoice 4711.png": invoice,
    "scans/contract.tiff": contract,
    "receipts/Köln #7 – 100%.jpg": receipt,  # noqa: RUF001 -- the dash is there because people's file names have it
    "long/handbook.pdf": handbook,
    "screens/图表.webp": dashboard,
}


def make(folder: Path) -> None:
    """Write all samples below `folder`."""
    for name, build in SAMPLES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(build())


if __name__ == "__main__":
    make(Path(__file__).parent)
