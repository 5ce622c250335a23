"""Decides how every failure presents itself: one tree, each class with its exit code and hint.

Exit codes are part of the contract: 1 the plan is bad, 2 bad input or usage, 3 an upstream could
not be reached, 4 a bug.
"""

from collections.abc import Iterable
from typing import ClassVar


class ReplannerError(Exception):
    """Base of all errors that people may see; `code` is what scripts match on."""

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 4
    http_status: ClassVar[int] = 500

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @property
    def in_full(self) -> str:
        """The sentence, and what to do about it."""
        return f"{self.message} {self.hint}".strip()

    def document(self) -> dict[str, str]:
        """The `error` object of the JSON output."""
        return {"code": self.code, "message": self.message, "hint": self.hint}


class InputError(ReplannerError):
    """The user's profile, flag or file is wrong; the message says where and what would be right."""

    code = "bad_input"
    exit_code = 2
    http_status = 422


class ProfileError(InputError):
    """A profile that cannot be read: `path:line:column`, what was wrong, what would be right.

    `position` is the line and column (from 1) of the first problem that has a place.
    """

    code = "bad_profile"

    def __init__(
        self, message: str, *, hint: str = "", position: tuple[int, int] | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.position = position


class UnknownGpu(InputError):
    """No catalogue row has this name or alias."""

    code = "unknown_gpu"


class UnsupportedModel(InputError):
    """The model cannot be sized honestly; the message says what is missing."""

    code = "unsupported_model"


class ModelNotFound(InputError):
    """No such model, revision or file (as far as the credential can see)."""

    code = "model_not_found"


class AccessDenied(InputError):
    """The credential was refused, or the model is gated and not granted to it."""

    code = "access_denied"


class UpstreamError(ReplannerError):
    """An upstream could not be reached or did not answer: unknown, never "no change"."""

    code = "upstream_unreachable"
    exit_code = 3
    http_status = 503


class RateLimited(UpstreamError):
    """The upstream asked to come back later, in `retry_after_s` seconds where it said so."""

    code = "rate_limited"

    def __init__(self, message: str, *, hint: str = "", retry_after_s: int | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after_s = retry_after_s


class Bug(ReplannerError):
    """Something that should not have happened; its cause holds the traceback."""

    code = "bug"

    @classmethod
    def of(cls, error: Exception) -> "Bug":
        """The report of an unexpected error: where it is, never as an answer."""
        import traceback  # noqa: PLC0415 - only bugs need it

        frames = traceback.extract_tb(error.__traceback__)
        file = frames[-1].filename.replace("\\", "/").rpartition("/")[2] if frames else ""
        bug = cls(
            f"a bug in replanner: {type(error).__name__} at "
            + (f"{file}:{frames[-1].lineno}" if frames else "?"),
            hint="Please report it with the command you ran; REPLANNER_DEBUG=1 shows more.",
        )
        bug.__cause__ = error
        return bug


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """` Did you mean 'x'?` for the nearest known word, or the empty string."""
    import difflib  # noqa: PLC0415 - only errors need it

    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" Did you mean {near[0]!r}?" if near else ""


# The worst first: a bug, bad input, an upstream that is away, a bad plan, fine.
_EXIT_CODES = (4, 2, 3, 1, 0)


def worst_exit_code(codes: Iterable[int]) -> int:
    """The exit code of several outcomes; 0 where there are none."""
    return min(codes, key=_EXIT_CODES.index, default=0)
