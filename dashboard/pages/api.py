"""API: how programs and scrobblers reach what the pages show."""

from __future__ import annotations

from collections.abc import Iterator

from dashboard.parts import Column, Fragment, Part, Table
from dashboard.view import View, page
from serving.declarations import served_declarations

ROUTES = (
    ("GET", "/api/v1/tables", "The tables that can be read"),
    ("GET", "/api/v1/tables/{name}", "Rows of a table: fields, filters, from and to, limit, cursor, order"),
    ("GET", "/api/v1/summary", "Totals of any range of days"),
    ("GET", "/api/v1/top/{subject}", "Top artists, tracks, albums or genres of any range"),
    ("GET", "/api/v1/search", "Artists, albums and tracks by name"),
    ("GET", "/api/v1/ask", "A question in plain words"),
    ("GET", "/api/v1/me", "Who asks"),
    ("POST", "/api/v1/runs", "Collect, build, or both"),
    ("GET", "/api/v1/runs/{id}", "How a run goes"),
    ("POST", "/1/submit-listens", "Listens of a scrobbler, as ListenBrainz takes them"),
    ("GET", "/health", "Whether the server lives"),
    ("GET", "/metrics", "Figures for Prometheus"),
)


@page("/api", "API", has_range=False)
def api(view: View) -> Iterator[Part]:
    """What programs can ask, and how a scrobbler feeds your lake."""
    yield Fragment("how", "How to ask", file="api/how.html")
    yield Fragment("scrobblers", "Scrobblers", file="api/scrobblers.html")
    yield Table(
        "routes", "Addresses",
        columns=(Column("method", "Method"), Column("path", "Address"), Column("about", "What it gives")),
        rows=[{"method": method, "path": path, "about": about} for method, path, about in ROUTES],
    )  # fmt: skip
    yield Table(
        "tables", "Tables", note="Every column is described in the OpenAPI document.",
        columns=(Column("name", "Table", link="href"), Column("layer", "Layer"), Column("about", "What a row tells")),
        rows=[
            {
                "name": table.name,
                "layer": table.layer,
                "about": table.description.split("\n")[0],
                "href": f"/api/v1/tables/{table.name}?limit=20",
            }
            for table in sorted(served_declarations().values(), key=lambda table: table.name)
        ],
    )  # fmt: skip
