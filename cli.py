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
from config.process import run_process
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

playlist = typer.Typer(
    name="playlist", help="Playlists: choose, write as files, make on Spotify, care for.", no_args_is_help=True
)
app.add_typer(playlist)
Kind = Annotated[
    str,
    typer.Argument(help="mood, persona, part-of-day, discovery, forgotten, from-track, path or blend."),
]
Value = Annotated[str, typer.Argument(help="What the kind chooses by: a mood, a persona, a part of day, a track …")]
Tracks = Annotated[int | None, typer.Option(help="Number of tracks; 30 unless --minutes is given.")]
Minutes = Annotated[float | None, typer.Option(help="Length in minutes.")]
Basis = Annotated[str, typer.Option(help="measured, or all: with features that are made up, marked as such.")]
Begin = Annotated[str, typer.Option("--from", metavar="TRACK", help="Track that a path starts from.")]
Yes = Annotated[bool, typer.Option("--yes", help="Answer the question with yes.")]
PlaylistName = Annotated[str, typer.Argument(metavar="PLAYLIST", help="An own playlist: its name, id or address.")]


@app.callback()
def choose_lake(
    lake: Annotated[str, typer.Option(help="Folder or address of the lake; wins over LAKE_URI.")] = "",
) -> None:
    """A lakehouse for the music you play.

    Example: lakesong import my_spotify_data.zip
    """
    _chosen_lake["uri"] = lake


def _settings(*, finishing: bool = False) -> Settings:
    """The settings. finishing: whether the command is the one that completes a restore that was stopped."""
    from ingestion.half_restored import refuse_half_restored

    settings = load_settings(_chosen_lake.get("uri") or None)
    configure_logs(settings)
    lake = Lake(settings.lake_uri)
    if not lake.is_remote and lake.local.exists() and not lake.local.is_dir():
        raise InputError(f"{lake.root} is a file, no lake.", "Set LAKE_URI to a folder.")
    if not finishing:
        refuse_half_restored(lake)
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
def serve(
    host: Annotated[str, typer.Option(help="Address of this machine to listen on; wins over DASHBOARD_HOST.")] = "",
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port; wins over DASHBOARD_PORT.")] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Open no browser.")] = False,
) -> None:
    """Show the dashboard and answer the API, until Ctrl-C. docs/dashboard.md says who may come in.

    Example: lakesong serve --port 8080
    """
    from terminal.serve import run_server

    given: dict[str, Any] = {"dashboard_host": host} if host else {}
    given |= {"dashboard_port": port} if port is not None else {}
    run_server(_settings().model_copy(update=given), with_browser=not no_browser)


@app.command()
def password(
    user: Annotated[str, typer.Argument(metavar="LISTENER", help="The listener.")],
    admin: Annotated[
        bool | None, typer.Option("--admin/--no-admin", help="May look after the lake; the first one may.")
    ] = None,
) -> None:
    """Set the password with which a listener signs in at the dashboard; from then on everybody signs in.

    Example: lakesong password me
    """
    from terminal.password import set_password

    set_password(_settings(), user, is_admin=admin)


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
def export(
    tables: Annotated[list[str] | None, typer.Argument(help="Tables, or `all` for all of silver and gold.")] = None,
    out_path: Annotated[
        Path | None, typer.Option("--out", help="Folder, or the file of one table; for duckdb the file.")
    ] = None,
    format_: Annotated[str, typer.Option("--format", help="parquet, csv or duckdb.")] = "parquet",
    user: Annotated[str | None, typer.Option(help="Only the rows of this listener.")] = None,
    json: Json = False,
) -> None:
    """Write tables of the newest release as files, for spreadsheets, notebooks and tools for charts.

    `--format duckdb` puts them together into one file, all of silver and gold unless tables are named. Each file
    appears whole or not at all, in place of an older one. Times are in UTC.

    --json prints {"user_id", "is_simulated", "format", "released_at", "tables": [{"table", "file", "rows",
    "version"}]}.

    Example: lakesong export --format duckdb --out lakesong.duckdb
    """
    from serving.exporting import FORMATS, export
    from terminal.export import print_export
    from terminal.screen import working

    settings = _settings()
    found = next((one for one in FORMATS if one == format_), None)
    if found is None:
        raise InputError(f"There is no format {format_}.", f"--format is {', '.join(FORMATS)}.")
    if out_path is None:
        raise InputError("Nothing says where to write.", "Give --out a folder, or a file.")
    with working("reading the release") as progress:
        done = export(settings, tables or (), out_path, format=found, user_id=user, progress=progress)
    print_export(done, as_json=json)


