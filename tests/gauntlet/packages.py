"""The packages of the gauntlet: what is fetched, what is followed, how its own tests are run."""

from __future__ import annotations

from dataclasses import dataclass, field

from .suites import SMALL


@dataclass(frozen=True)
class Package:
    """One package from PyPI.

    ``follow`` are the patterns of the import hook; ``tests`` the arguments for pytest; ``left_out`` tests that
    cannot agree (a node id, or an expression for ``-k``), each with its reason; ``long`` are node ids of tests with tens of millions of records, which ``--quick`` leaves out;
    ``needs`` what its tests import.
    """

    name: str
    version: str
    follow: tuple[str, ...]
    tests: tuple[str, ...] = ("tests",)
    needs: tuple[str, ...] = ()
    long: tuple[str, ...] = ()
    left_out: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    config: dict[str, object] = field(default_factory=lambda: dict(SMALL))
    python: tuple[int, int] = (3, 10)


_TIMED = "fails when something takes longer than a second or two"
PACKAGES = {
    package.name: package
    for package in (
        Package(
            "more-itertools",
            "11.2.1",
            ("more_itertools",),
            long=(
                "tests/test_recipes.py::PrimeFunctionTests::test_primes",
                "tests/test_more.py::DiscreteFourierTransformTests::test_roundtrip",
            ),
        ),
        Package("toolz", "1.2.0", ("toolz", "tlz"), ("toolz", "tlz")),
        Package("tomlkit", "0.15.2", ("tomlkit",), needs=("PyYAML",)),
        Package(
            "sqlparse",
            "0.6.1",
            ("sqlparse",),
            left_out={
                "tests/test_dos_prevention.py::TestDoSPrevention::test_nested_paren_within_cap_under_1s": _TIMED,
                "tests/test_dos_prevention.py::TestDoSPrevention::test_nested_case_within_cap_under_1s": _TIMED,
                "tests/test_dos_prevention.py::test_unterminated_quotes_format_under_1s": _TIMED,
            },
        ),
        Package(
            "parso",
            "0.8.7",
            ("parso",),
            ("test",),
            long=tuple(
                f"test/test_file_python_errors.py::test_on_itself[3.{minor}]" for minor in range(6, 14)
            ),  # not 14
        ),
        Package(
            "mistune",
            "3.4.0",
            ("mistune",),
            left_out={
                "near_linear or linear_time or quickly or quadratically or do_not_rescan": "measures how time grows",
            },
        ),
        Package(
            "pyparsing",
            "3.3.3",
            ("pyparsing",),
            needs=("railroad-diagrams", "jinja2", "matplotlib"),
            long=(
                "tests/test_util.py::test_make_compressed_re_random",
                *(
                    f"tests/test_unit.py::{configuration}::testNestedExpressionRandom"
                    for configuration in (
                        "Test04_WithPackrat",
                        "Test06_WithBoundedPackrat",
                        "Test08_WithUnboundedPackrat",
                        "Test09_WithLeftRecursionParsing",
                        "Test10_WithLeftRecursionParsingBoundedMemo",
                    )
                ),
            ),
        ),
        Package("h11", "0.16.0", ("h11",), ("h11",)),
        Package("cachetools", "8.0.1", ("cachetools",)),
        Package("Markdown", "3.11.3", ("markdown",), needs=("PyYAML",)),
        Package("simpy", "4.1.2", ("simpy",)),
        Package("wrapt", "2.5.2", ("wrapt",), environment={"WRAPT_DISABLE_EXTENSIONS": "1"}),
        Package(
            "anyio",
            "4.16.0",
            ("anyio",),
            ("tests", "--timeout=0", "--assert=plain"),  # its plugin makes pytest rewrite all of it
            needs=(
                "pytest-timeout",
                "psutil",
                "pytest-mock",
                "trustme",
                "trio",
                "exceptiongroup",
                "blockbuster",
                "truststore",
            ),
        ),
        Package(
            "trio",
            "0.35.0",
            ("trio",),
            ("--pyargs", "trio", "-p", "trio._tests.pytest_plugin", "--skip-optional-imports"),
            needs=("astor", "pyOpenSSL", "trustme", "async_generator"),
        ),
    )
}
