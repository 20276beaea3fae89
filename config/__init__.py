"""Settings, errors and the run lock: what every entry point makes first and passes down."""