@app.command()
def history(
    table: Annotated[str, typer.Argument(help="The table.")],
    limit: Annotated[int, typer.Option(min=1, help="Versions to show at most.")] = 20,
    json: Json = False,
) -> None:
    """Show the versions of a table: what each changed, which builds released it, and whether it can still be opened.

    --json prints [{"version", "written_at", "operation", "rows", "rows_added", "rows_removed", "release_runs",
    "is_shown", "can_be_opened"}], newest first.

    Example: lakesong history plays --limit 5
    """
    from pipeline import table_named
    from serving.table_history import table_history
    from terminal.history import print_history

    lake, found = Lake(_settings().lake_uri), table_named(table)
    print_history(found, table_history(lake, found, limit), as_json=json)


@app.command()
def undo(
    batch_id: Annotated[
        str, typer.Argument(metavar="BATCH", help="Id of the batch; without it, they are listed.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and do nothing.")] = False,
    build: Annotated[bool, typer.Option(help="Build silver and gold afterwards.")] = True,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Take an import back: what no other import brought goes out of bronze, and everything is built without it.

    --json prints {"batch_id", "sources", "user_id", "taken_in_at", "outcome": undone or dry run, "tables": {table: rows
    that go}, "kept_records", "built"}; without a batch [{"batch_id", "sources", "user_id", "taken_in_at", "row_count",
    "new_count", "state"}].

    Example: lakesong undo
    """
    from ingestion.cycle import complete_and_build
    from ingestion.undo import plan_undo, take_back
    from terminal.asking import agreed
    from terminal.undo import list_batches, print_undone, say_plan

    settings = _settings()
    lake = Lake(settings.lake_uri)
    if not batch_id:
        list_batches(lake, as_json=json)
        return
    plan = plan_undo(lake, batch_id)
    if not json or not (yes or dry_run):
        say_plan(plan)
    if dry_run:
        print_undone(plan, None, as_json=json)
        return
    if not agreed(yes):
        raise typer.Exit(1)
    with _engine(settings, "undo", "taking it back") as (spark, progress):
        plan = take_back(lake, batch_id, progress)
        built = complete_and_build(spark, settings, progress=progress).built if build else {}
    print_undone(plan, list(built), as_json=json)


@app.command()
def forget(
    user: Annotated[str, typer.Argument(metavar="LISTENER", help="The listener.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and do nothing.")] = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Remove everything of a listener for good: plays, statistics, records, sign-in, files, and all old versions.

    --json prints {"user_id", "outcome": forgotten or dry run, "tables": {table: rows that go}, "files", "freed_bytes",
    "still_named_in"}.

    Example: lakesong forget anna --dry-run
    """
    from ingestion.cycle import complete_and_build
    from ingestion.forgetting import forget_listener, left_over, plan_forget, purge
    from ingestion.traces import still_named
    from terminal.asking import agreed
    from terminal.forget import files_of, forget_visitor, print_forgotten, say_plan

    settings = _settings()
    plan = plan_forget(settings, user, files_of(settings, user))
    if not json or not (yes or dry_run):
        say_plan(plan)
    if dry_run:
        print_forgotten(plan, None, [], as_json=json)
        return
    if not agreed(yes):
        raise typer.Exit(1)
    with _engine(settings, "forget", "forgetting") as (spark, progress):
        forget_listener(settings, plan, progress)
        forget_visitor(settings, user)
        complete_and_build(spark, settings, progress=progress)
        if left_over(Lake(settings.lake_uri), user):
            complete_and_build(spark, settings, full=True, progress=progress)
        freed = purge(settings, user, progress)
    print_forgotten(plan, freed, still_named(settings, user), as_json=json)


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="File to write, such as lakesong-backup.tar.gz.")],
    whole: Annotated[bool, typer.Option("--whole", help="Silver and gold too, which could be built again.")] = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Write what cannot be made again (bronze, records and your rules) to one file. Sign-ins are never in it.

    --json prints {"file", "is_whole", "tables": {table: version}, "file_count", "bytes"}.

    Example: lakesong backup lakesong-backup.tar.gz
    """
    from config.lock import run_lock
    from ingestion.backup import need_local, write_backup
    from terminal.backup import may_replace, print_backup
    from terminal.screen import working

    settings = _settings()
    need_local(Lake(settings.lake_uri))
    if not may_replace(file, yes):
        raise typer.Exit(1)
    with run_lock(settings.state_dir, "backup"), working("backing up") as progress:
        done = write_backup(settings, file, is_whole=whole, progress=progress)
    print_backup(done, as_json=json)


@app.command("restore-backup")
def restore_backup(
    file: Annotated[Path, typer.Argument(help="File that `lakesong backup` wrote.")],
    to: Annotated[str, typer.Option(metavar="LAKE", help="Folder of the lake; the configured one.")] = "",
    build: Annotated[bool, typer.Option(help="Build silver and gold afterwards.")] = True,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Put a backup in place of the tables and rules of a lake, whole, and build what it does not hold.

    The file is compared with its manifest before anything is touched.
    --json prints {"lake", "made_at", "is_whole", "tables": {table: version}}.

    Example: lakesong restore-backup lakesong-backup.tar.gz --to /tmp/lake-of-may
    """
    from config.lock import run_lock
    from ingestion.backup import need_local
    from ingestion.cycle import complete_and_build
    from ingestion.restoring import restore_backup
    from terminal.backup import may_restore, print_restored
    from terminal.screen import working

    settings = _settings(finishing=True)
    settings = settings.model_copy(update={"lake_uri": to}) if to else settings
    lake = Lake(settings.lake_uri)
    need_local(lake)
    if not may_restore(lake, file, yes):
        raise typer.Exit(1)
    with run_lock(settings.state_dir, "restore-backup"), working("restoring") as progress:
        done = restore_backup(lake, file, progress)
    if build:
        with _engine(settings, "restore-backup", "building") as (spark, progress):
            complete_and_build(spark, settings, progress=progress)
    print_restored(done, as_json=json)


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
def bench(
    plays: Annotated[int, typer.Option(min=1, help="Plays to simulate over ten years.")] = 250_000,
    cycle_plays: Annotated[
        int, typer.Option(min=0, help="Plays of a lake in which one cycle and all pages are measured; 0: not.")
    ] = 0,
    spark: Annotated[bool, typer.Option("--spark", help="Apache Spark too; needs Java and `make spark`.")] = False,
    json: Json = False,
) -> None:
    """Measure speed and memory on this machine, each beside its bar, in folders of its own. It takes minutes.

    Example: lakesong bench --plays 20000
    """
    from terminal.bench import run_bench

    run_bench(plays=plays, cycle_plays=cycle_plays, with_spark=spark, as_json=json)


