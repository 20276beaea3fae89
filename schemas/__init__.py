"""What a table is: the declaration type, and the contracts of bronze and of the records."""
