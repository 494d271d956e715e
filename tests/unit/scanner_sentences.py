"""Sentences as they come from a phone line: `<KIND what is personal>` is masked, all else is left alone."""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["LEFT", "MARKED", "Marked", "read"]

MARKED = """
you can reach me at <PHONE four one five, double five five, oh one three four>
my callback number is <PHONE six one seven five five five no wait five one two five five five oh one seven one>
it's <PHONE eight hundred five five five oh one two three> thanks
call me on <PHONE two one two, nine four six, zero one double eight>
mi número es <PHONE cuatro uno cinco, cinco cinco cinco, cero uno tres cuatro>
llámame al <PHONE seis uno siete cincuenta y cinco cincuenta y cinco cero uno> por favor
my cell is <PHONE 415 555 twenty one forty three>
From=<PHONE +14155550132> To=<PHONE +12129460188>
reach the tenant at <PHONE (303) 555-0177 ext 12> after five
whatsapp <PHONE +44 7911 123456>
the number's <PHONE 512 um 555 uh 0 1 8 1>
2026-11-24 <PHONE 415-555-0134> called
dial <PHONE double five four's five five five one two three four>
call <PHONE 702-555-0133> or <PHONE 702-555-0134> after 3pm
<PHONE 2065550188> is my cell
my new number is <PHONE nine one seven triple five oh one sixty>
my mobile is <PHONE plus nine one nine eight seven six five four three two one oh>
el teléfono es <PHONE 55 1234 5678>
<PHONE area code two oh six eight six seven five three oh nine> is the best one
my name is <PERSON Oluwaseun Adebayo>
my name is <PERSON nguyen thi hanh> and i need a plumber
this is <PERSON will> from the shop
this is <PERSON priya raghavan> calling about the furnace
ask for <PERSON hope> at the front desk
hi it's <PERSON josé garcía> again
me llamo <PERSON María Fernanda López> y vivo aquí
mi nombre es <PERSON juan carlos> y tengo una fuga
soy <PERSON guadalupe hernández>
habla <PERSON ramón ortiz> de la oficina
put me through to <PERSON bill> in accounts
can you tell <PERSON sunny> the bill is paid
i spoke with <PERSON Mr. Abdulrahman> yesterday
last name <PERSON M A Y>
my name is spelled <PERSON K A T A R Z Y N A>
it's <PERSON m as in mary a r i a>
the last name is <PERSON s for sierra m i t h>
owner: <PERSON Chase Banks>
cc <PERSON May Lin> and <PERSON June Carter-Wells>
spoke w/ <PERSON T. Ramachandran> re: scope
customer is <PERSON Mrs. Eleanor Whitcombe-Hayes>
my name's <PERSON xochitl> and i'm calling about job 48213
<PERSON Ingrid> from dispatch said the part is in
<PERSON la señora Consuelo Ibáñez> pide una cita
the job is at <ADDRESS 1420 Oak Street apartment 3B>
come to <ADDRESS one oh five maple drive> the blue door
<ADDRESS 221B Baker Street, London NW1 6XE>
i live at <ADDRESS twenty two fourteen north elm street apartment four>
send the crew to <ADDRESS 77 Willow Creek Rd, Unit 12, Austin, TX 78704>
site address <ADDRESS 12 Rue de la Paix, 75002 Paris>
vivo en <ADDRESS calle ocho número doce>
la dirección es <ADDRESS Calle Mayor 15, 3º B>
estamos en la <ADDRESS avenida insurgentes 1457>
<ADDRESS Flat 4, 19 Kingsway, Leeds LS1 4AP>
mail it to <ADDRESS P.O. Box 512>
corner of <ADDRESS fifth avenue and twenty third street>
deliver to <ADDRESS Hauptstrasse 27, 10115 Berlin>
my email is <EMAIL maria dot garcia at gmail dot com>
send it to <EMAIL jsmith42@example.co.uk> please
mi correo es <EMAIL ana punto lopez arroba hotmail punto com>
it's <EMAIL j dot smith forty two at outlook dot com>
email me at <EMAIL bob underscore jones at company dot co dot uk>
<EMAIL dee pak dot p at proton mail dot com>
the address is <EMAIL r o s a at yahoo dot com>
reach us at <EMAIL info at blue river plumbing dot com>
the gate code is <SECRET four four seven one>
gate code is <SECRET 4471>
la clave es <SECRET cuatro cuatro siete uno>
el código de la puerta es <SECRET 2580>
my pin is <SECRET 0 9 1 4>
alarm code <SECRET eighteen forty five>
lockbox combination <SECRET three eight one six>
your verification code is <SECRET 482913>
password: <SECRET Hunter2!x>
the wifi password is <SECRET bluebird42>
Authorization: Bearer <SECRET eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-DEF_123>
auth_token=<SECRET 9f8e7d6c5b4a39281706f5e4d3c2b1a0>
<SECRET 7718> is the door code
my card is <CARD 4111 1111 1111 1111>
the long number is <CARD four one one one, one one one one, one one one one, one one one one>
<CARD 378282246310005> amex
card number <CARD 4000 1234 5678 9010> expires soon
tarjeta <CARD 5500-0000-0000-0004>
my social is <SSN 078-05-1120>
ssn <SSN 078 05 1120>
social security number is <SSN two one nine oh nine nine nine nine nine>
it's <SSN two one nine oh nine nine nine nine nine> that's my social
my iban is <IBAN GB82 WEST 1234 5698 7654 32>
IBAN <IBAN DE89370400440532013000>
request from <IP 203.0.113.77> refused
peer <IP 2001:db8::ff00:42:8329> closed
my zip code is <ZIP nine four one one oh>
código postal <ZIP 28013>
driver's license number is <DRIVER_ID D1234567>
mi licencia de conducir es <DRIVER_ID B7732109>
hi this is <PERSON rosa> my number is <PHONE 415 555 0132> and la clave es <SECRET 4471>
call <PERSON Keisha> at <PHONE 617.555.0199> about the leak
{"name":"<PERSON Hiro Van Dyke>","email":"<EMAIL hiro.vandyke@outlook.com>","job":"40426"}
KeyError: '<PERSON Rosa Delgado>'
deliver at <ADDRESS Flat 302, Sai Residency, MG Road, Pune 411001>
come to <ADDRESS B-14, Sector 62, Noida>
<ADDRESS #27, 4th Cross, Indiranagar, Bengaluru 560038>
<ADDRESS Am Alten Hafen 15, 20457 Hamburg>
<ADDRESS 14 bis avenue Victor Hugo, 75116 Paris>
<ADDRESS Carrera 7 # 45-12, Bogotá>
i'm at <ADDRESS nine two one wilshire>
<ADDRESS three oh three south congress> across from the bank
address is <ADDRESS eight eight, no wait, eight nine cedar street>
<ADDRESS 44 Hwy 71 S, Bastrop TX>
addr=<ADDRESS 12%20Hill%20Rd>&page=2
the c v v is <SECRET seven seven one>
three digits on the back are <SECRET oh four two>
they texted <SECRET 4471>
use <SECRET 7734> for the gate
it's <SECRET 4471> to get in
para abrir es <SECRET dos dos cuatro seis>
password <SECRET correct horse battery staple>
the wifi is <SECRET smithfamily2020>
?phone=<PHONE %28415%29555-0134>&x=1
is <PERSON dawn> there
put <PERSON gene> on the phone
<PERSON nkosana> speaking how can i help
my name is <PERSON john> no wait <PERSON jon smithers>
last name <PERSON november golf uniform yankee echo november>
<PERSON okafor o k a f o r>
con <PERSON el ingeniero Robles> por favor
customer: <PERSON Nguyen Van An>
q=<PERSON Rosa+Delgado>&limit=10
user <PHONE caller_14155550134> hung up
"""
"""One sentence a line."""

