"""The end of a model's life, as every catalogue entry tells it."""

from datetime import date


class Retirable:
    """A model that Azure stops serving on a day, with what to use instead."""

    name: str
    retired_on: date | None
    successor: str | None

    def retired(self, today: date) -> str | None:
        """A sentence when the model is retired on that day, else None."""
        if self.retired_on is None or today < self.retired_on:
            return None
        instead = f"; use {self.successor}" if self.successor else ""
        return f"The model {self.name} was retired on {self.retired_on}{instead}."
