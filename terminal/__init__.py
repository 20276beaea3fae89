"""What commands print: receipts, lists of tables, the summary of a lake."""
