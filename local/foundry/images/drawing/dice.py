"""Chance that falls the same way each time."""

from random import Random


def dice_for(*seed: object) -> Random:
    """Dice for this seed, independent of those for any other."""
    return Random("/".join(map(str, seed)))  # noqa: S311 - reproducible pictures, not secrets
