"""The hall: the only owner of state and tasks. One service per noun keeps the promises of `api.facade`.

Work on the database happens on the desk, a whole operation at a time; everything else happens on the event loop. Rules
come from the quiet rooms: a service reads, asks a rule, writes, and says on the bus what changed.
"""
