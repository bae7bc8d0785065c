"""Run every benchmark, each as a process of its own, and end with the whole list: `python -m bench`."""

import subprocess
import sys

from bench.report import ROOT, Row, published, result_file, table

_BENCHMARKS = (
    "cold_start",
    "ocr_memory",
    "long_document",
    "image_memory",
    "image_throughput",
    "embedding_throughput",
    "drain",
)


def main() -> int:
    """Go on after a benchmark that fails; the exit status is 1 when one failed or a figure is out of its reach."""
    ended_well = [_run(benchmark) for benchmark in _BENCHMARKS]
    sys.stdout.write("All benchmarks\n")
    for benchmark in _BENCHMARKS:
        sys.stdout.write(f"{benchmark}\n{table(_found(benchmark))}")
    return 0 if all(ended_well) else 1


def _run(benchmark: str) -> bool:
    result_file(benchmark).unlink(missing_ok=True)
    done = subprocess.run([sys.executable, f"bench/{benchmark}.py"], cwd=ROOT, check=False)  # noqa: S603 - our own
    return done.returncode == 0


def _found(benchmark: str) -> list[Row]:
    try:
        return published(benchmark)
    except FileNotFoundError:
        return [Row("benchmarks that broke off", 1, "", reach=0)]


if __name__ == "__main__":
    sys.exit(main())
