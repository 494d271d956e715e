"""The grammar of names: behind sure cues, behind unsure ones, and of several words that a list knows."""

from __future__ import annotations

from earwitness.privacy.scanner.alphabet import pattern

__all__ = ["ALONE", "CORRECTED", "FULL", "MEDIUM", "STRONG"]

_WORD = "anyname|unknown|Unknown|UNKNOWN|glued|weak_suffix|suffix"
_ANY = f"<{_WORD}>"
_CAPS = "<Given|Surname|Ambi|Surword|Unknown|UNKNOWN|glued>"
_HEAD = "anyname|unknown|Unknown|UNKNOWN|glued|month"
_LISTED = "<anyname|Unknown|glued|weak_suffix>"
_GLUE = (
    "(?:<hyphen|filler|plus_mark>|<lettered><period|stop>?|<particle>{1,2}<hyphen>?|<de><my>?"
    "(?=<surename|Ambi|ambi|Unknown|Surword|surword|Common>)|<de><my>(?=<unknown>)|<ye>(?=<surname|Surname|Unknown>)"
    "|<Common|month>(?=<capital>))"
)
_GOES_ON = f"(?=<{_WORD}|hyphen|filler|plus_mark|lettered|particle|de|Common|month>)"
"""What a name goes on with begins with: most end here, and nothing else is tried."""
_LINKS = "<mark|is|colon|equals|quote|filler|comma|its|open>"
_INITIAL = "(?:<letter|compass|ex><period|stop>?|<particle>{1,2}<hyphen>?)?"
_TITLE = "<title><period|stop>?(?:<an><title><period|stop>?)?"


def _sequence(head: str, more: str, most: int = 3) -> str:
    initial = f"<letter|compass|ex><period|stop>?(?={more}|<comma|stop|border|at|in|quote>|$)"
    return f"{head}(?:{_GOES_ON}(?:{_GLUE}?{more}|{initial})){{0,{most}}}"


# Each begins with one set of classes, so that the search for it is a table look-up a token; what follows looks back. Where
# many words begin a match and few go on with it, what may follow is asked for at once, before the alternatives.

STRONG = pattern(
    f"<name|nameis|called|title>(?:(?<=<name>)(?:<for|in|my|idcue|de|of|common|a>{{0,4}}<is>|<of|de>)?{_LINKS}{{0,4}}"
    f"|(?<=<nameis|called>){_LINKS}{{0,2}}|(?<=<title>)<period|stop>?(?:<an><title><period|stop>?)?<filler>?)"
    f"(?P<value>(?:{_TITLE})?{_INITIAL}{_sequence(f'<{_HEAD}|Common>', _ANY)})"
)
"""`my name is …`, `se llama …`, `Mrs. …`: whatever stands there is a name."""

MEDIUM = pattern(
    "<i|this|im|its|speak|tell|contact|phone|role|hi|from|with|to|for|de|beneath|put>"
    f"(?=<{_HEAD}|letter|compass|ex|particle|measure|is|with|to|for|me|a|of|my|you|colon|hyphen|in|equals|quote|stop|filler"
    "|comma|mark>)"
    "(?:(?<=<im|its|phone|hi|from|with|to|for|de|beneath>)|(?<=<i>)<measure>|(?<=<this>)<is>(?:<common|my>(?=<Given|given|Unknown|unknown|Surname|surname>))?"
    "|(?<=<speak>)(?:<compass><solidus>?|<with|to|for|me|a|of>{0,2}(?:(?<=<to|with>)<is>)?)|(?<=<tell>)<a|my|you|colon>?|(?<=<contact>)<is|colon>{0,2}"
    "|(?<=<role>)(?:<hyphen>?<in><hyphen>?<common|surword>)?<is|colon|equals|quote|stop>{0,2}|(?<=<put>)<me><through><to|with>)"
    "<filler|comma|quote|mark>{0,2}"
    f"(?P<value>(?:<letter|compass|ex><period|stop>|<particle><hyphen>)?{_sequence(f'<{_HEAD}>', _ANY)})"
)
"""`this is …`, `ask for …`, `customer …`: a name or another word."""

FULL = pattern(
    "<letter|a|oh|i|given|Given|Ambi|ambi|month|Surname|Surword|Unknown|surname|glued>"
    "(?:<period|stop>(?<=<letter|a|oh|i><period|stop>)(?:<letter|a|oh|i><period|stop>)?<Given|Surname|Unknown|Surword|Ambi|glued>"
    f"(?:<hyphen>{_ANY}|{_CAPS}){{0,2}}"
    "|(?=<anyname|Unknown|UNKNOWN|glued|weak_suffix|hyphen|filler|plus_mark|lettered|particle|de|Common|month|comma>)(?:"
    f"(?<=<given|Given|Ambi|ambi|month>){_GLUE}?{_sequence('<anyname|Unknown|glued|UNKNOWN|weak_suffix>', _LISTED, 2)}"
    "|(?<=<Surname|Surword|Unknown|surname|glued>)"
    f"(?:{_GLUE}?{_CAPS}(?:<letter|compass|a|i|oh><period>?(?!<lettered>))?|<comma><Given>|<given>){{1,3}}))"
)
"""Several words that are a name without a cue."""

ALONE = pattern("<Given|given|Surname|Unknown|Ambi|glued>")
"""One word that may be one."""

CORRECTED = pattern(
    "<comma|stop>?<no|wait>{1,2}<comma|stop>?(?:<common>(?=<is>))?<its|is|my|name>{0,3}(?P<value><anyname|unknown|Unknown>{1,2}+)"
)
"""A name that takes back the one before it: `… no wait jon smithers`."""
