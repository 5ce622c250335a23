"""Reads what a server printed: a log from a file or standard input, its metrics from a file or by
HTTP; never more of it than is of use."""

import codecs
import http.client
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from replanner.errors import AccessDenied, InputError, UpstreamError
from replanner.measure.log import read_log
from replanner.measure.metrics import read_metrics
from replanner.measure.seen import Seen

# A start-up at DEBUG has 0.3 MB; what lies beyond is the log of requests.
MOST_LOG_BYTES = 32 << 20
MOST_METRICS_BYTES = 8 << 20
_TIMEOUT_S = 10
_PATIENCE_S = 30
_STDIN = "-"
_REFUSED = (401, 403)
_SERVER_ERROR = 500


def log(name: str, folder: Path) -> Seen:
    """The log's last start; InputError where no line of it is vLLM's."""
    data = sys.stdin.buffer.read(MOST_LOG_BYTES + 1) if name == _STDIN else _file(name, folder)
    seen = read_log(_text(data[:MOST_LOG_BYTES]))
    shown = "standard input" if name == _STDIN else name
    if seen.is_empty:
        raise InputError(
            f"{shown}: holds no line of a vLLM start-up.",
            hint="Give the log from the server's first line until it answers requests.",
        )
    if len(data) > MOST_LOG_BYTES:
        note = f"{shown} is longer than {MOST_LOG_BYTES >> 20} MiB; only so much of it was read."
        seen = seen._replace(notes=(*seen.notes, note))
    return seen


def metrics(where: str, folder: Path) -> Seen:
    """What a server's /metrics says, or a saved copy of it."""
    by_http = where.lower().startswith(("http://", "https://"))
    data = _fetched(where) if by_http else _file(where, folder)
    if len(data) > MOST_METRICS_BYTES:
        raise InputError(f"{where}: is larger than {MOST_METRICS_BYTES >> 20} MiB.")
    seen = read_metrics(_text(data))
    if seen.state != "started":
        raise InputError(
            f"{where}: holds no metric of vLLM.",
            hint="Give http://HOST:PORT/metrics, or a file with what it answered.",
        )
    return seen


def _file(name: str, folder: Path) -> bytes:
    try:
        with (folder / name).open("rb") as file:
            return file.read(MOST_LOG_BYTES + 1)
    except FileNotFoundError:
        raise InputError(f"{name}: no such file.") from None
    except OSError as error:
        raise InputError(f"{name}: cannot be read: {error.strerror}.") from None
    except ValueError:
        raise InputError(f"{name!r}: is not a file name.") from None


def _text(data: bytes) -> str:
    """UTF-8 as far as it is; PowerShell's redirection writes UTF-16."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace")
    return data.decode("utf-8", errors="replace")


def _fetched(url: str) -> bytes:
    url = _address(url)
    try:
        request = urllib.request.Request(url, headers={"User-Agent": "replanner"})  # noqa: S310 - http(s) only
        with _OPENER.open(request, timeout=_TIMEOUT_S) as answer:
            return _body(answer)
    except urllib.error.HTTPError as error:
        error.close()
        raise _refused(url, error.code) from None
    except (OSError, http.client.HTTPException) as error:  # URLError and time-outs are OSErrors
        reason = getattr(error, "reason", None) or error
        raise UpstreamError(f"{url}: could not be reached: {reason}.") from None


def _address(url: str) -> str:
    """The address, at /metrics where it names a server only."""
    with suppress(ValueError):
        parts = urlsplit(url)
        if parts.hostname and parts.username is None and url.isprintable() and " " not in url:
            bare = parts.path in ("", "/") and parts.port != 0
            return parts._replace(path="/metrics").geturl() if bare else url
    raise InputError(f"--metrics {url!r} is no address like http://HOST:8000/metrics.")


def _body(answer: http.client.HTTPResponse) -> bytes:
    """No more than is of use, and no longer than anybody waits."""
    until, data = time.monotonic() + _PATIENCE_S, b""
    while len(data) <= MOST_METRICS_BYTES and (more := answer.read1(1 << 16)):
        data += more
        if time.monotonic() > until:
            raise TimeoutError(f"its answer takes longer than {_PATIENCE_S} s")
    return data


def _refused(url: str, status: int) -> InputError | UpstreamError:
    if status in _REFUSED:
        return AccessDenied(f"{url}: answers {status}; its metrics are not for everybody.")
    if status >= _SERVER_ERROR:
        return UpstreamError(f"{url}: answers {status}.")
    return InputError(
        f"{url}: answers {status}.", hint="vLLM's API server has its metrics at /metrics."
    )


class _StayHere(urllib.request.HTTPRedirectHandler):
    """The address that was given is asked, and no other that its answer may name."""

    def redirect_request(self, *_: object, **__: object) -> None:
        return None


_OPENER = urllib.request.build_opener(_StayHere())
