"""The page of errors is what its tool wrote, and the README repeats its figures."""

import hashlib
import re

from peers import ROOT

PAGE = (ROOT / "docs" / "accuracy.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_nobody_edited_it_by_hand() -> None:
    text, _, seal = PAGE.rpartition("\n<!-- sha256 ")
    assert PAGE.startswith("<!-- Written by tools/accuracy.py")
    assert seal == f"{hashlib.sha256(text.encode()).hexdigest()} -->\n", "run `make accuracy`"


def test_it_tells_every_metric_group_and_the_worst_cases() -> None:
    titles = re.findall(r"^##+ (.+)$", PAGE, flags=re.MULTILINE)
    assert [title.partition(":")[0] for title in titles] == [
        "Memory",
        "By what a figure rests on",
        "Other planners on such rows",
        "By model family",
        "By GPU",
        "By vLLM",
        "The worst cases",
        "vLLM 0.33.0's own planning code",
        "Speed",
    ]
    worst = PAGE.partition("### The worst cases")[2].partition("\n## ")[0]
    cases = re.findall(r"^\| \S+/\S+ on .+ \| (.+)\. \|$", worst, flags=re.MULTILINE)
    assert len(cases) >= 10, "each with a reason, or with the word that there is none"


def test_the_readme_says_what_it_says() -> None:
    [row] = re.findall(r"^\| KV cache, GiB \| \d+ \| (.+?) \| (.+?) \|", PAGE, flags=re.MULTILINE)
    (median, mean), (left_median, left_mean) = (cell.split(" / ") for cell in row)
    said = f"median {median} %, mean {mean} %, groups left out {left_median} %, {left_mean} %"
    assert said in README
    [right] = re.findall(r"^\| of all \| \d+ \| ([\d.]+) ", PAGE, flags=re.MULTILINE)
    assert f"starts or does not | {float(right):.0f} % right" in README
