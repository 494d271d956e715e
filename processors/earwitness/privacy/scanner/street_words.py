"""Ordinary words that streets are named for: trees, birds, water, colours, and what stands in a town."""

from __future__ import annotations

from earwitness.privacy.scanner.vocabulary import words

__all__ = ["STREET_WORDS"]

STREET_WORDS = words(
    """oak maple cedar pine elm birch walnut cherry willow ash aspen poplar sycamore magnolia chestnut hickory juniper
    laurel cypress
    spruce redwood dogwood peach apple orange lemon olive palm pecan plum rose lily ivy fern clover holly hawthorn heather
    eagle hawk falcon dove robin heron swan crane owl quail deer fox bear buck wolf elk turkey duck horse
    lake river creek brook spring springs pond falls ocean sea bay harbor harbour beach shore island water
    mountain hill ridge valley canyon meadow prairie forest wood woods field stone rock rocky sandy sand glen hollow
    blue green red white black silver golden gold gray grey copper crystal amber
    park church school mill main high market station bridge college court center centre union mission chapel garden depot
    sunset sunrise sunny summer winter autumn spring morning evening star moon sun rainbow
    old new little big great grand long twin lone hidden quiet royal king queen prince indian
    north south east west upper lower first second third fourth fifth bell tower castle cottage farm orchard vineyard country"""
)
"""In lower case."""