@app.command()
def status(json: Json = False) -> None:
    """Say what the lake holds: rows, versions, listeners, and where audio features came from.

    Example: lakesong --lake data/demo status
    """
    from ingestion.spotify_sign_in import sign_ins
    from serving.status import lake_status
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
    for rule, plays in found["excluded_plays"].items():
        out.print(f"{plays:,} plays are excluded from statistics by the rule {rule} of exclusions.toml", markup=False)
    table = grid("table", "rows", "version", right=("rows", "version"))
    for row in found["tables"]:
        table.add_row(f"{row['layer']}.{row['table']}", f"{row['rows']:,}", str(row["version"]))
    out.print(table)
    for source, share in found["feature_shares"].items():
        out.print(f"{share:6.1%} of listening time with features: {source}")


@app.command()
def tables(
    table: Annotated[str, typer.Argument(help="One table, to see its columns and rules.")] = "",
    lineage: Annotated[
        str, typer.Option(metavar="COLUMN", help="Where a column comes from: table.column, or column for every table.")
    ] = "",
    analytics: Annotated[
        str, typer.Option(metavar="KIND", help="descriptive, diagnostic, predictive, prescriptive or cognitive.")
    ] = "",
    json: Json = False,
) -> None:
    """List the tables by layer, one table in full, the tables of a kind of analytics, or the lineage of a column.

    Example: lakesong tables --lineage daily_listening.mean_valence
    """
    from pipeline import declared_tables, table_named
    from terminal.screen import print_json
    from terminal.tables import print_dag, print_kind, print_references, print_table, show_lineage

    if lineage:
        show_lineage(_settings(), declared_tables(), lineage, as_json=json)
    elif analytics:
        print_kind(declared_tables().values(), analytics, as_json=json)
    elif table:
        print_table(table_named(table))
        print_references(table_named(table), declared_tables())
    elif json:
        print_json([{"table": t.name, "layer": t.layer, "inputs": t.inputs} for t in declared_tables().values()])
    else:
        print_dag(declared_tables().values())


