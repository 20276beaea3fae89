"""A Spark session on the engine that the settings name: Sail in this process, or Apache Spark."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import stamina

from config.errors import InputError, LakesongError
from config.settings import Settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

DELTA_JARS = ("io.delta:delta-spark_4.2_2.13:4.4.0", "io.delta:delta-storage:4.4.0")
PROJECT = Path(__file__).parent.parent
JAR_FOLDER = PROJECT / ".setup" / "jars"


@contextlib.contextmanager
def open_session(settings: Settings) -> Iterator[SparkSession]:
    """Give a session in UTC on the configured engine, and end it afterwards.

    Nothing set: Sail, embedded, no Java. SPARK_REMOTE: that Spark Connect endpoint. SPARK_MASTER: Apache Spark with
    Delta, which needs Java 17 or newer. Engine noise goes to `engine.log` in the state folder.
    Raises InputError with the next step when a package or Java is missing.
    """
    _need_package("pyspark")
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    stamina.instrumentation.set_on_retry_hooks([])  # a retried commit is no news for a terminal
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        if settings.spark_remote:
            session = _connect(settings.spark_remote)
        elif settings.spark_master:
            session = _apache_spark(settings)
        else:
            session = _sail(stack)
        stack.callback(_stop, session)
        session.conf.set("spark.sql.session.timeZone", "UTC")
        yield session


SAIL = "sail"
SESSION_TIMEOUT_S = 24 * 3600  # Sail's own five minutes would end a shell in which somebody thinks


def engine_name(settings: Settings) -> str:
    """The engine that these settings choose, for people and for the runs table."""
    return settings.spark_remote or (f"spark {settings.spark_master}" if settings.spark_master else SAIL)


def _sail(stack: contextlib.ExitStack) -> SparkSession:
    _need_package("pysail")
    os.environ.setdefault("RUST_LOG", "off")
    os.environ.setdefault("SAIL_SPARK__SESSION_TIMEOUT_SECS", str(SESSION_TIMEOUT_S))
    os.environ.setdefault("MIMALLOC_ALLOW_THP", "0")  # Sail's allocator: huge pages make peaks a tenth higher
    from pysail.spark import SparkConnectServer

    server = SparkConnectServer(port=0)
    server.start(background=True)
    stack.callback(server.stop)
    _, port = server.listening_address
    session = _connect(f"sc://127.0.0.1:{port}")
    # Else each column expression remembers the line that made it: a twentieth of the time of a small build.
    session.conf.set("spark.python.sql.dataFrameDebugging.enabled", "false")
    return session


def _connect(address: str) -> SparkSession:
    from pyspark.sql import SparkSession

    return SparkSession.builder.remote(address).create()


def _apache_spark(settings: Settings) -> SparkSession:
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        raise InputError(
            "SPARK_MASTER is set, but Java was not found.",
            "Install a Java 17 runtime, or unset SPARK_MASTER to use the embedded engine, which needs none.",
        )
    # PySpark leaves this behind after a Spark Connect session, for child processes too; a master is not reached so.
    os.environ.pop("SPARK_CONNECT_MODE_ENABLED", None)
    with _stderr_to(settings.state_dir / "engine.log"):
        session: SparkSession = _spark_builder(settings).getOrCreate()
        return session


def _spark_builder(settings: Settings) -> Any:
    from pyspark.sql import SparkSession

    options = {
        "spark.jars": ",".join(str(jar) for jar in delta_jars()),
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.driver.memory": settings.engine_memory,
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        # Delta reads its own log with 50 partitions by default: 17 s for a first small write against 6 s.
        "spark.databricks.delta.snapshotPartitions": "1",
        "spark.sql.ansi.enabled": "true",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
    }
    if settings.spark_master.startswith("local"):
        # Spark's Python workers run what this process runs: its interpreter, and the modules of this project.
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        options["spark.executorEnv.PYTHONPATH"] = str(PROJECT)
        options["spark.sql.shuffle.partitions"] = "4"
        options["spark.driver.host"] = "127.0.0.1"
    builder: Any = SparkSession.builder.master(settings.spark_master).appName("lakesong")
    for name, value in options.items():
        builder = builder.config(name, value)
    return builder


def delta_jars() -> list[Path]:
    """The JARs that give Apache Spark its Delta format, from the folder that the set-up filled.

    Raises InputError when they are not there.
    """
    jars = [JAR_FOLDER / f"{name.replace(':', '_', 1).replace(':', '-')}.jar" for name in DELTA_JARS]
    if not all(jar.exists() for jar in jars):
        raise InputError("Delta's JARs for Apache Spark are not here yet.", "Fetch them once with `make spark`.")
    return jars


def fetch_delta_jars() -> list[Path]:
    """Resolve Delta's JARs once, with Spark's own resolver, into the folder that sessions read."""
    from pyspark.sql import SparkSession

    cache = JAR_FOLDER.parent / "ivy"
    builder: Any = SparkSession.builder.master("local[1]")
    session = (
        builder.config("spark.jars.packages", DELTA_JARS[0])
        .config("spark.jars.ivy", str(cache))
        .config("spark.ui.enabled", "false")
        .getOrCreate()
    )
    session.stop()
    JAR_FOLDER.mkdir(parents=True, exist_ok=True)
    for name in DELTA_JARS:
        jar = f"{name.replace(':', '_', 1).replace(':', '-')}.jar"
        shutil.copy(cache / "jars" / jar, JAR_FOLDER / jar)
    shutil.rmtree(cache)
    return delta_jars()


def _stop(session: SparkSession) -> None:
    # The server may be gone already (Ctrl-C reaches it too); there is nothing left to save then.
    with contextlib.suppress(Exception):
        session.stop()


def _need_package(name: str) -> None:
    if importlib.util.find_spec(name) is None:
        raise LakesongError(
            f"The package {name} is missing.", "Run `make setup`, or `pip install -r requirements.txt`."
        )


@contextlib.contextmanager
def _stderr_to(log: Path) -> Iterator[None]:
    """Send what the JVM prints while it starts, and later, to a file: it inherits the descriptor."""
    kept = os.dup(2)
    with log.open("ab") as sink:
        os.dup2(sink.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
