"""Java's own readers, as far as Kafka's client properties need them.

Properties files are read as ``java.util.Properties.load(InputStream)`` reads them, logins as Kafka's ``JaasConfig``
does with ``java.io.StreamTokenizer``: the newer one, up to 4.3 a value without quotes may have only letters. What Java
refuses is a ValueError that tells no value.
"""

import re
from collections.abc import Iterator

BLANK = " \t\f"
ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
TOKEN_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
FLAGS = ("REQUIRED", "REQUISITE", "SUFFICIENT", "OPTIONAL")

TOKEN = re.compile(
    r"""(?P<skipped>[\x00-\x20]+|/\*.*?(?:\*/|\Z)|//[^\r\n]*|/.?[^\r\n]*)
    |"(?P<double>(?:\\.|[^"\\\r\n])*)(?:"|(?=[\r\n])|\Z)
    |'(?P<single>(?:\\.|[^'\\\r\n])*)(?:'|(?=[\r\n])|\Z)
    |(?P<word>[^\x00-\x20"'/;=\x81-\x9f]+)
    |(?P<sign>.)""",
    re.DOTALL | re.VERBOSE,
)


def decoded(data: bytes) -> str:
    """A properties file as text: ISO-8859-1, without the byte-order mark of an editor that saved it as UTF-8.

    ValueError for UTF-16, which Java would read as other letters with NULs between them.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data:
        raise ValueError("is UTF-16 or binary, not ISO-8859-1 text")
    return data.removeprefix(b"\xef\xbb\xbf").decode("iso-8859-1")


def trimmed(value: str) -> str:
    """A setting without blanks around it, as ``String.trim`` sees blanks: a no-break space is none."""
    return value.strip("".join(map(chr, range(33))))


def escaped(value: str) -> str:
    r"""Write a value so that Java reads it back: what is not plain ASCII as ``\uXXXX``, since files are ISO-8859-1."""
    units = value.encode("utf-16-be")
    letters = (chr(high << 8 | low) for high, low in zip(units[::2], units[1::2], strict=True))
    text = "".join(
        "\\\\" if letter == "\\" else letter if " " <= letter <= "~" else f"\\u{ord(letter):04x}" for letter in letters
    )
    return f"\\{text}" if text.startswith(" ") else text


def parse(text: str) -> Iterator[tuple[int, str, str]]:
    r"""Line number, key and value of every setting, in the order of the file; of two with one key the last counts.

    ValueError with the line number as its second argument for a ``\u`` without four hexadecimal digits.
    """
    rows = iter(enumerate(re.split(r"\r\n|\r|\n", text), 1))
    for number, raw in rows:
        line = raw.lstrip(BLANK)
        if not line or line[0] in "#!":
            continue
        parts: list[str] = []
        while len(line) - len(line.rstrip("\\")) & 1:
            more = next(rows, (0, ""))[1].lstrip(BLANK)
            parts += [line[:-1]] if len(line) > 1 else []
            line = "" if not parts and more[:1] in ("#", "!") else more
        line = "".join((*parts, line))
        if not line:
            continue
        key = re.match(r"(?:\\.|[^\\=: \t\f])*", line)
        name = key.group() if key else ""
        value = re.sub(r"^[ \t\f]*[=:]?[ \t\f]*", "", line[len(name) :])
        try:
            yield number, _unescaped(name), _unescaped(value)
        except ValueError as error:
            raise ValueError(str(error), number) from None


def _unescaped(text: str) -> str:
    def plain(match: re.Match[str]) -> str:
        word = match.group(1)
        if word == "u":
            raise ValueError("\\u needs four hexadecimal digits")
        return chr(int(word[1:], 16)) if len(word) == 5 else ESCAPES.get(word, word)

    try:
        # Letters beyond the first 65536 are written as two halves.
        return re.sub(r"\\(u[0-9a-fA-F]{4}|.)", plain, text).encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise ValueError("\\u names half a letter") from None


def login_options(jaas: str) -> dict[str, str]:
    """The options of the one login module that ``sasl.jaas.config`` names. ValueError with what Java misses in it."""
    tokens = list(_tokens(jaas))
    if len(tokens) < 2 or str(tokens[1][0]).upper() not in FLAGS:
        raise ValueError("does not begin with a login module and 'required'")
    options: dict[str, str] = {}
    at = 2
    while at < len(tokens) and tokens[at][1] != ";":
        part = tokens[at : at + 3]
        if len(part) < 3 or part[1][1] != "=" or part[2][0] is None:
            raise ValueError("has an option that is not written as name=\"value\", or does not end with ';'")
        options[part[0][0] or ""] = part[2][0]
        at += 3
    if at >= len(tokens):
        raise ValueError("does not end with ';', or a value with blanks, quotes, / or = is not in quotes")
    if at + 1 < len(tokens):
        raise ValueError("goes on after ';', and only one login module is allowed")
    return options


def _tokens(text: str) -> Iterator[tuple[str | None, str]]:
    """Words and quoted strings as ``(text, "")``, other signs as ``(None, sign)``; comments are left out."""
    for match in TOKEN.finditer(text):
        quoted = match["double"] if match["double"] is not None else match["single"]
        if quoted is not None:
            yield re.sub(r"\\([0-3][0-7]{0,2}|[4-7][0-7]?|.)", _letter, quoted, flags=re.DOTALL), ""
        elif match["word"]:
            yield match["word"], ""
        elif match["sign"]:
            yield None, match["sign"]


def _letter(match: re.Match[str]) -> str:
    word = match.group(1)
    return chr(int(word, 8)) if word[0] in "01234567" else TOKEN_ESCAPES.get(word, word)
