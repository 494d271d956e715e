"""Words of the frames of names: what is said, done and handed around a name."""

from __future__ import annotations

from earwitness.privacy.scanner.vocabulary import words

__all__ = [
    "ASSIGNS",
    "AUXILIARIES",
    "CALLS",
    "CLIENTS",
    "FIELDS",
    "GIVES",
    "GOTTEN",
    "HANDS",
    "HAVES",
    "NAME_FIELDS",
    "NEEDS",
    "NICKNAMING",
    "NOBODY",
    "PARTS",
    "PEOPLE",
    "PUTS",
    "SAYINGS",
    "STARTS",
    "SURNAMES",
    "THERES",
    "THINGS",
    "VERBS",
]

THERES = words("there home available around here in")
PUTS = words("put get bring have")
PARTS = words("first last given middle family full maiden sur second")
SURNAMES = words("surname apellido apellidos lastname naam nombres")
SAYINGS = words("says said told asked dijo")
AUXILIARIES = words("would could might should was had is has")
HAVES = words("have get make")
CALLS = words("call come ring text phone email bring check sign meet open reach stop swing ping")
GOTTEN = words("cash chance change hope joy art rich page")
NEEDS = words("need needs want wants expecting")
FIELDS = words(
    """caller caller_name callername contact contact_name customer customer_name client_name actor owner assignee tech technician
    agent requester requested_by created_by updated_by approved_by tenant from_name to_name full_name fullname display_name
    user_name responsable solicitante asignado técnico tecnico encargado cliente client"""
)
CLIENTS = ("client", "cliente")
"""Fields that hold firms as well."""
NAME_FIELDS = words(
    "caller_name contact_name customer_name client_name full_name fullname display_name from_name to_name"
)
ASSIGNS = words(
    """asignó asigné asigne asigno asignado asignada reasignó reasignado asignar pasó entregó dio mandó assigned reassigned gave
    handed passed transferred sent"""
)
NICKNAMING = ("dicen", "llaman")
PEOPLE = words("they everybody everyone people friends folks")
HANDS = words("handed passed gave sent transferred forwarded left hand pass give send")
THINGS = ("it", "them", "that", "this", "those")
GIVES = words("give leave hand send show pass email mail drop gave left")
VERBS = words(
    """speaking here rang phoned texted called emailed asked wants wanted says said confirmed came arrived llamó dijo vino quiere
    avisó dice"""
)
STARTS = words("yes yeah yep ok okay so well sí good morning afternoon evening")
NOBODY = words(
    """english someone anyone everyone nobody customer spanish hindi tamil telugu punjabi urdu luck crew shift work point ella
    nadie alguien usted quien cliente"""
)
