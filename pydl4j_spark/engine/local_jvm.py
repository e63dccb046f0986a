"""The JVM in this process: started at the first use and once, by JPype.

A process can have one JVM, which ends with it; JPype finds its classes only where its class path names them, and
a forked process inherits its memory but none of its threads. So what stands in the way is refused here, in words.
"""

from __future__ import annotations

import os
import sys
import threading
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from pydl4j_spark.engine import memory as memories
from pydl4j_spark.engine.jar import check_jar, jar_path
from pydl4j_spark.engine.java import check_version, find_jvm
from pydl4j_spark.engine.memory import Memory
from pydl4j_spark.errors import EngineError

_OPTIONS = (
    # SIGINT, SIGTERM and the others stay Python's, with the handlers that it has.
    "-Xrs",
    # Java objects are few and the heap is small: no collector that works in threads of its own.
    "-XX:+UseSerialGC",
    "-XX:-UsePerfData",
    # log4j's whole machinery takes 0.3 s to begin; this way it writes errors to the console, and no more.
    "-Dlog4j2.loggerContextFactory=org.apache.logging.log4j.simple.SimpleLoggerContextFactory",
    # This process is more than its JVM: JavaCPP must not count numpy's arrays as its own.
    "-Dorg.bytedeco.javacpp.maxphysicalbytes=0",
)

_OUR_CLASS = "org/pydl4j/spark/Native.class"
_ND4J_CLASS = "org/nd4j/linalg/factory/Nd4j.class"
_LOG_CLASS = "org/slf4j/LoggerFactory.class"
_MEMORY_PROPERTY = "pydl4j_spark.memory"
_SHUT_DOWN = "the JVM of this process was shut down, and a process cannot start another; start a new process"


class _State:
    """What is known of this process's JVM."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.settings: tuple[str | None, str | None] = (None, None)
        self.process: int | None = None
        self.jpype: Any = None
        self.memory: Memory | None = None


_state = _State()
_thread = threading.local()


def configure(memory: str | None = None, java_home: str | os.PathLike[str] | None = None) -> None:
    """Say how the JVM of this process is to be started; what is None stays as it is.

    Raises
    ------
    EngineError
        When a value is wrong, or comes too late: the JVM runs already, with another one.
    """
    check_process()
    with _state.lock:
        wanted = None if memory is None else memories.memory_of(memory)
        home = None if java_home is None else os.path.abspath(os.fspath(java_home))
        if home is not None:
            find_jvm(_spark_version(), home)
        old_memory, old_home = _state.settings
        if _state.process is not None:
            if (wanted is not None and wanted != _state.memory) or (home is not None and home != old_home):
                asked = (
                    f"memory={memory!r}" if wanted is not None and wanted != _state.memory else f"java_home={home!r}"
                )
                raise EngineError(
                    f"{asked} comes too late: the JVM in this process runs already, and a process has only one; "
                    "call configure_local before the first network is used, in a new process"
                )
            return
        _state.settings = (memory or old_memory, home or old_home)


def start() -> None:
    """Start the JVM of this process, unless it runs; to be said before every call, from every thread.

    Raises
    ------
    EngineError
        When there is no Java or no JPype, when another library's JVM is in the way, or in a forked process.
    JarMismatch
        When the jar is of another version than this package.
    """
    check_process()
    if _state.process is None:
        with _state.lock:
            if _state.process is None:
                jpype = _state.jpype = _jpype()
                if jpype.isJVMStarted():
                    _adopt(jpype)
                else:
                    _start(jpype)
                _state.process = os.getpid()
    if not _state.jpype.isJVMStarted():
        raise EngineError(_SHUT_DOWN)
    if not hasattr(_thread, "call"):
        _prepare_thread(_state.jpype)


def check_process() -> None:
    """Raise in a process that was forked from one with a running JVM, where a call would wait for ever."""
    if _state.process is not None and _state.process != os.getpid():
        raise EngineError(
            "this process was forked from one whose JVM ran already, and none of the JVM's threads came along; "
            "start processes anew (multiprocessing.get_context('spawn')), or before the first network is used"
        )


def _prepare_thread(jpype: Any) -> None:
    """Give Java's view of this thread a class loader: ND4J looks for its parts there, and would find none."""
    with (
        _state.lock
    ):  # JPype looks up a method's types at its first call, and crashes when two threads make that together
        jpype.JClass("java.lang.Thread").currentThread().setContextClassLoader(
            jpype.JClass("java.lang.ClassLoader").getSystemClassLoader()
        )
        _thread.call = jpype.JClass("java.lang.System").nanoTime
        _thread.call()
    if threading.current_thread() is not threading.main_thread():
        _thread.stay = _Stay(jpype, os.getpid())


class _Stay:
    """A thread's time in the JVM: it ends with the thread, whose locals hold it.

    JPype leaves the Java side of a thread behind for good: with all that Java keeps for it, and at the process's end
    the JVM may wait for it for ever.
    """

    def __init__(self, jpype: Any, process: int) -> None:
        self._jpype = jpype
        self._detach = jpype.JClass("java.lang.Thread").detach
        self._process = process

    def __del__(self) -> None:
        if self._process == os.getpid() and self._jpype.isJVMStarted():
            self._detach()