@app.command()
def check(
    tables: Annotated[list[str] | None, typer.Argument(help="Tables to check; all of them.")] = None,
    show_all: Annotated[bool, typer.Option("--all", help="List the rules that are obeyed too.")] = False,
    json: Json = False,
) -> None:
    """Check the lake as it stands: every rule of every table, counts that add up, anomalies, and your own rules.

    Your own rules are [[rule]] entries of rules/quality.toml in the folder of the lake: name, table, severity (FAIL or
    WARN) and sql, which gives the rows that break it. The exit code is 1 when anything fails, and 0 otherwise.

    --json prints {"run_id", "as_of", "status", "counts": {"FAIL", "WARN", "PASS"}, "checks": [{"table", "expectation",
    "severity", "status", "observed_value", "threshold", "row_count", "failing_rows", "sample_keys", "batch_ids",
    "error", "advice"}]}, what fails first. The same goes to the table qa_validation_results.

    Example: lakesong check plays daily_listening
    """
    from ingestion.checking import check_lake
    from pipeline import declared_tables
    from serving.lake_reader import no_lake
    from terminal.check import print_report, report_json, worst_of
    from terminal.screen import print_json, working

    settings = _settings()
    lake = Lake(settings.lake_uri)
    if not any(lake.has(table) for table in declared_tables().values()):
        raise no_lake(lake)
    with working("checking") as progress:
        report = check_lake(settings, tables or (), progress)
    if json:
        print_json(report_json(report))
    else:
        print_report(report, show_all=show_all)
    if worst_of(report) == "FAIL":
        raise typer.Exit(1)


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
def ask(
    question: Annotated[str, typer.Argument(help="A question in plain words; without it, a prompt.")] = "",
    user: Annotated[str | None, typer.Option(help="Listener; the lake's only one, or `me`, unless given.")] = None,
    json: Json = False,
) -> None:
    """Ask about the music you play, in plain words. Each answer shows its SQL, and how sure it is.

    What the tables do not say is declined, with what can be asked instead: the exit code is 2 then. See docs/asking.md.

    --json prints {"question", "is_answered", "sentence", "intent", "value", "unit", "columns": [{"name", "label",
    "unit"}], "rows", "queries": [{"sql", "values"}], "versions", "play_count", "coverage", "is_at_least", "confidence",
    "sureness", "notes", "suggestions", "is_simulated", "from_model"}.

    Example: lakesong ask "What did I play most last winter?"
    """
    from terminal.ask import answer, prompt

    settings = _settings()
    if not question:
        prompt(settings, user_id=user)
    elif not answer(settings, question, user_id=user, as_json=json):
        raise typer.Exit(InputError.exit_code)


@app.command()
def mcp(
    http: Annotated[bool, typer.Option("--http", help="Serve over HTTP on 127.0.0.1, with a token.")] = False,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port for --http.")] = 8765,
    user: Annotated[str | None, typer.Option(help="Listener; the lake's only one, or `me`, unless given.")] = None,
) -> None:
    """Offer questions and read-only SQL to other programs (Model Context Protocol), on standard input and output.

    Example: lakesong mcp --http --port 8765
    """
    from terminal.mcp import serve_http, serve_stdio

    settings = _settings()
    if http:
        serve_http(settings, user, port)
    else:
        serve_stdio(settings, user)


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
    consent: Annotated[
        bool | None,
        typer.Option("--consent-compare/--no-consent-compare", help="Agree, or not any more, to be compared."),
    ] = None,
    other: Annotated[
        str, typer.Option("--compare-with", metavar="LISTENER", help="What two who agreed to it have in common.")
    ] = "",
    json: Json = False,
) -> None:
    """List listeners and their time zones, record where one lived or what one agrees to, or compare two who agreed.

    Example: lakesong listeners --user me --timezone Asia/Tokyo --from 2025-08-01
    """
    from ingestion.listeners import DEFAULT_USER, read_listeners, record_zone
    from playlists.consents import consenting, record_consent
    from terminal.family import show_comparison
    from terminal.screen import grid, out, print_json

    settings = _settings()
    lake = Lake(settings.lake_uri)
    if timezone:
        record_zone(lake, user or DEFAULT_USER, timezone, since.date() if since else None)
    if consent is not None:
        record_consent(lake, user or DEFAULT_USER, is_given=consent)
    if other:
        show_comparison(settings, user, other, as_json=json)
        return
    agreed = consenting(lake)
    found = [row | {"has_consented": row["user_id"] in agreed} for row in read_listeners(lake)]
    found = [row for row in found if user in (None, row["user_id"])]
    if json:
        print_json(found)
        return
    table = grid("listener", "from (UTC)", "time zone", "simulated", "agrees to be compared")
    for row in sorted(found, key=lambda row: (row["user_id"], row["valid_from"])):
        zone = row["time_zone"] or "the setting TIMEZONE"
        yes = ["yes" if row[name] else "" for name in ("is_simulated", "has_consented")]
        table.add_row(row["user_id"], f"{row['valid_from']:%Y-%m-%d %H:%M}", zone, *yes)
    out.print(table)