LEFT = """
three blocks down the avenue
flat rate two hundred
11-23-2026 14:05
MARK IT DONE
Johnson Controls
nobody called back
la clave está mal
press the green button twice
type in the address
thank you goodbye
this is hinges and screws
look at example dot com for prices
15 minutes drive
---- | 2026-11-24 12:00:00 | Event: Note | Source: IVR
on 11-24-2026 10:00:00 it rang
job number 48213
my client id is nine nine oh two
it's job J-2024-00917
i will call back in may to mark the job complete
will you update the job for me please
the bill is due on june first
my name is not on the list
i hope the drain is fixed by summer
press one for art supplies, two for field service
this is a test
this is great thanks
i'm calling about a repair
turn the valve two turns to the right
20 minutes away on the road
i need 3 drive belts and 2 court covers
meet me at the gate at noon dot that's it
we arrive at ten at the depot
visa ending in 4242
RecordingSid RE9a8b7c6d5e4f30211203948576abcdef complete
CallSid CA0123456789abcdef0123456789abcdef
2026-11-23T05:12:45.123456Z
offset=184467440737095 partition=12 lag=1048576
epoch_ms=1732340000123
order id 126618 was checked two or three times
i have two jobs one is four eight two one three and the other is four eight two one four
total is one thousand two hundred dollars and fifty cents
it took five to ten minutes
schedule it for 11/05/2026 between 8 and 10
error code 1004155550 in module 7
meter reading zero zero four one seven two
Confidence=0.9134 SpeechModel=phone_call
event d66228ef-b194-4f1f-a9af-768dc16e7051
one two three four five
testing one two three
el trabajo número cuatro ocho dos uno tres
son las tres y media de la tarde
estoy bien gracias
necesito una cita para mañana
back in May
the password is wrong
version 2.14.0 released
press 9 to repeat
masked <own [tel_k1_0123456789abcdef01234567]> and [secret] stay
it's broken again
i'm fine with that
she is here now
can you repeat that please
the second floor unit is leaking
between two and four on tuesday
that's a no from me
"""
"""The same without anything personal."""

_MARK = re.compile(r"<([A-Z_]+|own) ([^>]*)>")


class Marked(NamedTuple):
    """A text, and the kind of each of its characters that is personal data."""

    text: str
    kinds: dict[int, str]


def read(line: str) -> Marked:
    """A sentence without its marks."""
    text = ""
    kinds: dict[int, str] = {}
    at = 0
    for mark in _MARK.finditer(line):
        text += line[at : mark.start()]
        if mark[1] != "own":
            kinds |= {len(text) + index: mark[1] for index, letter in enumerate(mark[2]) if letter.isalnum()}
        text += mark[2]
        at = mark.end()
    return Marked(text + line[at:], kinds)
