"""The shapes of the API's answers, as the OpenAPI document tells them; those of tables come from the declarations."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from serving.declarations import ServedColumn, ServedTable

_TYPES: dict[str, Any] = {
    "STRING": str,
    "INT": int,
    "BIGINT": int,
    "DOUBLE": float,
    "BOOLEAN": bool,
    "TIMESTAMP": datetime,
    "DATE": date,
}


class Problem(BaseModel):
    """What went wrong (RFC 9457, application/problem+json)."""

    model_config = ConfigDict(json_schema_extra={"examples": [
        {"type": "about:blank", "title": "Not Found", "status": 404, "detail": "There is no such page."}
    ]})  # fmt: skip

    type: str = Field(description="about:blank: title says it")
    title: str = Field(description="The phrase of the status code")
    status: int = Field(description="The status code")
    detail: str = Field(description="What went wrong, for people")
    next_step: str | None = Field(None, description="What to do next, where there is something")


class TableListed(BaseModel):
    """A table that can be read."""

    name: str = Field(description="Name, as in the lake")
    layer: Literal["bronze", "silver", "gold", "records"] = Field(description="Layer of the lake")
    description: str = Field(description="What a row tells")
    analytics: str | None = Field(description="Kind of question that it answers, of gold tables")
    primary_key: list[str] = Field(description="Columns that tell rows apart")
    version: int | None = Field(description="Version that is read; null where the lake has none yet")
    href: str = Field(description="Address of its rows")


class TableList(BaseModel):
    """The tables that can be read."""

    user_id: str = Field(description="The listener whose rows they hold")
    is_simulated: bool = Field(description="Whether the listener is made up")
    as_of: date = Field(description="Day that the tables were built for")
    made_at: datetime = Field(description="When the release was made (UTC)")
    tables: list[TableListed] = Field(description="The tables, by name")


def page_model(table: ServedTable) -> type[BaseModel]:
    """The answer of a table's route: a page of its rows."""
    columns: dict[str, Any] = {column.name: _field(column) for column in table.columns}
    row = create_model(f"{_camel(table.name)}Row", __doc__=table.description, **columns)
    fields: dict[str, Any] = {
        "table": (Literal[table.name], Field(description="The table")),
        "version": (int | None, Field(description="Its version; null where the lake has none yet")),
        "as_of": (date, Field(description="Day that the tables were built for")),
        "is_simulated": (bool, Field(description="Whether the listener is made up")),
        "rows": (list[row], Field(description="Rows, with the columns that were asked for")),  # type: ignore[valid-type]
        "next": (str | None, Field(description="Address of the next page; null on the last")),
    }
    return create_model(f"{_camel(table.name)}Page", __doc__=f"A page of {table.name}.", **fields)


def _field(column: ServedColumn) -> tuple[Any, Any]:
    """A column's type. A row holds the columns that were asked for, so none is required in the schema."""
    kind = _TYPES[column.type] | None if column.nullable else _TYPES[column.type]
    unit = f" ({column.unit})" if column.unit and "UTC" not in column.comment else ""
    return Annotated[kind, Field(description=f"{column.comment}{unit}", json_schema_extra=_without_default)], None


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


class Totals(BaseModel):
    """What was heard on these local days; excluded plays are left out."""

    user_id: str = Field(description="Listener")
    is_simulated: bool = Field(description="Whether the listener is made up")
    first: date = Field(description="First local day")
    last: date = Field(description="Last local day")
    play_count: int = Field(description="Plays that count")
    start_count: int = Field(description="Plays that began, skipped ones too")
    listened_ms: int = Field(description="Time listened, measured or estimated, in milliseconds")
    active_day_count: int = Field(description="Days with a play that counts")
    artist_count: int = Field(description="Different artists, of all that was begun")
    recording_count: int = Field(description="Different recordings, of all that was begun")
    first_play_at: datetime | None = Field(description="Start of the first play (UTC)")
    last_play_at: datetime | None = Field(description="Start of the last play (UTC)")
    coverage: float | None = Field(description="Share of the hours that something is known of, 0-1; null for none")
    is_at_least: bool = Field(description="Whether more was heard, since plays of some hours may be missing")
    feature_shares: dict[str, float] = Field(
        description="Share of the time by source of its audio features, 0-1; `none` has no features"
    )


class TopRow(BaseModel):
    """A place in a top list."""

    rank: int = Field(description="Place, from 1")
    key: str = Field(description="What it is counted under")
    name: str | None = Field(description="Name, as written most often")
    detail: str | None = Field(description="Its artist, or the genre's family")
    track_id: str | None = Field(description="Spotify id of a track")
    play_count: float = Field(description="Plays that count; genres share a play by weight")
    listened_ms: int = Field(description="Time listened, in milliseconds")


