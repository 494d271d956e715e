"""The grammars of the frames of names, and what may stand behind one."""

from __future__ import annotations

from earwitness.privacy.scanner.alphabet import pattern

__all__ = [
    "ACTOR",
    "ACTS",
    "ADDRESSED",
    "AGAIN",
    "ASSIGNED",
    "BEFORE_ARROW",
    "BEHIND_ARROW",
    "DOTTED",
    "FIELD",
    "GIVEN_TO",
    "HANDED",
    "HAVE",
    "LET",
    "NAME",
    "NICKNAMED",
    "NO_WORD",
    "ON_THE_PHONE",
    "OTHER",
    "OVER",
    "PART",
    "SAID_BY",
    "THERE",
    "TOLD_THAT",
    "VALUE",
]

NAME = "<given|Given|ambi|Ambi|surname|Surname|surword|Surword|unknown|Unknown|UNKNOWN>"
VALUE = f"(?P<value>(?:<particle><hyphen>)?{NAME}(?:<hyphen>?{NAME}){{0,2}})"
NO_WORD = "<given|Given|ambi|Ambi|surname|Surname|unknown|Unknown|Surword>"
THERE = pattern(
    "<is>(?P<value>(?:<particle><hyphen>)?<anyname|unknown|Unknown>{1,2})(?P<there><common|line>|<in>(?=<border|mark|newline>|$))"
)
ACTS = pattern(
    "<acts|speak|called|phone>(?<=<given|Given|ambi|Ambi|surname|surword|unknown|Unknown|Surname><acts|speak|called|phone>)"
)
ACTOR = pattern(
    "(?:^|(?P<said><common|surword>)|<border|stop|comma|newline|hi|an|filler|mark|no>)(?P<value>(?:<particle><hyphen>)?<given|Given|ambi|Ambi|surname|surword|unknown|Unknown>"
    "<given|ambi|surname|surword|unknown|Surname|Unknown>?)$"
)
ADDRESSED = pattern(
    "(?P<value><unknown|surname|given|ambi><particle|unknown|surname|given|ambi>{1,2})<comma>(?=<n3|n10|open|digit|plus_mark>)"
)
OVER = "(?=<at|in|border|stop|comma|newline|an|from>|<period><border>|<period>?$)"
"""What may follow what is handed to somebody; a stop that ends a text has no blank behind it."""
SAID_BY = pattern(
    "<acts>(?P<value><Unknown|Surname>)(?=<border|stop|comma|to|newline|quote|colon>|<period><border>|<period>?$)"
)
TOLD_THAT = pattern("<acts|tell><me>?(?P<value><ambi|unknown|surname>)(?P<aux><common|is>)")
GIVEN_TO = pattern(
    f"<common|put|password|emailcue|surword><common|this>(?P<on><common>)?<to|with>(?P<value><ambi|unknown|surname>){OVER}"
)
HAVE = pattern(
    f"<common>(?P<value>(?:<particle><hyphen>)?{NO_WORD}{{1,2}})(?P<does><phone|common|tell|press|lock|to|emailcue|surword>)"
)
FIELD = pattern(
    "<phone|role|name|common|unknown|im|from|contact|idcue|surword><equals|colon><quote>?"
    "(?P<value><UNKNOWN|Unknown|Given|Surname|Ambi|Surword>{1,3}|<given|unknown|surname|ambi>{1,2})(?=<border|quote|an|comma|stop|newline|mark|common|close>|$)"
)
DOTTED = pattern(
    "(?P<value><given|Given|ambi|Ambi><period><given|surname|unknown|ambi|surword|Given|Surname|Unknown>)(?!<period|at_mark|open|colon|solidus|arroba>)"
)
ASSIGNED = pattern(
    "<common|acts|role|tell|unknown><my|common|idcue|numeral|digit|de|unknown>{0,4}?<to|a>(?P<value><ambi|given|surname|unknown|Given|Surname|Unknown|Ambi>)"
)
HANDED = pattern(
    f"<common|acts|tell><my><common|phone|lock|card|particle|unknown|idcue><to>(?P<value><ambi|unknown|surname>){OVER}"
)
NICKNAMED = pattern(f"<me><common>?(?P<value><given|ambi|unknown|surname|Given|Ambi|Unknown|Surname>){OVER}")
BEFORE_ARROW = pattern("(?P<value><Ambi|Surname|Surword>)<hyphen>{0,2}<mark>(?=<Given>)")
BEHIND_ARROW = pattern("<Given><hyphen>{0,2}(?P<arrow><mark>)(?P<value><Ambi|Surname|Surword>)")
LET = pattern(f"<let>(?P<value>(?:<particle>{{1,2}}<hyphen>?)?{NAME}(?:<hyphen>?{NAME}){{0,2}})<know>")
OTHER = pattern(
    "<common|an|ye|oh><common>?(?P<value><given|ambi|Given|Ambi|unknown|surname|Surname>)"
    "(?=<border|stop|comma|newline|mark|common|phone|in|at>|<period><border>|<period>?$)"
)
ON_THE_PHONE = pattern(f"<put|common>{VALUE}<common><my>?<phone|line|speak|common>")
PART = pattern(
    f"<ordinal|common|surword|name>(?:(?<=<ordinal|common|surword>)<name>|(?<=<name>))(?P<value>{NAME}(?:{NAME}(?!<name>))?)"
)
AGAIN = pattern("<its|im>(?P<value><month|ambi|surword|unknown>)(?P<again><common>)")
