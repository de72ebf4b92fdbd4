"""Reading from the database. Each function takes the actor who asks (`by`).

Whether the actor may see something is part of the SQL statement that reads it. If a row were loaded first and refused
afterwards, the answer would take longer than for a row that does not exist, and the time would reveal that it exists.
"""
