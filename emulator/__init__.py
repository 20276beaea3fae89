"""Local stand-in for the services Lakesong reads from, and the listening simulator."""