class TopList(BaseModel):
    """What was played most on these local days."""

    subject: Literal["artists", "tracks", "albums", "genres"] = Field(description="What is ranked")
    by: Literal["time", "plays"] = Field(description="What is ranked by")
    first: date = Field(description="First local day")
    last: date = Field(description="Last local day")
    is_simulated: bool = Field(description="Whether the listener is made up")
    rows: list[TopRow] = Field(description="The places asked for")


class Hit(BaseModel):
    """Something that was found."""

    key: str = Field(description="What it is counted under")
    name: str = Field(description="Name")
    detail: str | None = Field(description="Its artist, of albums and tracks")
    play_count: int = Field(description="Plays that count; 0 for what is only in the library")
    listened_ms: int = Field(description="Time listened, in milliseconds")


class Hits(BaseModel):
    """What was found in the listener's own history and library."""

    query: str = Field(description="What was asked for")
    is_guess: bool = Field(description="Whether only names that are spelt like it were found")
    artists: list[Hit] = Field(description="Artists, the best first")
    albums: list[Hit] = Field(description="Albums, the best first")
    tracks: list[Hit] = Field(description="Tracks, the best first")


class Me(BaseModel):
    """Who asks."""

    user_id: str = Field(description="Listener")
    is_admin: bool = Field(description="Whether they look after the lake")
    how: Literal["local", "session", "token"] = Field(description="How they were let in")
    is_simulated: bool | None = Field(description="Whether the listener is made up; null before the first build")
    as_of: date | None = Field(description="Day that their tables were built for")
    made_at: datetime | None = Field(description="When the release was made (UTC)")


class RunAsked(BaseModel):
    """What to run."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"kind": "collect"}]})

    kind: Literal["cycle", "collect", "build"] = Field(
        description="cycle: collect, then build. collect: new plays alone. build: the tables alone (admins)"
    )


class Run(BaseModel):
    """A command that was started."""

    id: str = Field(description="Its id")
    command: str = Field(description="What runs")
    state: Literal["running", "done", "failed", "needs_user", "postponed", "stopped", "lost"] = Field(
        description="needs_user: sign in at Spotify again. postponed: a quota is used up, or another run has the lake"
    )
    begun_at: datetime = Field(description="Beginning (UTC)")
    ended_at: datetime | None = Field(description="End (UTC)")
    exit_code: int | None = Field(description="0 done, 1 failed, 2 wrong input, 3 needs the listener, 4 postponed")
    lines: list[str] = Field(description="The last lines that it said")
    result: Any = Field(description="What it printed as JSON at its end")


class RunList(BaseModel):
    """The newest runs."""

    runs: list[Run] = Field(description="Runs, newest first")


class Health(BaseModel):
    """Whether the server works."""

    status: Literal["ok", "not ready"] = Field(description="ok, or not ready")
    detail: str = Field(description="What is missing, or empty")


class AnswerColumn(BaseModel):
    """A column of an answer."""

    name: str = Field(description="Its name in the rows")
    label: str = Field(description="Its heading")
    unit: str = Field(description="Its unit, or empty")


class AnswerQuery(BaseModel):
    """A query that was run."""

    sql: str = Field(description="SQL (DuckDB), over the tables of the listener")
    values: dict[str, Any] = Field(description="The values of its $names")


class Answered(BaseModel):
    """The answer to a question in plain words, or why there is none."""

    question: str = Field(description="The question")
    is_answered: bool = Field(description="Whether there is an answer")
    sentence: str = Field(description="The answer, or why there is none, in a sentence")
    intent: str = Field(description="How the question was understood")
    value: Any = Field(description="The figure; time in minutes, shares 0-1; null where rows or nothing answer")
    unit: str = Field(description="The unit of the figure")
    columns: list[AnswerColumn] = Field(description="Columns of the rows")
    rows: list[dict[str, Any]] = Field(description="Rows")
    queries: list[AnswerQuery] = Field(description="What was asked of the tables")
    versions: dict[str, int] = Field(description="Table -> version that was read")
    play_count: int | None = Field(description="Plays that the figure rests on")
    coverage: float | None = Field(description="Share of the hours of the range that something is known of, 0-1")
    is_at_least: bool = Field(description="Whether more was heard, since plays of some hours may be missing")
    confidence: float = Field(description="How sure it is, 0-1")
    sureness: str = Field(description="The same in words")
    notes: list[str] = Field(description="How the question was read")
    suggestions: list[str] = Field(description="What can be asked instead")
    is_simulated: bool = Field(description="Whether the listener is made up")
    from_model: str = Field(description="The language model that wrote the SQL, or empty")
