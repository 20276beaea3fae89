"""The engine under PySpark: the only place where a session is made."""
