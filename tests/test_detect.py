"""What nvidia-smi prints, read as GPUs; and the real call through a stand-in on PATH."""

import os
import stat
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replanner import detect as subject
from replanner.detect import DetectedGpu, Output, detect, hardware_from
from replanner.errors import InputError, UnknownGpu

DATA = Path(__file__).parent / "data" / "nvidia_smi"


def machine(case: str) -> subject.Run:
    """An nvidia-smi that prints a recorded case."""

    def run(arguments: Sequence[str]) -> Output:
        name = "banner.txt"
        if arguments:
            name = "list.txt" if arguments[0] == "-L" else "query.csv"
        return Output(0, (DATA / f"{case}.{name}").read_text(encoding="utf-8"))

    return run


def failing(case: str, status: int) -> subject.Run:
    text = (DATA / f"{case}.txt").read_text(encoding="utf-8")
    return lambda _: Output(status, text)


def printing(text: str, status: int = 0) -> subject.Run:
    return lambda _: Output(status, text)


def gpu(name: str, vram_mib: int | None = None, mig_profile: str | None = None) -> DetectedGpu:
    return DetectedGpu(name, vram_mib, "550.54.15", "12.4", None, mig_profile)


def test_one_gpu_is_described_in_full() -> None:
    assert detect(machine("one")) == [
        DetectedGpu(
            name="NVIDIA GeForce RTX 4090",
            vram_mib=24564,
            driver_version="550.54.15",
            cuda_version="12.4",
            compute_capability="8.9",
        )
    ]


def test_eight_gpus_of_one_kind_are_what_a_profile_needs() -> None:
    detected = detect(machine("eight"))
    assert len(detected) == 8
    assert hardware_from(detected) == ("H100 SXM", 8, None)


def test_newer_drivers_name_the_cuda_version_differently() -> None:
    assert {one.cuda_version for one in detect(machine("mixed"))} == {"13.3"}


def test_mixed_gpus_are_listed_but_make_no_profile() -> None:
    detected = detect(machine("mixed"))
    assert len(detected) == 3
    mixed = r"1x NVIDIA RTX A6000 \(49140 MiB\)"
    with pytest.raises(InputError, match=mixed) as caught:
        hardware_from(detected)
    assert "2x NVIDIA GeForce RTX 3090 (24576 MiB)" in caught.value.message
    assert "hardware.gpu_name" in caught.value.hint


def test_a_gpu_in_mig_mode_is_its_slices_and_their_memory() -> None:
    detected = detect(machine("mig"))
    assert [(one.vram_mib, one.mig_profile) for one in detected] == [
        (20096, "3g.20gb"),
        (4864, "1g.5gb"),
        (40960, None),
    ]


def test_a_list_may_hold_lines_of_no_interest() -> None:
    listing = "WARNING: infoROM is corrupted\n" + (DATA / "mig.list.txt").read_text("utf-8")
    assert subject.parse_mig_profiles(listing) == {(0, 0): "3g.20gb", (0, 1): "1g.5gb"}


def test_slices_beside_whole_gpus_are_a_mix() -> None:
    with pytest.raises(InputError, match=r"1x NVIDIA A100-SXM4-40GB MIG 3g.20gb"):
        hardware_from(detect(machine("mig")))


def test_like_slices_are_not_passed_off_as_whole_gpus() -> None:
    slices = [gpu("NVIDIA A100-SXM4-40GB", 20096, "3g.20gb")] * 2
    with pytest.raises(InputError, match="MIG slices") as caught:
        hardware_from(slices)
    assert "gpu_name: A100 40GB SXM, gpus: 1 and vram_gib: 19.62;" in caught.value.hint


def test_a_slice_of_unknown_memory_still_says_what_to_set() -> None:
    with pytest.raises(InputError, match="MIG slices") as caught:
        hardware_from([gpu("NVIDIA H100 PCIe", None, "1g.10gb")])
    assert "vram_gib: its memory;" in caught.value.hint


def test_mig_mode_without_slices_is_no_gpu() -> None:
    with pytest.raises(InputError, match="none has a MIG device"):
        detect(machine("mig_empty"))


def test_a_gpu_that_shares_the_cpu_s_memory_states_none_and_takes_the_catalogue_s() -> None:
    detected = detect(machine("gb10"))
    assert (detected[0].vram_mib, detected[0].compute_capability) == (None, "12.1")
    assert hardware_from(detected) == ("GB10 (DGX Spark)", 1, None)


def test_a_lost_gpu_is_named() -> None:
    with pytest.raises(InputError, match=r"GPU 1 is not healthy.*\[Unknown Error\]"):
        detect(machine("lost"))


def test_an_err_in_place_of_the_name_is_no_gpu() -> None:
    with pytest.raises(InputError, match="GPU 0 is not healthy"):
        detect(printing("0, ERR!, ERR!, 550.90.07, ERR!, [N/A]\n"))


