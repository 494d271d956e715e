"""Words that are names as well, and words that only a list of names takes for one."""

from __future__ import annotations

from earwitness.privacy.scanner.vocabulary import words

__all__ = ["AMBIGUOUS", "NEVER_NAMES"]

AMBIGUOUS = words(
    """checo lucha nacho chava pancho neto chucho chelo gabby meche
    mark dawn jesus april june oscar bill ella christian guy jan luz hope may van will autumn miles summer stan august buddy
    rob lane art rich chance sunny precious princess king young page max darwin mac grace faith joy rose jack frank pat sue drew
    ray dale bob chase cash hunter mason carter tucker ivy lily violet ruby crystal amber heather iris olive daisy jade pearl
    sandy rocky dusty misty stormy randy rusty wade reed clay cliff dean earl duke gene grant glen lance dick victor melody
    harmony charity destiny trinity angel star skip chip buck chuck bud nick don ken josh gale gail penny robin sage basil
    pepper ginger candy brandy sherry carol holly noel eve dolly belle bonnie faye gay son winter sierra cherry coral fern
    flora forest gabe gil hank hazel heath honey jasmine jay jean jerry jo john johnny june kit laurel lee les linden lou mack
    mandy marina mary mercedes mercy merry mike myrtle norm opal paris patience pete phil piper porter prudence ransom river
    rod roman royal sam savannah sky sterling stormy sun ted temple tim tom tony troy val verity vi viola wally ward warren wes
    woody zion israel jordan austin dallas houston madison florence virginia georgia carolina dakota montana phoenix india china
    asia cuba kenya london milan sydney victoria diamond star major colt ford fox wolf lark dove raven robin jewel bella
    ana mia nova stone love bliss early worth rain sharon luna sol paz cruz rosa blanca dolores pilar consuelo esperanza
    soledad luz mercedes rocío guadalupe reyes santos ángel angel salvador domingo marina clara"""
)
"""Given names that are words or places as well: they need a capital letter, a cue or a surname."""

NEVER_NAMES = words(
    """a an and any are as at be but by can did do does for from get go had has have he her him his how i if in is it its just
    kind let like made make many may me mi mine more most my no nor not now of off oh on one or our out own per por que say see
    she so some such than that the their them then there these they thing this those thu to too tu un una unas uno up us was we
    were what when where which who whom why with would yes yet you your del de la las le les lo los el en es eso esa se si
    su sus soon sing men young else era ha hi ho hang hue ok okay son sung min mai main hai ten tan thing
    so tin ting binh an my no do to he wei ping ming ring lien bat ban bin ham sam kang hai yo ya
    car far bar her here hers main hoy hay dan sin ki ray are mar sung dong chin gang mango tang
    many near english still """
)
"""Words that no list of names makes a name in lower case: too many sentences hold them."""
