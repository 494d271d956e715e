"""Values of each kind in sentences of many kinds, each with each: what is found in one sentence is found in the others.

The sentences and the values were written apart from the rules. `{}` is where the value stands.
"""

from __future__ import annotations

from collections.abc import Iterator

from pii.labelled import Row

__all__ = ["sets"]


def _listed(text: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in text.replace("\n", "").split("|"))


_NAMES = _listed(
    """maria|john smith|priya|nguyen van minh|oluwaseun adebayo|xiomara|kwame|zbigniew kowalczyk|hope|will|bill|sunny|
    grace|dawn|mark|jean-pierre|o'brien|al-rashid|fatima zahra|björn|siobhán|xóchitl|ahmed|wei chen|yuki tanaka|
    thandiwe|sergei|anneliese|delroy|tyrone banks|ms. okafor|mr. lee|dr. patel|mrs. whitcombe-hayes|josé luis|
    maría josé|ramachandran|dmitri|hyun|leilani|Rosa Delgado|Keisha|Đặng Thu Hà|T. Ramachandran|B. Whitcombe|
    Yusuf A.|Chase Banks|May Lin|Hank|Oluwaseun"""
)
_AROUND_NAMES = _listed(
    """my name is {}|my name's {} and i have a leak|this is {}|this is {} calling about the furnace|
    hi this is {} from the shop|i'm {} and my water is off|ask for {}|ask for {} at the front desk|
    please have {} call me back|can i speak to {}|could i talk to {} please|tell {} the part is in|
    put me through to {}|spoke with {}|spoke w/ {} re: scope|the customer is {}|customer name {}|owner: {}|
    tenant: {}|contact {}|name: {}|Name: {}|you're speaking with {}|{} speaking|{} here, calling about my bill|
    yeah it's {} again|the name is {}|name on the account is {}|it's under {}|last name {}|cc {}|attn: {}|
    hi {}, your tech is on the way|dear {},|thanks {}|signed by {}|assigned to {}|reassigned from {} to dispatch|
    my wife {} will be home|my husband's name is {}|call {} first|let {} know|is {} there|i need {} to come back|
    {} called about the invoice|me llamo {}|mi nombre es {}|soy {}|habla {} de la oficina|le habla {}|
    quiero hablar con {}|pregunte por {}|dígale a {} que ya|myself {}|my good name is {}|mera naam {} hai|
    "name":"{}", "job":1"""
)
_ADDRESSES = _listed(
    """1420 Oak Street|1420 oak street|221B Baker Street|15 Elm Ct|77 Sunset Blvd Apt 4C|901 Pine St #5|
    8 West 4th Street, 2nd floor|1200 NE 45th Ave, Unit B|3300 N Broadway|18234 County Road 12|
    12 Rue de la Paix, 75002 Paris|Hauptstraße 5, 10115 Berlin|Calle Mayor 3, 28013 Madrid|
    Flat 4, 19 Kingsway, Leeds LS1 4AP|one oh five maple drive|fourteen twenty oak street|
    twenty two hundred south lamar|eight west fourth street apartment two b|calle ocho número doce|
    avenida reforma doscientos veinte|PO Box 88|Flat 302, Sai Residency, MG Road|B-14, Sector 62, Noida|
    901 Pine Street, Seattle, WA 98101|6 Martin Luther King Jr Blvd|45 St. Andrews Road|9 The Avenue|14 High St|
    seven seventy seven commerce drive suite ten|three thirty one n e fremont avenue|5th Ave and 23rd St|
    19-07 Steinway St|2211 Camino Real|4471 Highway 9 North|88 Harbor View Rd|1 Infinite Loop|forty two wallaby way"""
)
_AROUND_ADDRESSES = _listed(
    """{}|job at {}|i live at {}|the job is at {}|my address is {}|address: {}|come to {} please|it's {} the blue house|
    deliver to {}|Site Address: {}|changed from {} to nothing|we moved to {}|"address":"{}"|
    send the truck to {} by noon|notes: boiler at {} won't fire|the property is {}|i'm over at {} right now|
    hi it's rosa from {}|service at {} tomorrow|{}, gate code 4471|tech arrived 8:40 at {}|vivo en {}|
    la dirección es {}|Address={}&x=1"""
)
_CODES = _listed(
    """4471|four four seven one|4 4 7 1|44 71|twenty four sixty|double four seven one|#4471|star four four seven one|
    4471#|oh four two oh|118204|uno dos tres cuatro|four four, seven one"""
)
_AROUND_CODES = _listed(
    """gate code is {}|the gate code's {}|gate code {}|the code for the gate is {}|gate code: {}|door code {}|
    the code to the side door is {}|alarm code is {}|alarm code {} please|my pin is {}|pin {}|pin number {}|
    lockbox is {}|lockbox code {}|lock box combination {}|key box on the porch, code {}|the keypad takes {}|
    entry code {}|access code is {}|garage code is {} and come in|punch in {}|enter {} on the keypad|
    use {} for the gate|the passcode is {}|verification code is {}|the code they sent is {}|the code i got is {}|
    otp is {}|one time code {}|security code {}|el código es {}|el código de la puerta es {}|la clave es {}|
    mi pin es {}|código del portón {}|the gate opens with {}|gate {}|code for building is {}|you need {} to get in|
    buzzer code is {}|elevator code {}|community gate {}|safe combination is {}|disarm code {}|
    notes: gate {} dog in yard|call me when you get there, the gate code is {}"""
)
_MAIL = _listed(
    """maria dot garcia at gmail dot com|maria.garcia@gmail.com|m a r i a at yahoo dot com|
    john underscore smith at outlook dot com|bob 42 at aol dot com|bob forty two at aol dot com|
    info at smith plumbing dot com|maria punto garcia arroba gmail punto com|r dash lee at company dot co dot uk|
    j as in john smith at icloud dot com|ramesh at the rate gmail dot com|xochitl at proton dot me|a+b@x.io|
    first.last+tag@sub.example.co.uk|dee pak dot p at proton mail dot com|office at bright hyphen hvac dot net|
    jo_ann99@mail.example.org|the smiths at gmail dot com|k dot o brien at hotmail dot com|
    wei chen 88 at gmail dot com"""
)
_AROUND_MAIL = _listed(
    """{}|my email is {}|my email's {} thanks|email {}|email: {}|send it to {} please|send the invoice to {}|it's {}|
    you can reach me at {}|write to {} not the old one|my e-mail address is {}|the email on file is {}|
    mi correo es {}|mándelo a {}|contact {} or call|my mail id is {}|yeah um it's {} all lowercase|
    email changed from {} to nothing|reply to {} by friday|user {} not found|and my email is {} and my job is 48213"""
)
_PHONES = _listed(
    """(212) 946-0188|212.946.0188|212 946 0188|2129460188|+12129460188|1-212-946-0188|+1 (212) 946-0188|
    +44 7911 123456|07911 123456|020 7946 0958|+33 6 12 34 56 78|+49 151 12345678|+91 98765 43210|+52 1 55 1234 5678|
    +61 412 345 678|+234 803 123 4567|212-946-0188 ext 5|two one two nine four six oh one double eight|
    two twelve, nine forty six, oh one eighty eight|dos uno dos nueve cuatro seis cero uno ocho ocho|
    2 1 2 9 4 6 0 1 8 8"""
)
_AROUND_PHONES = _listed(
    """{}|call {} please|my number is {} thanks|callback {}|phone: {}|{} is best|job 48213 callback {}|
    reach me on {}, after five|user pressed {}# for callback|"phone":"{}"|could not deliver SMS to {}: 30006|
    llámeme al {}|it's {} and my name is rosa"""
)
_IDS = _listed(
    """48213|4155550134|four eight two one three|forty eight two thirteen|
    four one five five five five oh one three four|J-2024-00918|4 8 2 1 3|seven seven oh one two three|0042|A4471|
    55012-B|48213, 48214 and 48215|cuatro ocho dos uno tres"""
)
_AROUND_IDS = _listed(
    """job {}|job number {}|the job number is {}|it's job {}|work order {}|ticket {} is closed|order number {} shipped|
    invoice number {}|po number {}|case number {}|client id {}|my client id is {}|reference number {}|
    account number {} please|serial number {}|model number {}|part number {}|meter reading {}|número de trabajo {}|
    el trabajo es el {}|mark job {} complete|jobs {} done|close out job {} and open a new one|
    update on job {} please|tracking number {}|confirmation number is {}|error code {}|permit number {}"""
)
_STATES = _listed(
    """test|great thanks|urgent|about the boiler|not working|regarding the leak|just a reminder|the office|my landlord|
    for the other unit|raining|leaking again|broken|an emergency|at the site|on hold|outside|locked out|fine|done|
    a question|so annoying|too loud|cold in here|the wrong address|what i said|your last message|all i needed|
    everything|nobody|freezing|upside down|backwards|rusty|squeaky|clogged|tripping the breaker|a hazard|cracked|
    moldy|unbelievable|ridiculous|perfect|awesome|correct|wrong"""
)
_AROUND_STATES = _listed(
    """this is {}|it's {}|i'm {}|it is {}|tell them it's {}|he said it's {}|she says this is {}|the unit is {}|
    i think it's {}|my sink is {}|hi it's {}|hello this is {}|sorry it's {}|okay i'm {}|everything is {}"""
)
_AMOUNTS = _listed(
    """two|twenty minutes|four to five|nine|seven thirty|october fourth|monday|june first|next week|a couple of hours|
    three or four days|noon|half past six|the fifth|1:15 pm|8-10|11/05/2026|2026-11-23|$250|forty dollars|
    two hundred and fifty bucks|12 feet|half an inch|seventy two degrees|15 percent|240 volts|three units|
    fifty gallons|1,250.00|two by four"""
)
_AROUND_AMOUNTS = _listed(
    """call me at {}|be there at {}|come back at {}|around {}|before {}|it was {}|it cost {}|about {}|
    between now and {}|it takes {}|the total is {}|set it to {}|need {} more|after {} please|by {}|from {}|until {}"""
)

