"""The dashboard: pages for people, the API for programs, and who may see what."""
