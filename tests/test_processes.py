"""Child processes of ``follow run``: each behaves as before, and writes one trace of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
from itertools import pairwise
from pathlib import Path

import pytest

import follow
from follow import Recorder, load
from follow.cli import main

from .support import define, without_progress

pytestmark = pytest.mark.usefixtures("no_file_is_left")

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
    return without_progress(done)


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
    # A pool kills a worker that has come too late for any work, perhaps before it has written anything at all.
    files = [path for path in files if path.stat().st_size or way != "Pool"]
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


# -- follow combine ---------------------------------------------------------------------------------


def moment(record):
    """What tells records apart."""
    return record["function"], record["instruction"], str(record["local_vars"])


@pytest.fixture(scope="module")
def shards(tmp_path_factory) -> list[Path]:
    """The traces of a program and of its four child processes, which fork and run side by side."""
    folder = tmp_path_factory.mktemp("shards")
    write(
        folder,
        main="""
            import asyncio, multiprocessing, threading
            from work import work, tasks
            def main():
                threads = [threading.Thread(target=work, args=(n,)) for n in range(2)]
                for thread in threads: thread.start()
                for thread in threads: thread.join()
                context = multiprocessing.get_context("fork")
                processes = [context.Process(target=tasks, args=(n,)) for n in range(4)]
                for process in processes: process.start()
                for process in processes: process.join()
            main()
        """,
        work="""
            import asyncio
            def work(n):
                rows = []
                for k in range(300):
                    rows.append((n, k))
                try:
                    1 // 0
                except ZeroDivisionError as error:
                    kept = str(error)
                return rows
            async def one(n):
                await asyncio.sleep(0)
                return work(n)
            def tasks(n):
                async def both(): return await asyncio.gather(one(n), one(n + 1))
                return asyncio.run(both())
        """,
    )
    (folder / "pyproject.toml").write_text(
        "[tool.follow]\nfields = ['timestamp', 'process', 'task', 'depth', 'call_id']\nmax_items = 5\n"
    )
    done = run(folder, "-m", "follow", "run", "-o", "run.follow", "main.py")
    assert (done.returncode, done.stderr) == (0, "")
    return sorted(folder.glob("run.follow*"))


def test_combined_traces_hold_the_records_of_all_in_the_order_of_time(shards, tmp_path):
    before = [path.read_bytes() for path in shards]
    assert main(["combine", *map(str, shards), "-o", str(tmp_path / "all.follow")]) == 0
    assert [path.read_bytes() for path in shards] == before
    trace = load(tmp_path / "all.follow")
    combined = list(trace.records())
    assert len(trace.processes) == len(shards) == 5
    for path in shards:
        own = list(load(path).records())
        process = load(path).header["process"]
        mine = [record for record in combined if record["process"] == process]
        assert [moment(record) for record in mine] == [moment(record) for record in own]
        clocks = zip(mine, own)  # two processes' clocks are not read at the very same moment
        assert all(abs(one["timestamp"] - other["timestamp"]) < 0.05 for one, other in clocks)
        assert [(record["task"], record["depth"]) for record in mine] == [(r["task"], r["depth"]) for r in own]
        assert [record["execution_time"] for record in mine] == [record["execution_time"] for record in own]
        calls = {}
        for one, other in zip(own, mine):
            assert calls.setdefault(one["call_id"], other["call_id"]) == other["call_id"]
        assert len(set(calls.values())) == len(calls)
    times = [record["timestamp"] for record in combined]
    disorder = sum(b < a for a, b in pairwise(times))
    single = sum(a > b for path in shards for a, b in pairwise([r["timestamp"] for r in load(path).records()]))
    assert disorder <= single  # threads of one process may write a moment late
    assert len({record["call_id"] for record in combined}) == sum(
        len({record["call_id"] for record in load(path).records()}) for path in shards
    )
    again = tmp_path / "again.follow"
    assert main(["combine", str(tmp_path / "all.follow"), str(shards[0]), "-o", str(again)]) == 0
    assert len(list(load(again).records())) == len(combined) + len(list(load(shards[0]).records()))
    assert len(load(again).processes) == 6


def test_damaged_traces_are_told_and_the_rest_is_kept(shards, tmp_path, capsys):
    (tmp_path / "torn.follow").write_bytes(shards[1].read_bytes()[:-40])
    (tmp_path / "none.follow").write_bytes(b"nothing")
    damaged = [str(tmp_path / "torn.follow"), str(tmp_path / "none.follow"), str(tmp_path / "absent.follow")]
    out = tmp_path / "all.follow"
    assert main(["combine", str(shards[0]), *damaged, "-o", str(out), "--delete"]) == 1
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 3
    assert any("none.follow is not a trace" in line for line in told)
    assert any("torn.follow ends in the middle of a frame" in line for line in told)
    assert all(Path(path).exists() for path in [shards[0], *damaged[:2]])
    assert {header["process"] for _, header in load(out).processes} == {
        load(shards[0]).header["process"],
        load(shards[1]).header["process"],
    }
    assert main(["combine", damaged[1], "-o", str(tmp_path / "x.follow")]) == 1
    assert main(["combine", str(out), "-o", str(out)]) == 1
    assert main(["combine", str(out), "-o", str(tmp_path / "no" / "x.follow")]) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all.follow", "none.follow", "torn.follow"]


def test_traces_are_deleted_when_that_is_asked_for(shards, tmp_path):
    mine = tmp_path / "run.follow"
    mine.write_bytes(shards[0].read_bytes())
    assert main(["combine", str(mine), "-o", str(tmp_path / "all.follow"), "--delete"]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["all.follow"]
