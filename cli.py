"""The `lakesong` command: every command is a thin call into what is below."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from config.errors import InputError, LakesongError
from config.logs import configure_logs
from config.settings import Settings, load_settings
from schemas.lake import Lake

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from pipeline import BuildResult

app = typer.Typer(
    name="lakesong",
    help="A lakehouse for the music you play.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
User = Annotated[str | None, typer.Option(help="Listener; `me` unless given.")]
_chosen_lake: dict[str, str] = {}


@app.callback()
def choose_lake(
    lake: Annotated[str, typer.Option(help="Folder or address of the lake; wins over LAKE_URI.")] = "",
) -> None:
    """A lakehouse for the music you play.

    Example: lakesong import my_spotify_data.zip
    """
    _chosen_lake["uri"] = lake


def _settings() -> Settings:
    settings = load_settings(_chosen_lake.get("uri") or None)
    configure_logs(settings)
    lake = Lake(settings.lake_uri)
    if not lake.is_remote and lake.local.exists() and not lake.local.is_dir():
        raise InputError(f"{lake.root} is a file, no lake.", "Set LAKE_URI to a folder.")
    return settings


@contextmanager
def _engine(settings: Settings, command: str, what: str) -> Iterator[tuple[SparkSession, Callable[[str], None]]]:
    """The run lock, an engine and a place for progress, for a command that writes."""
    from config.lock import run_lock
    from terminal.screen import working

    with run_lock(settings.state_dir, command), working("starting the engine") as progress:
        from engine.session import open_session

        with open_session(settings) as spark:
            progress(what)
            yield spark, progress


@app.command("import")
def import_(
    paths: Annotated[list[Path], typer.Argument(help="Zip, folder, JSON or CSV files, or a Delta table of plays.")],
    user: User = None,
    build: Annotated[bool, typer.Option(help="Build silver and gold afterwards.")] = True,
    json: Json = False,
) -> None:
    """Take in listening history: Spotify's exports as downloaded, or plays that another program kept.

    Example: lakesong import my_spotify_data.zip
    """
    from ingestion.cycle import complete_and_build
    from ingestion.history import import_history
    from terminal.receipts import print_receipt
    from terminal.screen import print_json

    settings = _settings()
    with _engine(settings, "import", "looking at the files") as (spark, progress):
        receipt = import_history(spark, Lake(settings.lake_uri), paths, user_id=user, progress=progress)
        if json:
            print_json(receipt.to_json())
        else:
            print_receipt(receipt)
        if build and receipt.total.rows:
            complete_and_build(spark, settings, progress=progress)
    if build and receipt.total.rows and not json:
        _show_listener(settings, receipt.user_id or "")
    if receipt.broken:
        raise typer.Exit(InputError.exit_code)


@app.command("import-catalog")
def import_catalog(
    file: Annotated[Path, typer.Argument(help="dataset.csv of the Kaggle tracks dataset, or a JSON file of artists.")],
    json: Json = False,
) -> None:
    """Take in the Kaggle Spotify tracks catalogue (audio features and genres of 90,000 tracks), or artists' genres.

    A JSON file holds an array of artists: {"id", "name", "genres", "popularity", "followers"}.
    Example: lakesong import-catalog data/kaggle/dataset.csv
    """
    from ingestion.catalogue import import_catalogue
    from terminal.receipts import print_receipt
    from terminal.screen import print_json

    settings = _settings()
    with _engine(settings, "import-catalog", "looking at the file") as (spark, progress):
        receipt = import_catalogue(spark, Lake(settings.lake_uri), file, progress)
    if json:
        print_json(receipt.to_json())
    else:
        print_receipt(receipt)
    if receipt.broken:
        raise typer.Exit(InputError.exit_code)


@app.command()
def build(
    tables: Annotated[list[str] | None, typer.Argument(help="Tables to build, with what they are made from.")] = None,
    full: Annotated[bool, typer.Option("--full", help="Build everything whole, changed or not.")] = False,
    as_of: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day to build for; today.")] = None,
    json: Json = False,
) -> None:
    """Build silver and gold from bronze: only what changed, unless --full.

    Example: lakesong build wellbeing_indicators
    """
    from ingestion.cycle import complete_and_build
    from pipeline import table_named
    from terminal.screen import print_json

    settings = _settings()
    for name in tables or ():
        table_named(name)
    with _engine(settings, "build", "building") as (spark, progress):
        day = as_of.date() if as_of else None
        names = tuple(tables or ())
        result = complete_and_build(spark, settings, as_of=day, names=names, full=full, progress=progress)
    if json:
        print_json({"run_id": result.run_id, "built": list(result.built), "unchanged": result.unchanged})
    else:
        _say_built(result)


@app.command()
def login(
    user: User = None,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the address to open, and paste back where it led.")
    ] = False,
) -> None:
    """Sign a listener in at Spotify, so that their plays can be collected. Lasts six months.

    Example: lakesong login --no-browser
    """
    from ingestion.listeners import DEFAULT_USER
    from terminal.login import sign_in

    sign_in(_settings(), user or DEFAULT_USER, no_browser=no_browser)


@app.command()
def ingest(
    user: Annotated[list[str] | None, typer.Option(help="Only this listener; may be given again.")] = None,
    source: Annotated[list[str] | None, typer.Option(help="Only this source; may be given again.")] = None,
    build: Annotated[bool, typer.Option(help="Build silver and gold afterwards.")] = True,
    json: Json = False,
) -> None:
    """Run one whole cycle: collect what is new, then build. The same as `python run_ingestion.py`.

    Example: lakesong ingest --source recently_played
    """
    from ingestion.cycle import run_cycle
    from terminal.login import offer_login
    from terminal.screen import out, print_json, working

    settings = _settings()
    offer_login(settings, user or ())

    def say(line: str) -> None:
        if not json:
            out.print(line, markup=False)

    with working("running a cycle") as progress:
        result = run_cycle(settings, say, progress, users=user or (), sources=source or (), build_too=build)
    if json:
        print_json(result.to_json())
    else:
        out.print(result.line)
    if result.exit_code:
        raise typer.Exit(result.exit_code)


@app.command()
def watch(user: User = None) -> None:
    """Follow what plays now, and record each play with the time that was really heard, until Ctrl-C.

    Example: lakesong watch
    """
    from terminal.watch import watch_listeners

    watch_listeners(_settings(), user)


@app.command()
def replay(json: Json = False) -> None:
    """Map stored payloads and dead letters again, after a new version mends a mapper. Nothing is fetched.

    Example: lakesong replay
    """
    from config.lock import run_lock
    from ingestion.replay import replay_stored
    from terminal.screen import out, print_json

    settings = _settings()
    with run_lock(settings.state_dir, "replay"):
        result = replay_stored(Lake(settings.lake_uri))
    if json:
        print_json(result.to_json())
    else:
        out.print(result.line)


@app.command()
def maintain(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    keep_days: Annotated[int, typer.Option(min=1, help="Days whose versions stay.")] = 30,
) -> None:
    """Join small files and remove what no version of the last days needs. The scheduler does this nightly.

    Example: lakesong maintain --dry-run
    """
    from ingestion.maintenance import run_maintenance
    from terminal.maintain import print_maintenance

    result = run_maintenance(_settings(), keep_days=keep_days, dry_run=dry_run)
    print_maintenance(result, dry_run=dry_run)


@app.command()
def emulator(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 8585,
    days: Annotated[int, typer.Option(min=1, help="Days of listening that lie behind.")] = 60,
    seed: Annotated[int, typer.Option(help="The same seed gives the same listeners.")] = 1,
    plays_per_day: Annotated[float, typer.Option(min=1, help="Mean plays a day.")] = 55.0,
    fault: Annotated[list[str] | None, typer.Option(help="awkward, or one fault; may be given again.")] = None,
    speed: Annotated[float, typer.Option(help="Seconds of its clock a real second.")] = 1.0,
    replies: Annotated[Path | None, typer.Option(help="Folder of recorded replies to give first.")] = None,
) -> None:
    """Answer on this machine as Spotify, ReccoBeats and Deezer do, for simulated listeners: to try and to test.

    Example: lakesong emulator --fault awkward
    """
    from terminal.emulator import run_emulator

    run_emulator(
        port=port, days=days, seed=seed, plays_per_day=plays_per_day, faults=fault or [], speed=speed, replies=replies
    )


@app.command()
def status(json: Json = False) -> None:
    """Say what the lake holds: rows, versions, listeners, and where audio features came from.

    Example: lakesong --lake data/demo status
    """
    from serving.status import lake_status
    from terminal.login import sign_ins
    from terminal.screen import grid, out, print_json

    settings = _settings()
    found = {**lake_status(Lake(settings.lake_uri)), "sign_ins": sign_ins(settings)}
    if json:
        print_json(found)
        return
    out.print(f"Lake {found['lake']}")
    for listener in found["listeners"]:
        out.print(f"Listener {listener['user_id']}" + (" (simulated)" if listener["is_simulated"] else ""))
    for one in found["sign_ins"]:
        again = f": sign in again with `lakesong login --user {one['user_id']}`" if one["needs_sign_in"] else ""
        out.print(f"{one['user_id']} is signed in at Spotify until {one['until']}{again}", markup=False)
    for user_id, gaps in found["open_gaps"].items():
        out.print(f"{user_id}: {gaps:,} suspected gaps are open (table coverage_gaps); an export closes them")
    table = grid("table", "rows", "version", right=("rows", "version"))
    for row in found["tables"]:
        table.add_row(f"{row['layer']}.{row['table']}", f"{row['rows']:,}", str(row["version"]))
    out.print(table)
    for source, share in found["feature_shares"].items():
        out.print(f"{share:6.1%} of listening time with features: {source}")


@app.command()
def tables(
    table: Annotated[str, typer.Argument(help="One table, to see its columns and rules.")] = "", json: Json = False
) -> None:
    """List the tables in the order in which they are built, or one table in full.

    Example: lakesong tables mood_clusters
    """
    from pipeline import declared_tables, table_named
    from terminal.screen import print_json
    from terminal.tables import print_dag, print_table

    if table:
        print_table(table_named(table))
    elif json:
        print_json([{"table": t.name, "layer": t.layer, "inputs": t.inputs} for t in declared_tables().values()])
    else:
        print_dag(declared_tables().values())


@app.command()
def sql(
    query: Annotated[str, typer.Argument(help="One query; without it, a prompt.")] = "",
    limit: Annotated[int, typer.Option(help="Rows to show at most.")] = 100,
    json: Json = False,
) -> None:
    """Ask the tables with SQL (DuckDB's dialect). The lake cannot be changed this way.

    Example: lakesong sql "SELECT cluster_name, listened_share FROM mood_clusters WHERE basis = 'measured'"
    """
    from terminal.sql import answer, prompt

    lake = Lake(_settings().lake_uri)
    if query:
        answer(lake, query, limit=limit, as_json=json)
    else:
        prompt(lake, limit=limit)


@app.command()
def shell() -> None:
    """Open a Python shell with `spark` ready and every table registered by its name.

    Example: lakesong shell
    """
    from engine.session import open_session
    from terminal.shell import run_shell

    settings = _settings()
    with open_session(settings) as spark:
        run_shell(spark, Lake(settings.lake_uri))


@app.command()
def listeners(
    user: User = None,
    timezone: Annotated[str, typer.Option(help="IANA zone to record for the listener.")] = "",
    since: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day of the zone; always.")
    ] = None,
    json: Json = False,
) -> None:
    """List listeners and their time zones, or record where a listener lived from a day on.

    Example: lakesong listeners --user me --timezone Asia/Tokyo --from 2025-08-01
    """
    from ingestion.listeners import DEFAULT_USER, read_listeners, record_zone
    from terminal.screen import grid, out, print_json

    lake = Lake(_settings().lake_uri)
    if timezone:
        record_zone(lake, user or DEFAULT_USER, timezone, since.date() if since else None)
    found = [row for row in read_listeners(lake) if user in (None, row["user_id"])]
    if json:
        print_json(found)
        return
    table = grid("listener", "from (UTC)", "time zone", "simulated")
    for row in sorted(found, key=lambda row: (row["user_id"], row["valid_from"])):
        zone = row["time_zone"] or "the setting TIMEZONE"
        table.add_row(row["user_id"], f"{row['valid_from']:%Y-%m-%d %H:%M}", zone, "yes" if row["is_simulated"] else "")
    out.print(table)


@app.command()
def simulate(
    out_dir: Annotated[Path, typer.Option("--out", help="Folder for the files.")] = Path("simulated"),
    days: Annotated[int, typer.Option(min=30, help="Days of listening.")] = 730,
    seed: Annotated[int, typer.Option(help="The same seed gives the same files.")] = 1,
    plays_per_day: Annotated[float, typer.Option(min=1, help="Mean plays a day.")] = 55.0,
) -> None:
    """Invent a listener: their Spotify export, account data and a catalogue, as files to import.

    Example: lakesong simulate --days 365 --seed 7 --out /tmp/simulated
    """
    from terminal.demo import write_files
    from terminal.screen import out

    files = write_files(out_dir, days=days, seed=seed, plays_per_day=plays_per_day)
    for file in files:
        out.print(str(file))


@app.command()
def demo(
    days: Annotated[int, typer.Option(min=30, help="Days of listening to simulate.")] = 730,
    seed: Annotated[int, typer.Option(help="The same seed gives the same lake.")] = 1,
) -> None:
    """Simulate a listener in a lake of its own (data/demo), and show what was learned.

    Example: lakesong demo
    """
    from terminal.demo import run_demo

    run_demo(_settings(), days=days, seed=seed)


def _show_listener(settings: Settings, user_id: str) -> None:
    """What was learned about the listener; and which time zone to set, where hours are read in the default one."""
    from serving.summary import lake_summary, suggested_zone
    from terminal.screen import out
    from terminal.summary import print_summary

    lake = Lake(settings.lake_uri)
    out.print("")
    print_summary(lake_summary(lake, user_id))
    zone = suggested_zone(lake, user_id)
    if zone and "timezone" not in settings.model_fields_set:
        out.print(
            f"Hours and days are read in {settings.timezone}. If you lived in {zone}: set TIMEZONE={zone} in .env and "
            f"run `lakesong build`, or record it with `lakesong listeners --user {user_id} --timezone {zone}`.",
            style="yellow",
        )


def _say_built(result: BuildResult) -> None:
    from terminal.screen import out

    if result.built:
        out.print(f"Built {', '.join(result.built)}.")
    else:
        out.print("Everything is up to date.")
    for warning in result.warnings:
        out.print(f"Warning: {warning}", style="yellow")


def main() -> None:
    """Run the command line; errors are one line on standard error, with the exit codes of docs/design.md."""
    try:
        app()
    except LakesongError as error:
        _fail(str(error), error.exit_code)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        _fail("The disk is full. Nothing was taken in by halves: make room and run the command again.", 2)
    except Exception as error:
        if "No space left on device" not in str(error):
            raise
        _fail("The disk is full. Nothing was taken in by halves: make room and run the command again.", 2)


def _fail(message: str, code: int) -> Any:
    print(f"lakesong: {message}", file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
