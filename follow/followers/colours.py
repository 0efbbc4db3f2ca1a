"""The colours of lines: what stands before and after a text of some style, and source highlighted."""

from __future__ import annotations

from collections.abc import Callable

_STYLES = {
    "time": "dim",
    "place": "dim",
    "guide": "dim",
    "call": "bold",
    "name": "cyan",
    "old": "dim",
    "new": "green",
    "result": "bold green",
    "error": "bold red",
    "note": "dim italic",
}
NO_STYLE = ("", "")
PLAIN = dict.fromkeys(_STYLES, NO_STYLE)
"""By the name of a style, where there are no colours."""


def codes(colours: str) -> dict[str, tuple[str, str]]:
    """By the name of a style, what stands before and after a text.

    Arguments:
        colours: what the terminal can show, as rich calls it.
    """
    from rich.console import COLOR_SYSTEMS
    from rich.style import Style

    found: dict[str, tuple[str, str]] = {}
    for name, style in _STYLES.items():
        before, _, after = Style.parse(style).render("\0", color_system=COLOR_SYSTEMS[colours]).partition("\0")
        found[name] = before, after
    return found


def highlighter(colours: str) -> Callable[[str], str]:
    """What colours a line of source.

    Arguments:
        colours: what the terminal can show, as rich calls it.
    """
    from pygments.lexers.python import PythonLexer
    from rich.console import COLOR_SYSTEMS
    from rich.syntax import ANSI_DARK, ANSISyntaxTheme

    system, theme = COLOR_SYSTEMS[colours], ANSISyntaxTheme(ANSI_DARK)
    lexer = PythonLexer(stripnl=False, ensurenl=False)

    def highlight(code: str) -> str:
        return "".join(
            theme.get_style_for_token(token).render(text, color_system=system) for token, text in lexer.get_tokens(code)
        )

    return highlight