def _start(jpype: Any) -> None:
    jar = jar_path()
    check_jar(jar)
    setting, home = _state.settings
    memory = memories.memory_of(setting or os.environ.get(memories.ENVIRONMENT) or None)
    library = find_jvm(_spark_version(), home)
    # What other libraries asked for comes behind ours, which it cannot hide.
    path = [str(jar), *_spark_jars(), *filter(None, jpype.getClassPath().split(os.pathsep))]
    try:
        jpype.startJVM(
            *_OPTIONS,
            f"-Xmx{memory.heap >> 10}k",
            f"-Dorg.bytedeco.javacpp.maxbytes={memory.off_heap}",
            f"-D{_MEMORY_PROPERTY}={memory.total}",
            jvmpath=None if library is None else str(library),
            classpath=path,
            convertStrings=False,
            interrupt=False,
        )
    except OSError as error:
        if "restart" in str(error):
            raise EngineError(_SHUT_DOWN) from error
        raise EngineError(f"Java did not start in this process ({error}); see what it printed above") from error
    except (RuntimeError, ValueError) as error:
        raise EngineError(
            f"Java did not start in this process ({error}): {library or 'the one that JPype found'} with "
            f"{memory.heap >> 20} MB of heap. See what it printed; a library that starts a JVM without JPype "
            "must not be used in the same process"
        ) from error
    _check(jpype, jar)
    _state.memory = memory


def _adopt(jpype: Any) -> None:
    """Use the JVM that another library started, if it can do what ours would."""
    _check(jpype)
    properties = jpype.JClass("java.lang.System")
    for name, value in {_MEMORY_PROPERTY: "0", "org.bytedeco.javacpp.maxphysicalbytes": "0"}.items():
        if properties.getProperty(name) is None:
            properties.setProperty(name, value)


def _check(jpype: Any, jar: Path | None = None) -> None:
    """Check that JVM and class path are as they must be, whoever started it; ``jar`` has been looked at already."""
    found = {name: _jar_with(jpype, name) for name in (_OUR_CLASS, _ND4J_CLASS, _LOG_CLASS)}
    ours = found[_OUR_CLASS]
    if ours is None or found[_LOG_CLASS] is None:
        raise EngineError(
            "another library started the JVM of this process, without the jars that pydl4j_spark needs, and a process "
            "has only one. Use pydl4j_spark first (pydl4j_spark.engine.local_jvm.start()), or give that JVM the class "
            f"path\n    {os.pathsep.join([str(jar_path()), *_spark_jars()])}"
        )
    if found[_ND4J_CLASS] != ours:
        raise EngineError(
            f"the class path of this process's JVM has another ND4J in {found[_ND4J_CLASS]}, before the one in {ours}; "
            "take it off, or put pydl4j_spark's jar first"
        )
    if ours != str(jar):
        # Reading a large jar's directory takes a tenth of a second: once is enough.
        check_jar(ours)
    java = jpype.JClass("java.lang.System").getProperty
    check_version(str(java("java.home")), str(java("java.specification.version")), _spark_version())


def _jar_with(jpype: Any, name: str) -> str | None:
    loader = jpype.JClass("org.jpype.JPypeContext").getInstance().getClassLoader()
    url = loader.getResource(name)
    if url is None:
        return None
    # jar:file:/folder/name.jar!/org/…
    return unquote(urlsplit(str(url.getPath())).path).partition("!/")[0]


def _spark_jars() -> list[str]:
    spec = find_spec("pyspark")
    folder = Path(spec.origin).parent / "jars" if spec and spec.origin else None
    jars = sorted(folder.glob("*.jar")) if folder else []
    if not jars:
        raise EngineError(
            f"pyspark's jars are not there ({folder or 'no pyspark'}): pip install --force-reinstall pyspark"
        )
    # All of them, as on a driver: which ones ours refers to changes with every version of Spark.
    return [str(jar) for jar in jars]


def _spark_version() -> str:
    try:
        return installed_version("pyspark")
    except PackageNotFoundError:
        raise EngineError(
            "pyspark, whose jars the JVM in this process needs, is missing: pip install pyspark"
        ) from None


def _jpype() -> Any:
    try:
        import jpype  # at the first use: most programs of this package never start a JVM of their own
    except ImportError as reason:
        raise EngineError(f"the JVM in this process needs JPype ({reason}): pip install jpype1") from reason
    return jpype


def _let_java_go_on() -> None:
    """Wait until Java's threads run. Forked while they stand, for a garbage collection, a child would stand for ever.

    It gives back the Java objects that it inherited, at its exit at the latest.
    """
    if hasattr(_thread, "call") and _state.process == os.getpid() and _state.jpype.isJVMStarted():
        _thread.call()


def _leave_to_parent() -> None:
    """Keep a forked process away from the JVM's locks, at its exit too; their owners exist in the parent only."""
    _state.lock = threading.RLock()
    if "jpype" in sys.modules and _jpype().isJVMStarted():
        from jpype import config

        config.onexit = False
        _state.process = _state.process or -1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_let_java_go_on, after_in_child=_leave_to_parent)
