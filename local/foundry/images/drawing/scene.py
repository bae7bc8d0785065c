"""Composes a scene from what a prompt names, or from the dice when it names nothing that can be drawn."""

from dataclasses import replace
from random import Random

from local.foundry.images.drawing import land, patterns, sky, water
from local.foundry.images.drawing.canvas import Canvas
from local.foundry.images.drawing.dice import dice_for
from local.foundry.images.drawing.palette import Colour, Palette, palette
from local.foundry.images.drawing.prompt import Subject

_IMAGINED = ({"sun", "hills"}, {"sun", "mountains", "sea"}, {"moon", "stars", "mountains"}, {"sun", "hills", "forest"})
_PATTERNS = (patterns.tiles, patterns.scales, patterns.rays, patterns.orbits)


def colours_for(dice: Random, subject: Subject) -> Palette:
    """The palette of a scene: the night's if it plays at night, bent towards the colours that the prompt names."""
    night = bool({"moon", "stars"} & set(subject.things)) and "sun" not in subject.things
    colours = palette(dice, night)
    for colour in subject.colours[:1]:
        colours = colours.tinted(colour)
    for colour in subject.colours[1:2]:
        colours = replace(colours, accent=colour, light=colour)
    return colours


def paint(canvas: Canvas, dice: Random, subject: Subject, colours: Palette) -> None:
    """Paint the canvas."""
    if subject.shapes:
        patterns.shapes(canvas, dice, colours, subject.shapes)
    elif subject.things:
        _Landscape(canvas, dice, colours, dict(subject.things)).paint()
    else:
        _imagine(canvas, dice, colours)


def _imagine(canvas: Canvas, dice: Random, colours: Palette) -> None:
    if dice.random() < 0.5:
        dice.choice(_PATTERNS)(canvas, dice, colours)
    else:
        things = dict.fromkeys(sorted(dice.choice(_IMAGINED)))
        _Landscape(canvas, dice, colours, things).paint()


class _Landscape:
    """Paints things from the sky to the foreground; each rolls its own dice, so that none moves another."""

    def __init__(self, canvas: Canvas, dice: Random, colours: Palette, things: dict[str, Colour | None]) -> None:
        self._canvas = canvas
        self._seed = dice.random()
        self._colours = colours
        self._things = things if {"moon", "stars", "clouds"} & things.keys() else {"sun": None, **things}
        self._horizon = 0.6 if {"sea", "boat"} & things.keys() else 0.66
        self._light = (dice.uniform(0.25, 0.75), dice.uniform(0.24, 0.42))

    def paint(self) -> None:
        sky.sky(self._canvas, self._colours, self._horizon)
        self._paint_lights()
        if "clouds" in self._things:
            sky.clouds(self._canvas, self._dice("clouds"), self._colours, self._horizon, self._things["clouds"])
        if "mountains" in self._things:
            land.mountains(
                self._canvas, self._dice("mountains"), self._colours, self._horizon, self._things["mountains"]
            )
        self._paint_ground()
        if "birds" in self._things:
            tone = self._things["birds"] or self._colours.near
            sky.birds(self._canvas, self._dice("birds"), tone, self._horizon)

    def _dice(self, thing: str) -> Random:
        return dice_for(self._seed, thing)

    def _paint_lights(self) -> None:
        if "stars" in self._things or "moon" in self._things:
            sky.stars(self._canvas, self._dice("stars"), self._horizon)
        if "moon" in self._things:
            x, y = self._light
            place = (1 - x, y * 0.7) if "sun" in self._things else (x, y * 0.8)
            sky.moon(self._canvas, place, 0.085, self._things["moon"] or self._colours.light)
        if "sun" in self._things:
            sky.sun(self._canvas, self._light, 0.13, self._things["sun"] or self._colours.light)

    def _paint_ground(self) -> None:
        wet, built = {"sea", "boat"} & self._things.keys(), "city" in self._things
        if built and wet:
            land.city(self._canvas, self._dice("city"), self._colours, self._horizon, self._things["city"])
        if wet:
            self._paint_water()
        else:
            self._paint_land()
        if built and not wet:
            land.city(self._canvas, self._dice("city"), self._colours, 1.0, self._things["city"])

    def _paint_water(self) -> None:
        if {"hills", "forest"} & self._things.keys():
            self._paint_land()
        top = self._horizon + (0.12 if {"hills", "forest"} & self._things.keys() else 0.0)
        water.sea(self._canvas, self._dice("sea"), self._colours, top, self._things.get("sea"))
        if {"sun", "moon"} & self._things.keys():
            light = self._things.get("sun") or self._things.get("moon") or self._colours.light
            water.glitter(self._canvas, self._dice("glitter"), (self._light[0], top), 0.13, light)
        if "boat" in self._things:
            place = (0.3 if self._light[0] > 0.5 else 0.7, top + 0.1)
            water.boat(self._canvas, place, 0.1, self._colours, self._things["boat"])

    def _paint_land(self) -> None:
        colour = self._things.get("hills")
        lines = land.hills(self._canvas, self._dice("hills"), self._colours, self._horizon, colour)
        if "forest" in self._things:
            land.forest(self._canvas, self._dice("forest"), lines, self._colours, self._things["forest"])
