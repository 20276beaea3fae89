"""Takes what clients bring through the mappers and writers into bronze, and says what happened in receipts."""
