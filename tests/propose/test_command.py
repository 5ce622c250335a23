import pytest
from hypothesis import given
from hypothesis import strategies as st

from replanner.propose.command import Command, parse_command

H200 = ("hardware.gpu_name", "H200")


@pytest.mark.parametrize(
    ("comment", "meant"),
    [
        ("/replan", Command()),
        ("/replan  \r\nthanks", Command()),
        ("please\n/replan\n", Command()),
        ("/replan chat", Command("chat")),
        ("/replan profiles/eu/chat.yaml", Command("profiles/eu/chat.yaml")),
        ("/replan what-if hardware.gpu_name=H200", Command("", (H200,))),
        ("/replan what-if eu/chat hardware.gpu_name=H200", Command("eu/chat", (H200,))),
        (
            "/replan what-if hardware.gpu_name=H200 hardware.gpus=2",
            Command("", (H200, ("hardware.gpus", "2"))),
        ),
    ],
)
def test_a_command_stands_alone_on_its_line(comment: str, meant: Command) -> None:
    assert parse_command(comment) == meant


@pytest.mark.parametrize(
    "comment",
    [
        "",
        "replan",
        " /replan",
        "> /replan",
        "/replanner",
        "/replan-now",
        "/Replan",
        "/replan this please",
        "/replan ../../etc",
        "/replan what-if",
        "/replan what-if chat",
        "/replan what-if gpu_name=H200",
        "/replan what-if a.b=c; rm",
        "/replan what-if a.b=" + "x" * 101,
        "/replan what-if " + " ".join(["a.b=c"] * 9),
        "/replan $(id)",
        "x" * 4096 + "\n/replan",
    ],
)
def test_anything_else_is_none(comment: str) -> None:
    assert parse_command(comment) is None


@given(st.text(alphabet="/replan what-if=.\n\r\t$`<", max_size=200))
def test_any_comment_can_be_read(comment: str) -> None:
    parse_command(comment)
