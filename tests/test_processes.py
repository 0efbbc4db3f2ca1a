"""Child processes of ``follow run``: each behaves as before, and writes one trace of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

import follow
from follow import Recorder, load

from .support import define

ROOT = Path(__file__).parent.parent

WORK = """
def work(n):
    m = n * 2
    return m
"""

WAYS = {
    "Process": """
        import multiprocessing, sys
        from work import work
        def main(kind):
            context = multiprocessing.get_context(kind)
            processes = [context.Process(target=work, args=(n,)) for n in range(3)]
            for process in processes: process.start()
            for process in processes: process.join()
            print([process.exitcode for process in processes])
        if __name__ == "__main__": main(sys.argv[1])
    """,
    "Pool": """
        import multiprocessing, sys
        def work(n):
            m = n * 2
            return m
        def main(kind):
            with multiprocessing.get_context(kind).Pool(2) as pool:
                print(pool.map(work, range(5), chunksize=1))
        if __name__ == "__main__": main(sys.argv[1])
    """,
    "ProcessPoolExecutor": """
        import multiprocessing, sys
        from concurrent.futures import ProcessPoolExecutor
        from work import work
        def main(kind):
            with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(kind)) as pool:
                print(sorted(pool.map(work, range(5))))
        if __name__ == "__main__": main(sys.argv[1])
    """,
}


KILL = "os.kill(os.getpid(), signal.SIGKILL)"


def run(folder: Path, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run Python where follow's ``.pth`` file is installed."""
    site = folder.with_name(folder.name + "-site")
    site.mkdir(exist_ok=True)
    (site / "sitecustomize.py").write_text((ROOT / "follow" / "python_follow.pth").read_text())
    unset = ("FOLLOW", "PYTHONDONTWRITEBYTECODE")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(unset)}
    inherited["PYTHONPATH"] = f"{site}{os.pathsep}{ROOT}"
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, env={**inherited, **more}, capture_output=True, text=True, timeout=120
    )
    lines = done.stderr.splitlines(keepends=True)
    done.stderr = "".join(line for line in lines if not line.startswith("follow: rewriting"))  # on a slow machine
    return done


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / f"{name}.py").write_text(textwrap.dedent(text))


def assigned(path: Path) -> list[int]:
    """The values that ``m`` has had."""
    return [change.value for change in load(path).history("m")]


@pytest.mark.parametrize("kind", ["fork", "spawn", "forkserver"])
@pytest.mark.parametrize("way", WAYS)
def test_processes_of_multiprocessing(way, kind, tmp_path):
    write(tmp_path, work=WORK, main=WAYS[way])
    plain = run(tmp_path, "main.py", kind)
    done = run(tmp_path, "-m", "follow", "run", "-o", "run.follow", "main.py", kind)
    assert (done.returncode, done.stdout, done.stderr) == (0, plain.stdout, plain.stderr)
    files = sorted(path for path in tmp_path.glob("run.follow*") if not path.name.endswith(".index"))
    assert files[0].name == "run.follow"
    wanted = [n * 2 for n in range(3 if way == "Process" else 5)]
    found = {path: assigned(path) for path in files}
    assert found.pop(files[0]) == []
    assert sorted(value for values in found.values() for value in values) == wanted
    for path in files:
        trace = load(path)
        assert list(trace.events) is not None and trace.problem is None
        assert path.name in ("run.follow", f"run.follow.{trace.header['host']}.{trace.header['process']}")


def test_scripts_and_modules_that_a_program_starts(tmp_path):
    write(
        tmp_path,
        main="""
            import subprocess, sys
            for command in (["child.py", "a"], ["-m", "child", "b"], ["-c", "import work; print(work.work(21))"]):
                print(subprocess.run([sys.executable, *command], capture_output=True, text=True), flush=True)
        """,
        child="""
            import sys, work, inspect
            print(sys.argv[1:], __name__, __file__, __spec__, __package__, work.work(len(sys.argv)), sys.path[0])
            print(sys.modules["__main__"].__dict__ is globals(), [frame.function for frame in inspect.stack()])
            sys.exit(work.work(2))
        """,
        work=WORK,
    )
    plain = run(tmp_path, "main.py")
    done = run(tmp_path, "-m", "follow", "run", "-o", "run.follow", "main.py")

    def shown(text):  # follow's own frames stand below a script that it runs
        lines = text.replace(", 'get_code', 'run_main'", "").splitlines()
        return [line.split("ModuleSpec")[0].split(", ['<module>'")[0].split("True [")[0] for line in lines]

    assert shown(done.stdout) == shown(plain.stdout) and done.stderr == plain.stderr
    children = [path for path in tmp_path.glob("run.follow.*") if not path.name.endswith(".index")]
    assert sorted(assigned(path) for path in children) == [[4, 4], [4, 4], [42]]
    functions = {record["function"] for path in children for record in load(path).records()}
    assert functions == {"<module>", "work"}