@pytest.mark.parametrize(
    ("case", "status", "said"),
    [
        ("none", 6, "No devices were found"),
        ("none", 0, "No devices were found"),
        ("no_driver", 9, "couldn't communicate with the NVIDIA driver"),
        ("mismatch", 18, "Driver/library version mismatch"),
    ],
)
def test_what_nvidia_smi_complains_of_is_passed_on_with_a_way_out(
    case: str, status: int, said: str
) -> None:
    with pytest.raises(InputError, match=said) as caught:
        detect(failing(case, status))
    assert "hardware.gpu_name" in caught.value.hint
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("status", [0, 3])
def test_silence_is_no_answer(status: int) -> None:
    with pytest.raises(InputError, match=rf"printed nothing \(status {status}\)"):
        detect(printing("\n", status))


@pytest.mark.parametrize(
    "text",
    ["Segmentation fault", "0, H100, 80000", "x, NVIDIA L4, 23034, 550, 8.9, [N/A]"],
)
def test_what_is_no_row_is_quoted(text: str) -> None:
    with pytest.raises(InputError, match="answered with what is no GPU: '"):
        detect(printing(text))


def test_a_memory_in_words_is_quoted() -> None:
    with pytest.raises(InputError, match="a memory of '24564 MiB'"):
        detect(printing("0, NVIDIA L4, 24564 MiB, 550, 8.9, [N/A]"))


ANY_ROW = st.lists(st.text(max_size=40), min_size=5, max_size=5).map(
    lambda fields: ", ".join(["0", *fields])
)


@given(st.one_of(st.text(), ANY_ROW))
def test_any_output_is_gpus_or_an_input_error(text: str) -> None:
    try:
        said = detect(printing(text))[0].name
    except InputError as error:
        said = error.message
    assert len(said) < 2000


@pytest.mark.parametrize(
    ("name", "mib", "expected"),
    [
        ("NVIDIA A100-SXM4-40GB", 40537, ("A100 40GB SXM", None)),  # drivers before R510
        ("NVIDIA RTX A6000", 46068, ("RTX A6000", 44.506)),  # ECC on
        ("NVIDIA GeForce RTX 4090", 49140, ("RTX 4090", 47.501)),  # rebuilt with 48 GB
        ("NVIDIA GeForce RTX 4060 Ti", 8188, ("RTX 4060 Ti 8GB", None)),
        ("NVIDIA GeForce RTX 4060 Ti", 16380, ("RTX 4060 Ti 16GB", None)),
        ("NVIDIA RTX PRO 5000 Blackwell", 73415, ("RTX PRO 5000 Blackwell 72GB", None)),
    ],
)
def test_the_memory_seen_picks_the_size_and_wins_where_it_differs(
    name: str, mib: int, expected: tuple[str, float | None]
) -> None:
    known, count, usable = hardware_from([gpu(name, mib)])
    assert (known, usable, count) == (*expected, 1)


def test_a_gpu_the_catalogue_lacks_is_named() -> None:
    with pytest.raises(UnknownGpu, match="'NVIDIA GeForce GTX 1080'"):
        hardware_from([gpu("NVIDIA GeForce GTX 1080", 8192)])


def test_no_gpus_make_no_profile() -> None:
    with pytest.raises(InputError, match="no GPU that could be used"):
        hardware_from([])


def install(folder: Path, script: str) -> None:
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


def test_the_real_call_asks_for_each_kind_of_answer(on_path: Path) -> None:
    install(
        on_path,
        f"""case "$*" in
  "--query-gpu=index,name,memory.total,driver_version,compute_cap,mig.mode.current\
 --format=csv,noheader,nounits") cat {DATA}/mig.query.csv ;;
  "-L") cat {DATA}/mig.list.txt ;;
  "") cat {DATA}/mig.banner.txt ;;
  *) echo "Invalid combination of input arguments. Please run 'nvidia-smi -h' for help."; exit 2 ;;
esac""",
    )
    assert [one.mig_profile for one in detect()] == ["3g.20gb", "1g.5gb", None]


def test_the_real_call_reports_what_is_said_on_stderr(on_path: Path) -> None:
    install(on_path, 'echo "Field \\"mig.mode.current\\" is not a valid field." >&2; exit 2')
    with pytest.raises(InputError, match="is not a valid field"):
        detect()


def test_bytes_that_are_no_text_do_not_break_the_call(on_path: Path) -> None:
    install(on_path, r"printf '\377\376'; exit 1")
    with pytest.raises(InputError, match="no usable GPU"):
        detect()


def test_a_machine_without_nvidia_smi_is_told_what_to_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="no nvidia-smi on this machine") as caught:
        detect()
    assert "hardware.gpu_name" in caught.value.hint


def test_a_driver_that_hangs_is_given_up_on(on_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "_TIMEOUT_S", 0.2)
    install(on_path, "exec sleep 30")
    with pytest.raises(InputError, match=r"did not answer in 0\.2 s"):
        detect()


def test_a_file_that_is_no_program_is_named(on_path: Path) -> None:
    program = on_path / "nvidia-smi"
    program.write_bytes(b"\x7fELF broken")
    program.chmod(0o755)
    with pytest.raises(InputError, match="could not be run"):
        detect()
