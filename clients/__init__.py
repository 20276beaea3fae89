"""Where raw items come from: files and, later, services. Raw items in, raw items out."""
