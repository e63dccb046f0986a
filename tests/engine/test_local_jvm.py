"""The JVM of a process: what starts it, what stands in its way, and how the process ends. Each has its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap

import pytest

pytestmark = pytest.mark.jvm

PRELUDE = """
import os, sys, threading, time
from pydl4j_spark import EngineError, JarMismatch, configure_local
from pydl4j_spark.engine import local_jvm
from pydl4j_spark.engine.jar import jar_path
def refused(call, *arguments):
    try:
        call(*arguments)
    except EngineError as error:
        return f"{type(error).__name__}: {error}"
    return "not refused"
def zeros():
    import jpype
    return str(jpype.JClass("org.nd4j.linalg.factory.Nd4j").zeros(jpype.JArray(jpype.JLong)([1, 2])))
"""


def run(script, code=0, quiet=True, **environment):
    """Run a script in a process of its own; what it prints, which must not be warnings where it ended well."""
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
        env={**os.environ, **environment},
    )
    assert done.returncode == code, done.stderr
    assert code or not quiet or not done.stderr, done.stderr
    return done.stdout


def test_it_starts_once_and_quietly_from_any_thread_with_the_memory_asked_for():
    out = run(
        """
        assert "jpype" not in sys.modules and "pyspark" not in sys.modules
        configure_local(memory="1g")
        failures, one = [], threading.Lock()
        def use():
            try:
                local_jvm.start()
                with one:  # JPype's first calls are for one thread at a time
                    zeros()
            except BaseException as error:
                failures.append(error)
        threads = [threading.Thread(target=use) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        local_jvm.start()
        assert not failures, failures
        assert "pyspark" not in sys.modules
        import jpype
        get = jpype.JClass("java.lang.System").getProperty
        print(get("pydl4j_spark.memory"), get("org.bytedeco.javacpp.maxbytes"), zeros())
        configure_local(memory="1024m")
        print(refused(configure_local, "2g"))
    """,
        PYDL4J_SPARK_MEMORY="3g",
    )
    assert out.startswith(f"{1 << 30} {3 << 28} [[") and "memory='2g' comes too late" in out


def test_the_environment_says_how_much_memory_too():
    out = run(
        """
        local_jvm.start()
        import jpype
        print(jpype.JClass("java.lang.System").getProperty("pydl4j_spark.memory"))
    """,
        PYDL4J_SPARK_MEMORY="700m",
    )
    assert out == f"{700 << 20}\n"
    assert "memory '4x' is not an amount" in run("print(refused(local_jvm.start))", PYDL4J_SPARK_MEMORY="4x")


def test_another_librarys_jvm_without_the_jar_is_refused_with_the_class_path():
    out = run("""
        import jpype
        jpype.startJVM()
        print(refused(local_jvm.start), str(jar_path()))
    """)
    assert "another library started the JVM" in out
    assert out.count("pydl4j-spark.jar") == 2 and "slf4j-api" in out


def test_another_librarys_jvm_with_the_jar_is_used():
    out = run("""
        import jpype
        jpype.startJVM("-Dlog4j2.loggerContextFactory=org.apache.logging.log4j.simple.SimpleLoggerContextFactory",
                       classpath=[str(jar_path()), *local_jvm._spark_jars()])
        local_jvm.start()
        print(zeros())
    """)
    assert out.startswith("[[")


def test_another_nd4j_before_ours_is_named(tmp_path):
    out = run(f"""
        import jpype, zipfile
        with zipfile.ZipFile({str(tmp_path / "other nd4j.jar")!r}, "w") as jar:
            jar.writestr("org/nd4j/linalg/factory/Nd4j.class", b"")
        jpype.startJVM(classpath=[{str(tmp_path / "other nd4j.jar")!r}, str(jar_path()), *local_jvm._spark_jars()])
        print(refused(local_jvm.start))
    """)
    assert f"another ND4J in {tmp_path}/other nd4j.jar, before the one in " in out and "pydl4j-spark.jar" in out


def test_what_other_libraries_ask_for_comes_behind_ours(tmp_path):
    out = run(f"""
        import jpype, zipfile
        with zipfile.ZipFile({str(tmp_path / "other.jar")!r}, "w") as jar:
            jar.writestr("org/nd4j/linalg/factory/Nd4j.class", b"")
            jar.writestr("other.txt", b"")
        jpype.addClassPath({str(tmp_path / "other.jar")!r})
        local_jvm.start()
        print(zeros(), local_jvm._jar_with(jpype, "other.txt"))
    """)
    assert out.startswith("[[") and out.strip().endswith("other.jar")


def test_a_jvm_that_was_shut_down_is_not_started_again():
    out = run("""
        local_jvm.start()
        import jpype
        jpype.shutdownJVM()
        print(refused(local_jvm.start))
    """)
    assert "was shut down" in out and "start a new process" in out


def test_without_jpype_the_cure_is_named():
    assert "pip install jpype1" in run("sys.modules['jpype'] = None; print(refused(local_jvm.start))")


def test_a_forked_process_is_refused_at_once_and_ends():
    out = run("""
        import multiprocessing
        def child(_):
            return refused(local_jvm.start)
        local_jvm.start()
        import jpype
        kept = jpype.JClass("java.util.ArrayList")()
        pid = os.fork()
        if pid == 0:
            print(refused(local_jvm.start), flush=True)
            sys.exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
        pool = multiprocessing.get_context("fork").Pool(2)
        print(*pool.map(child, range(2)), sep="\\n")
        pool.close()
        pool.join()
        local_jvm.start()
        print(zeros())
    """)
    assert out.count("was forked from one whose JVM ran already") == 3 and "'spawn'" in out
    assert out.strip().endswith("]]")


def test_a_process_forked_before_the_start_has_its_own():
    out = run("""
        pid = os.fork()
        local_jvm.start()
        print(zeros(), flush=True)
        if pid:
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    """)
    assert out.count("]]") == 2


def test_a_daemon_thread_in_java_does_not_hold_up_the_exit():
    out = run("""
        local_jvm.start()
        import jpype
        Thread = jpype.JClass("java.lang.Thread")
        threading.Thread(target=lambda: Thread.sleep(600_000), daemon=True).start()
        time.sleep(0.1)
        print("end")
    """)
    assert out == "end\n"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 3), (signal.SIGTERM, 5)])
def test_signals_stay_pythons(number, code):
    out = run(
        f"""
        import signal
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(5))
        local_jvm.start()
        import jpype
        threading.Timer(0.2, os.kill, (os.getpid(), {int(number)})).start()
        try:
            while True:
                jpype.JClass("java.lang.Thread").sleep(20)
        except KeyboardInterrupt:
            print(zeros(), flush=True)
            sys.exit(3)
    """,
        code,
    )
    assert code == 5 or out.startswith("[[")


@pytest.mark.slow
@pytest.mark.parametrize("first", ["spark", "local"])
def test_it_works_beside_a_spark_session(first):
    out = run(
        f"""
        from pyspark.sql import SparkSession
        from pydl4j_spark import configure_spark
        if {first == "local"}:
            local_jvm.start()
        builder = configure_spark(SparkSession.builder.master("local[1]"))
        spark = builder.config("spark.ui.enabled", "false").config("spark.log.level", "ERROR").getOrCreate()
        local_jvm.start()
        print(zeros(), spark.range(3).count())
        spark.stop()
        print(zeros())
    """,
        quiet=False,
    )
    assert out.count("]]") == 2 and "]] 3" in out
