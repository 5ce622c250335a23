"""What the job summary says of a run that proposes: each pull request, what was written, what was
left alone and why; with a dry run, the whole texts."""

from collections.abc import Iterable, Iterator, Sequence

from replanner.errors import ReplannerError
from replanner.forge.github.refusals import BlockedBySettings
from replanner.replan import Replanned
from replanner.replan.outcome import Published
from replanner.report.markdown import Section, bullets, code, escape, fit, folded, link, table

# A step's summary may have 1 MiB; the runner's side keeps below it.
_BUDGET_BYTES = 800 * 1024
_MOST_LINES = 200


def summary(
    results: Sequence[Replanned], errors: Iterable[ReplannerError], *, repository: str
) -> str:
    """All bases of a run, the troubles first."""
    sections = [Section(_trouble(error, repository)) for error in errors]
    for one in results:
        sections += _base(one, repository)
    return fit(sections, budget_bytes=_BUDGET_BYTES)


def _base(one: Replanned, repository: str) -> Iterator[Section]:
    yield Section(f"### replanner: {escape(one.base.name)}")
    for failure in one.failures:
        yield Section(_trouble(failure.error, repository))
    yield Section(_requests(one.published))
    yield Section(_list("Would be written" if one.dry_run else "Written", one.writes_in_words))
    yield Section(_list("Left alone", _reasons(one)), 2)
    yield Section(_list("Profiles that could not be planned", _failed(one)), 1)
    if one.dry_run:
        for proposal in one.proposals:
            yield Section(folded(f"Text of {code(proposal.branch)}", proposal.text), 3)
    if not one.published and not one.failures:
        yield Section("Nothing to propose.")


def _requests(published: Sequence[Published]) -> str:
    rows = [(_named(one), escape(one.operation), escape(one.title)) for one in published]
    head = ("pull request", "outcome", "title")
    return table(head, rows, numbers_from=3) if rows else ""


def _named(one: Published) -> str:
    text = f"{code(one.branch)}{f' ({one.number})' if one.number else ''}"
    return link(text, one.url)


def _list(title: str, lines: Sequence[str]) -> str:
    if not lines:
        return ""
    return f"#### {title}\n\n{bullets([escape(line) for line in lines], most=_MOST_LINES)}"


def _reasons(one: Replanned) -> list[str]:
    waiting = [f"{each.path} waits: {each.waits}" for each in one.judged if each.waits]
    return [*(text for each in one.published for text in each.reasons), *waiting, *one.warnings]


def _failed(one: Replanned) -> list[str]:
    found = ((each.path, each.error) for each in one.judged if each.error)
    return [f"{path}: {error.in_full}" for path, error in found]


def _trouble(error: ReplannerError, repository: str) -> str:
    """What went wrong and what to do; with the form that opens it by hand, where there is one."""
    url = error.url if isinstance(error, BlockedBySettings) else ""
    form = f"\n\n[Open it by hand]({url})" if url.startswith(f"{repository}/") else ""
    hint = f" {escape(error.hint, longest=1000)}" if error.hint else ""
    return f"> [!WARNING]\n> {escape(error.message, longest=1000)}{hint}{form}"
