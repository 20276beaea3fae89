"""The API for programs: `/api/v1/…`, listens from scrobblers under `/1/…`, health and metrics."""