def test_a_script_that_fails_shows_its_own_traceback(tmp_path):
    write(
        tmp_path,
        main="import subprocess, sys\nsys.exit(subprocess.run([sys.executable, 'child.py']).returncode)\n",
        child="def fail():\n    raise LookupError('no')\nfail()\n",
    )
    plain = run(tmp_path, "main.py")
    done = run(tmp_path, "-m", "follow", "run", "-o", "run.follow", "main.py")
    assert (done.returncode, done.stderr.replace(f"{tmp_path}/", "")) == (
        plain.returncode,
        plain.stderr.replace(f"{tmp_path}/", ""),
    )


@pytest.mark.parametrize(
    ("kind", "end"),
    [
        *(("fork", end) for end in ("os._exit(3)", "sys.exit(3)", "1 // 0")),
        *((kind, end) for kind in ("fork", "spawn", "forkserver") for end in (KILL, "wait()")),
        ("spawn", "os._exit(3)"),
        ("forkserver", "os._exit(3)"),
    ],
)
def test_however_a_child_ends_one_readable_file_is_left(kind, end, tmp_path):
    write(
        tmp_path,
        work=f"""
            import os, signal, sys, time
            def wait():
                open("waits", "w").close()
                time.sleep(60)
            def work(n):
                m = n * 2
                {end}
        """,
        main="""
            import multiprocessing, os, sys, time
            from work import work
            if __name__ == "__main__":
                process = multiprocessing.get_context(sys.argv[1]).Process(target=work, args=(1,))
                process.start()
                if sys.argv[2] == "wait()":
                    while not os.path.exists("waits"): time.sleep(0.01)
                    process.terminate()
                process.join()
                print(process.exitcode)
        """,
    )
    plain = run(tmp_path, "main.py", kind, end)
    (tmp_path / "waits").unlink(missing_ok=True)
    command = ["-m", "follow", "run", "-o", "run.follow", "--durability", "event", "main.py", kind, end]
    done = run(tmp_path, *command)
    assert done.stdout == plain.stdout and done.returncode == plain.returncode
    children = list(tmp_path.glob("run.follow.*"))
    assert len(children) == 1
    records = list(load(children[0]).records())
    assert ("work", "m = n * 2") in [(record["function"], record["instruction"]) for record in records]


def test_fork_while_another_thread_writes(tmp_path):
    path = tmp_path / "run.follow"
    with Recorder(path, durability="event") as recorder:
        count = follow.follow(define("def f(n):\n    for i in range(n):\n        j = i\n"), recorder)
        busy = [threading.Thread(target=count, args=(3_000,)) for _ in range(3)]
        for thread in busy:
            thread.start()
        children = []
        for _ in range(20):
            child = os.fork()
            if child == 0:
                signal.alarm(30)
                count(5)
                recorder.close()
                os._exit(0)
            children.append(child)
        for thread in busy:
            thread.join()
        assert [os.waitpid(child, 0)[1] for child in children] == [0] * 20
    assert len([record for record in load(path).records() if record["instruction"] == "j = i"]) == 9_000
    shards = list(tmp_path.glob("run.follow.*"))
    assert len(shards) == 20
    for shard in shards:
        own = [record for record in load(shard).records() if record["instruction"] == "j = i"]
        assert [record["local_vars"][-1]["val"] for record in own] == [0, 1, 2, 3, 4]


def test_without_the_variable_nothing_is_imported(tmp_path):
    done = run(tmp_path, "-c", "import sys; print([name for name in sys.modules if name.startswith('follow')])")
    assert done.stdout == "[]\n"


def test_what_was_not_handed_down_by_follow_is_a_warning(tmp_path):
    for text in ("{", json.dumps({"nothing": 1})):
        done = run(tmp_path, "-c", "print(1)", FOLLOW=text)
        assert done.stdout == "1\n" and "Nothing is followed: FOLLOW=" in done.stderr
