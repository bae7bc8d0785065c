"""What jobs tell of themselves while they run: spans that make up a trace, and metrics.

Both hold ids, sizes, codes and times, and never what a document, prompt or foreign exception says. Which span a thread
is in lies in its `contextvars` context, so work that is handed to another thread takes a copy of that along.
"""

from collections.abc import Iterator
from contextlib import contextmanager

Value = str | int | float


class Telemetry:
    """Tells nobody, as long as nobody is named who listens: it imports nothing and keeps nothing."""

    @property
    def trace(self) -> str | None:
        """The span that this thread is in, as a W3C traceparent; None outside of any, and where nobody listens."""
        return None

    @contextmanager
    def span(self, name: str, parent: str | None = None, **about: Value) -> Iterator[None]:
        """Time the block as part of the span whose traceparent `parent` is, or of the one that this thread is in.

        An error that leaves the block is noted by its type and code.
        """
        yield

    def tell(self, **about: Value) -> None:
        """Say more about the span that this thread is in."""

    def count(self, metric: str, amount: float = 1, **about: Value) -> None:
        """Add to a sum."""

    def paid(self, metric: str, amount: int, usd: float | None, model: str) -> None:
        """Add to what a model did and to what that cost; what is not known of that is left out."""
        self.count(metric, amount, model=model)
        if usd is not None:
            self.count("darkroom.cost", usd, model=model)

    def measure(self, metric: str, value: float, **about: Value) -> None:
        """Add a value of which mean and extremes are of interest."""

    def level(self, metric: str, value: float, **about: Value) -> None:
        """Tell how high something stands now."""