@app.command()
def simulate(
    out_dir: Annotated[Path, typer.Option("--out", help="Folder for the files.")] = Path("simulated"),
    days: Annotated[int, typer.Option(min=30, help="Days of listening.")] = 730,
    seed: Annotated[int, typer.Option(help="The same seed gives the same files.")] = 1,
    plays_per_day: Annotated[float, typer.Option(min=1, help="Mean plays a day.")] = 55.0,
    count: Annotated[
        int | None, typer.Option("--listeners", min=1, help="A family: a folder each; the first two love the same.")
    ] = None,
) -> None:
    """Invent a listener, or a family: Spotify exports, account data and a catalogue, as files to import.

    Example: lakesong simulate --days 365 --seed 7 --out /tmp/simulated
    """
    from terminal.demo import write_files
    from terminal.family import write_family
    from terminal.screen import out

    if count is None:
        files = write_files(out_dir, days=days, seed=seed, plays_per_day=plays_per_day)
    else:
        files = write_family(out_dir, count=count, days=days, seed=seed, plays_per_day=plays_per_day)
    for file in files:
        out.print(str(file))


@playlist.command("preview")
def playlist_preview(
    kind: Kind,
    value: Value = "",
    user: User = None,
    tracks: Tracks = None,
    minutes: Minutes = None,
    basis: Basis = "measured",
    begin: Begin = "",
    m3u: Annotated[Path | None, typer.Option(help="Write it as M3U, for players.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write it as CSV, for spreadsheets.")] = None,
    json: Json = False,
) -> None:
    """Choose and order a playlist, each track with its reason; nothing is sent anywhere.

    --json prints {"user_id", "is_simulated", "kind", "value", "basis", "day", "total_ms", "simulated_count",
    "mean_step", "notes", "tracks": [{"track_id", "track_name", "artist_name", "album_name", "duration_ms", "energy",
    "valence", "tempo", "feature_source", "reason", "uri", "has_simulated_features"}]}.

    Example: lakesong playlist preview path calmer --minutes 45 --m3u calmer.m3u8
    """
    from terminal.playlists import chosen, show_preview

    settings = _settings()
    made = chosen(settings, kind, value, user=user, basis=basis, tracks=tracks, minutes=minutes, begin=begin)
    show_preview(made, m3u=m3u, csv=csv, as_json=json)


