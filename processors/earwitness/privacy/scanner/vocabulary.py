"""What single words do in a sentence of a call, English and Spanish: the classes that the grammar is written in.

A word has one class; the first table that holds it wins. Names and ordinary words come from the files of `lexicon`.
"""

from __future__ import annotations

from earwitness.privacy.scanner.letter_names import LETTER_NAMES
from earwitness.privacy.scanner.number_words import DIGITS, HUNDREDS, NUMBERS, REPEATS, TENS

__all__ = ["PAUSES", "WORDS", "words"]


def words(text: str) -> frozenset[str]:
    """The words of a text that lists them."""
    return frozenset(text.split())


PAUSES = ("hold on", "one sec", "un momento", "un momentito")
"""Words that are one token: somebody who says a number makes them in the middle of it."""

WORDS: dict[str, str] = {
    "oh": "oh o nought naught",
    "digit": " ".join(
        word for word in DIGITS if word not in {"un", "una", "oh", "o", "tree", "fife", "nought", "naught"}
    ),
    "tens": TENS,
    "hundred": f"hundred cien ciento cientos {HUNDREDS}",
    "thousand": "thousand mil",
    "teen": " ".join(word for word, value in NUMBERS.items() if len(value) == 2 and word not in TENS.split()),
    "multi": " ".join(REPEATS),
    "ordinal": (
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
        "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth thirtieth fortieth fiftieth"
    ),
    "homo": "won too ate",
    "rate": "rate",
    "shift": (
        "capital lowercase uppercase mayúscula minúscula caps little apostrophe exclamation question "
        "ampersand percent dollar-sign"
    ),
    "letname": " ".join(LETTER_NAMES),
    "filler": (
        "matlab haan ji ya yaar accha achha pues um uh er ah eh umm uhh erm hmm mm mmm em uhm este ehm "
        "emm \u200b \u200c \u200d \u00ad \u2060 \ufeff"
    ),
    "you": "you",
    "know": "know see sea ver",
    "let": "let",
    "me": "me",
    "wait": (
        "wait sorry correction scratch correct corrijo espera espere perdón perdon digo corrección disculpa perdone mean oops"
    ),
    "no": "no not nope nahi nahin",
    "an": "and & then luego",
    "ye": "y",
    "compass": "n s e w",
    "ex": "x",
    "as": "as",
    "like": "like como",
    "in": "in en",
    "for": "for",
    "de": "de del",
    "of": "of por",
    "particle": "des dos das della delle van von der den ter da di du bin binti ibn al le",
    "a": "a",
    "i": "i",
    "to": "to",
    "with": "with con by",
    "from": "from",
    "at": "at",
    "arroba": "arroba",
    "dot": "dot punto",
    "point": "point period",
    "dash": "dash hyphen guion guión minus slash",
    "under": "underscore bajo subguion",
    "plus": "plus más mas",
    "hash": "hash pound star asterisk asterisco numeral gato almohadilla",
    "tld": "com org net edu gov biz co uk mx",
    "provider": (
        "gmail hotmail yahoo outlook icloud proton protonmail aol comcast verizon msn gmx zoho fastmail ymail "
        "rocketmail sbcglobal googlemail me.com jimeil"
    ),
    # what a number belongs to
    "phone": (
        "phone phones telephone call calls callback cell cellphone mobile reach reached ring dial "
        "dialing fax text sms tel ph "
        "landline whatsapp teléfono telefono celular móvil movil llámame llamame llámeme llameme llamar "
        "llame llamen marcar marcarme márcame marcame "
        "márqueme marqueme contactarme from_number caller callerid msisdn texted voicemail pager answering "
        "llámenme llamenme "
        "phone_number to_number telf cel"
    ),
    "line": "office home work best desk",
    "contact": "contact contacto",
    "number": "number numbers numero número num no nr digits #s núm numeros números nums",
    "area": "area área country país",
    "ext": "ext extension extensión",
    "pin": (
        "pin pins passcode otp cvv cvc cvv2 pincode nip contraseña contrasena clave passphrase combination combo "
        "combinación combinacion passkey"
    ),
    "password": (
        "password passwd pwd pw cookie sig signature hmac secret token auth_token authtoken api_key apikey "
        "api-key client_secret access_token  "
        "refresh_token secret_key private_key passwort bearer aws_secret_access_key aws_access_key_id access_key "
        "session_token x-api-key access_key_id db_password pass psw passwords api_token "
        "secret_access_key user_password "
        "authorization"
    ),
    "code": "code codes código codigo códigos",
    "lock": (
        "gate door alarm lockbox lock access entry keypad security garage verification verify confirmation_code "
        "auth authentication sms_code login passcodes portón porton puerta alarma acceso seguridad verificación "
        "verificacion entrada one-time onetime unlock disarm panel safe cerradura keybox elevator "
        "padlock authenticator buzzer community wifi wi-fi keys vault "
        "cochera garaje reja candado edificio intercom callbox interfono interfón lockboxes keypads teclado"
    ),
    "card": (
        "card visa mastercard amex discover tarjeta creditcard debit credit american_express cards tarjetas diners"
    ),
    "ssn": "ssn social ss ssns itin nss",
    "seguro": "seguro",
    "zip": "zip zipcode postcode postal zips cep plz zip_code postal_code post_code codigo_postal código_postal codigopostal cp",
    "licence": "license licence licencia licences licenses dl ine",
    "driver": "driver driver's drivers driving conducir manejo conductor",
    "iban": "iban ibans",
    "ipcue": "ip ips",
    "idcue": (
        "quote job jobs order orders ticket tickets invoice invoices ref reference client id ids account meter "
        "reading serial "
        "model quantity qty part parts error epoch epoch_ms offset partition lag confirmation po case "
        "trabajo orden pedido "
        "factura cliente cuenta medidor referencia tracking sku item version event record session "
        "request sid callsid "
        "recordingsid policy routing aba poliza póliza folio contador serie modelo batch lot work invoice# unidad "
        "workorder wo port timestamp duration numdigits confidence estimate permit claim membership "
        "member asset barcode "
        "job_number client_id job_id order_id ticket_id employee badge vehicle reservation booking crate "
        "pallet bytes "
        "build revision row seconds secs id# cantidad pieza caso reporte"
    ),
    "emailcue": "email e-mail mail correo emails mails electronico electrónico",
    # what comes before a name
    "name": (
        "name names naam nombre surname apellido apellidos lastname firstname first_name last_name fullname nombres"
    ),
    "nameis": "name's names're nombre's",
    "this": "this",
    "im": "i'm im soy myself",
    "beneath": "under",
    "its": "it's",
    "is": "is hai are was es son be equals fue está",
    "my": "my the mi his her their our your tu su sus mis the el la nuestro",
    "title": (
        "mr mrs ms dr miss mister señor señora señorita sr sra srta don doña mgr supt prof professor doctor doctora mx madam "
        "ing lic licenciado licenciada ingeniero ingeniera arquitecto arquitecta maestro maestra "
        " uncle aunt auntie sir madam ma'am tío tía abuela abuelo"
    ),
    "speak": (
        "speak spoke speaking talk talked talking ask asked asking spoken hablar hablo hablé habla "
        "hablando pregunte pregunta"
    ),
    "tell": "tell told page paging attn attention cc bcc notify thank thanks gracias dile dígale digale thx ask_for avise",
    "role": (
        "contact_person cust customer owner tenant technician tech manager assigned assignee landlord "
        "homeowner plumber electrician "
        "contact_name author sender recipient resident superintendent supervisor rep agent operator "
        "dispatcher husband wife "
        "son daughter brother sister neighbor neighbour boss mother father mom dad client_name "
        "customer_name esposo esposa "
        "hijo hija hermano hermana vecino vecina dueño dueña jefe técnico encargado inquilino propietario foreman "
        "receptionist inspector coordinator roommate partner colleague assistant janitor concierge"
    ),
    "hi": "hi hello hey hola dear querido querida estimado estimada hiya howdy",
    "called": "called named llamo llama llamado llamada named_as goes",
    "put": "put transfer connect patch pass comuníqueme comuniqueme páseme paseme páse",
    "through": "through",
    "spelled": "spelled spelt spell deletreo deletrea deletrear deletreado spelling",
    # places
    "suffix": (
        "street st ave avenue road rd drive dr lane ln boulevard blvd court ct place pl terrace ter "
        "circle cir way parkway pkwy "
        "highway hwy square sq trail trl alley crescent grove mews row strasse straße str turnpike pike "
        "fwy frwy expy tpke ih fm expressway interstate freeway causeway crossing bypass parade quay wharf "
        "esplanade cove cres throughway"
    ),
    "weak_suffix": (
        "approach close gardens walk hill rise path loop plaza route run view heights ridge point creek "
        "green knoll hollow crest pointe oaks acres bend crossings fork "
        "forks port junction valley meadows landing manor glen haven island islands isle mill mills "
        "mission mountain oval "
        "orchard pass passage pine pines plain plains shoal shoals shore shores spring springs spur "
        "spurs station stravenue "
        "stream summit trace track trafficway tunnel underpass union village ville vista well wells "
        "divide dam falls ferry field "
        "fields flats ford forest forge fort garden gateway harbor hills inlet key keys knolls lake "
        "lakes light locks lodge "
        "mall bayou beach bluff bluffs bottom branch bridge brook brooks burg burgs camp canyon cape "
        "center centers cliff cliffs "
        "club common commons corners course courts coves estate estates extension extensions viaduct "
        "motorway overpass park "
        "parks parkways ramp ranch rapid rapids river roads radial vej gata vale croft"
    ),
    "prefix": (
        "calle avenida av avda rue via via. viale jirón jiron rambla ul ulica plaza paseo camino carretera strada piazza "
        "calzada boulevard "
        "callejón callejon rua travessa corso vicolo chemin allée allee impasse quai praça prolongación "
        "privada cerrada "
        "vía carrera cra diagonal transversal autopista rúa glorieta ronda os. al aleja plac"
    ),
    "glued": (
        "platz weg gasse broadway wilshire sepulveda lamar kingsway embarcadero piccadilly strand whitehall bowery "
        "kingsgate"
    ),
    "degree": "md phd psy psyd lcsw dds rn esq jr mft lmft dvm iii iv",
    "corner": "corner esquina intersection",
    "unit": (
        "plot apt apartment suite ste unit flat floor fl room rm bldg building apartamento depto "
        "departamento piso puerta apto "
        "interior int torre manzana mz lote casa trailer lot spc space penthouse ph appt"
    ),
    "sector": (
        "sector nagar vihar enclave chowk society colony layout phase block cross stage puram bagh residency towers "
        "apartments tower wing zona"
    ),
    "quarter": "colonia col barrio urbanización urbanizacion urb fraccionamiento fracc",
    "aside": "rear upstairs downstairs hinterhaus vorderhaus principal basement izq izqda izquierda dcha derecha",
    "bis": "bis",
    "answer": "answer respuesta",
    "shape": "xoxb xoxp xoxa xoxr xoxs glpat",
    "preposed": "unter auf zum zur beim hinter",
    # what people do
    "acts": (
        "here rang phoned emailed asked wants wanted says dice said confirmed came arrived llamó dijo vino quiere avisó sent "
        "shows reads mandaron llegó enviaron mandó abrir entrar pasar"
    ),
    # what is done with a code
    "press": (
        "punch enter type press hit dial use ponga teclee digite oprima marque introduzca ingrese pulse apriete teclea "
        "pica pícale picale píquele piquele pique presiona presione oprime digita aprieta pulsa ingresa introduce "
        "marca poner ponen pone"
    ),
    "box": "box psc buzón apartado pmb",
    "po": "p.o. apo fpo dpo rr hc",
    "direction": (
        "north south east west northeast northwest southeast southwest ne nw se sw norte sur este oeste pte ote"
    ),
    "month": (
        "january february march april june july august september october november december jan feb mar "
        "apr jun jul aug sep "
        "sept oct nov dec enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"
    ),
    "statename": (
        "alabama alaska arizona arkansas california colorado connecticut delaware florida georgia hawaii "
        "idaho illinois indiana "
        "iowa kansas kentucky louisiana maine maryland massachusetts michigan minnesota mississippi "
        "missouri montana nebraska "
        "nevada hampshire jersey mexico york carolina dakota ohio oklahoma oregon pennsylvania rhode "
        "tennessee texas utah "
        "vermont virginia washington wisconsin wyoming"
    ),
    "address": "address addresses dirección direccion domicilio adress located location ubicado ubicada offices site",
    "lives": "live lives vivo vive living reside resides",
    # numbers of these are amounts and times
    "measure": (
        "dollars dollar cents cent bucks euros pesos percent minutes minute min mins hours hour hrs days "
        "day weeks week months "
        "month years year miles mile feet foot inches inch gallons pounds degrees am pm times pieces "
        "people turns stars psi "
        "minutos horas días dias semanas meses años veces dólares dolares o'clock kilometers km mb gb kb "
        "watts volts amps "
        "bed beds bedroom bedrooms bath baths bathroom bathrooms rooms room tickets guests nights "
        "options results "
        "oclock metros pies libras grados percentage kilos lbs"
    ),
}
"""The words of each class, apart from what `lexicon` holds."""
