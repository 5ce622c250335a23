"""Check runs in memory, as GitHub keeps them."""

from collections.abc import Callable
from dataclasses import dataclass, field

from replanner.errors import InputError, ReplannerError
from replanner.replan.ports import CheckRun
from replanner.report.check_run import REFUSED_TEXT, CheckText


@dataclass
class CheckBook:
    """`texts` are what the runs say, by their ids. `loses`: the next answer to a writing call is
    lost though it is done; `refuses` is raised by the calls of these names, and texts that are
    disliked are refused."""

    runs: dict[str, CheckRun] = field(default_factory=dict)
    texts: dict[int, CheckText] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)
    loses: ReplannerError | None = None
    refuses: dict[str, ReplannerError] = field(default_factory=dict)
    dislikes: Callable[[CheckText], bool] = lambda _: False

    def find(self, commit: str) -> CheckRun | None:
        self._ask("find")
        return self.runs.get(commit)

    def create(self, commit: str, tag: str, text: CheckText) -> None:
        holds = text == REFUSED_TEXT or not text.conclusion
        assert holds or commit not in self.runs, "a second check run on one commit"
        self._judge(text)
        self._write("create", lambda: self._keep(len(self.texts) + 1, commit, tag, text))

    def update(self, run: CheckRun, tag: str, text: CheckText) -> None:
        (commit,) = [commit for commit, one in self.runs.items() if one.id == run.id]
        assert text.conclusion, "GitHub sets no check run back"
        self._judge(text)
        self._write("update", lambda: self._keep(run.id, commit, tag, text))

    def text(self, commit: str) -> CheckText:
        return self.texts[self.runs[commit].id]

    def _keep(self, number: int, commit: str, tag: str, text: CheckText) -> None:
        self.runs[commit] = CheckRun(number, tag, text.conclusion, len(text.remarks))
        self.texts[number] = text

    def _write(self, name: str, keep: Callable[[], None]) -> None:
        self._ask(name)
        self.done.append(name)
        keep()
        if lost := self.loses:
            self.loses = None
            raise lost

    def _judge(self, text: CheckText) -> None:
        if self.dislikes(text):
            raise InputError("GitHub refused it: 422")

    def _ask(self, name: str) -> None:
        if error := self.refuses.get(name):
            raise error