@playlist.command("create")
def playlist_create(
    kind: Kind,
    value: Value = "",
    user: User = None,
    tracks: Tracks = None,
    minutes: Minutes = None,
    basis: Basis = "measured",
    begin: Begin = "",
    name: Annotated[str, typer.Option(help="Its name; another name makes another playlist.")] = "",
    public: Annotated[bool, typer.Option("--public", help="Show it on the profile; private unless given.")] = False,
    update: Annotated[bool, typer.Option("--update", help="Let the one that is there hold these tracks.")] = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Make a playlist on Spotify, once: run again after any failure, it goes on where it stopped.

    --json prints {"outcome": made, completed, updated, unchanged or there already, "notes", "playlist_key", "user_id",
    "is_simulated", "playlist_name", "playlist_kind", "status", "is_public", "playlist_id", "link", "track_count"}.

    Example: lakesong playlist create part-of-day morning --name "Mornings"
    """
    from terminal.playlists import chosen, create

    settings = _settings()
    made = chosen(settings, kind, value, user=user, basis=basis, tracks=tracks, minutes=minutes, begin=begin)
    if not create(settings, made, name=name, is_public=public, update=update, yes=yes, as_json=json):
        raise typer.Exit(1)


@playlist.command("list")
def playlist_list(user: User = None, json: Json = False) -> None:
    """List the playlists that were made on Spotify, or begun, with status and address.

    Example: lakesong playlist list
    """
    from terminal.playlists import list_created

    list_created(_settings(), user=user, as_json=json)


@playlist.command("suggest")
def playlist_suggest(name: PlaylistName, user: User = None, basis: Basis = "measured", json: Json = False) -> None:
    """Say what to add to an own playlist, what to take from it, and whether another order is smoother. Changes nothing.

    Example: lakesong playlist suggest "Calm mornings"
    """
    from terminal.playlists import suggest

    suggest(_settings(), name, user=user, basis=basis, as_json=json)


@playlist.command("apply")
def playlist_apply(
    name: PlaylistName,
    only: Annotated[list[str] | None, typer.Option(help="add, remove or reorder; may be given again. All.")] = None,
    user: User = None,
    basis: Basis = "measured",
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Apply suggestions to an own playlist on Spotify; what was there before is kept, for `playlist undo`.

    Example: lakesong playlist apply "Calm mornings" --only remove
    """
    from terminal.playlists import apply

    if not apply(_settings(), name, user=user, basis=basis, parts=only or [], yes=yes, as_json=json):
        raise typer.Exit(1)


@playlist.command("undo")
def playlist_undo(name: PlaylistName, user: User = None, yes: Yes = False, json: Json = False) -> None:
    """Put back what stood on a playlist before the last `playlist apply`, unless it was changed since.

    Example: lakesong playlist undo "Calm mornings"
    """
    from terminal.playlists import undo

    if not undo(_settings(), name, user=user, yes=yes, as_json=json):
        raise typer.Exit(1)


@app.command()
def wrapped(
    which: Annotated[
        str, typer.Argument(help="A year (2026), a month (2026-05), a week (2026-W21), or the id of a report.")
    ] = "",
    month: Annotated[int | None, typer.Option(min=1, max=12, help="A month of the year.")] = None,
    first: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day of a range.")
    ] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day of a range.")] = None,
    user: Annotated[str | None, typer.Option(help="Listener; the lake's only one, or `me`, unless given.")] = None,
    out_dir: Annotated[Path | None, typer.Option("--out", help="Folder for the page and the cards.")] = None,
    cards: Annotated[bool, typer.Option(help="Draw the page and the cards.")] = True,
    diff: Annotated[bool, typer.Option("--diff", help="What changed since the kept report was made, and why.")] = False,
    list_all: Annotated[bool, typer.Option("--list", help="List the archive.")] = False,
    json: Json = False,
) -> None:
    """Look back on a year, a month, a week or any range: top lists, hours, moods and records, as a page and as cards.

    Page and cards go to wrapped/LISTENER/PERIOD in STATE_DIR unless --out names a folder. What a report tells is kept:
    opened by its id it stays the same for ever, and --diff says what has changed since.
    Example: lakesong wrapped 2026 --month 5 --out /tmp/may
    """
    from terminal.wrapped import show_archive, show_wrapped

    settings = _settings()
    if list_all:
        show_archive(settings, user, as_json=json)
        return
    show_wrapped(
        settings,
        which,
        month=month,
        first=first.date() if first else None,
        last=last.date() if last else None,
        user=user,
        folder=out_dir,
        with_cards=cards,
        diff=diff,
        as_json=json,
    )


@app.command()
def demo(
    days: Annotated[int, typer.Option(min=30, help="Days of listening to simulate.")] = 730,
    seed: Annotated[int, typer.Option(help="The same seed gives the same lake.")] = 1,
    plays_per_day: Annotated[float, typer.Option(min=1, help="Mean plays a day.")] = 55.0,
) -> None:
    """Simulate a listener in a lake of its own (data/demo), and show what was learned.

    Example: lakesong demo
    """
    from terminal.demo import run_demo

    run_demo(_settings(), days=days, seed=seed, plays_per_day=plays_per_day)


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
    run_process(_command)


def _command() -> None:
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
