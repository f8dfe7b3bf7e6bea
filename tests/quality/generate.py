"""Polluted files with their truth: of one class each, and of several that meet in one file."""

import random

import rows  # noqa: F401  (adds its classes)
import tables
from pollutions import CLASSES, Pollution
from sheet import Sheet

# The order in which pollutions that meet are applied: what is in the table, how it is written, what stands around it.
ORDER = ["cells", "heading", "encoding", "dialect", "lines", "row", "above", "below", "ends"]


def mix(count):
    def make(r):
        sheet = Sheet(tables.any_table(r))
        slots = r.sample(ORDER, count)
        chosen = [r.choices(pool, [p.weight ** .5 for p in pool])[0] for pool in map(pool_of, sorted(slots, key=ORDER.index))]
        for one in chosen: one.apply(r, sheet)
        sheet.parts = [one.name for one in chosen]
        return sheet
    return make


def pool_of(slot):
    slots = ("row", "rows") if slot == "row" else (slot,)
    return [p for p in CLASSES.values() if p.slot in slots and p.name != "header_only"]


class Mixed(Pollution):
    def __init__(self, name, weight, count, says):
        super().__init__(name, "mixed", weight, None, None, says)
        self.make = mix(count)


CLASSES["two_at_once"] = Mixed("two_at_once", 15, 2, "two of the above in one file")
CLASSES["three_at_once"] = Mixed("three_at_once", 10, 3, "three of the above in one file")


class Case:
    """A file and what it should become."""

    def __init__(self, of, number, seed):
        r = random.Random("%d %s %d" % (seed, of.name, number))
        sheet = of.make(r)
        self.of, self.name = of, "%s_%04d" % (of.name, number)
        self.parts = getattr(sheet, "parts", [of.name])
        self.data, self.records, self.lines = sheet.write()
        self.names, self.rows, self.joined = sheet.names, sheet.rows, sheet.joined


def cases(files, seed, only=None):
    """`files` of them: a third shared out evenly, so that every class has enough, the rest by weight."""
    classes = [c for c in CLASSES.values() if only is None or c.name in only]
    weights = sum(c.weight for c in classes)
    for c in classes:
        count = max(1, round(files / 3 / len(classes) + files * 2 / 3 * c.weight / weights))
        for number in range(count): yield Case(c, number, seed)
