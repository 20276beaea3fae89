"""Models on pandas and NumPy: pure functions, rows sorted by key, one thread, fixed seed, no I/O."""