_KINDS = (
    ("names", "PERSON", _NAMES, _AROUND_NAMES),
    ("addresses", "ADDRESS", _ADDRESSES, _AROUND_ADDRESSES),
    ("codes", "SECRET", _CODES, _AROUND_CODES),
    ("mail", "EMAIL", _MAIL, _AROUND_MAIL),
    ("phones", "PHONE", _PHONES, _AROUND_PHONES),
    ("must_not_ids", "", _IDS, _AROUND_IDS),
    ("must_not_states", "", _STATES, _AROUND_STATES),
    ("must_not_amounts", "", _AMOUNTS, _AROUND_AMOUNTS),
)


def sets() -> Iterator[tuple[str, list[Row]]]:
    """A set a kind: each value in each sentence."""
    for name, label, values, sentences in _KINDS:
        yield (
            f"grid_{name}",
            [
                _row(f"{name}-{at}-{number}", sentence, value, label, name)
                for at, sentence in enumerate(sentences)
                for number, value in enumerate(values)
            ],
        )


def _row(name: str, sentence: str, value: str, label: str, kind: str) -> Row:
    before, _, behind = sentence.partition("{}")
    span = ((len(before), len(before) + len(value), label),) if label else ()
    # The name in a sentence about an address, and the code behind it, are neither required nor punished.
    soft = tuple(
        (whole.index(word), whole.index(word) + len(word), "SOFT")
        for whole in (before + value + behind,)
        for word in ("rosa", "4471")
        if word in before + behind and word not in value
    )
    return Row(name, before + value + behind, span, soft, kind)
