"""Silver and gold: pure DataFrame -> DataFrame functions, one table a file."""
