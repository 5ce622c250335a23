"""The adapter with the real huggingface_hub client, over loopback."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from asked_hub import Hub
from checkpoints import CONFIG, LLAMA, TENSOR_BYTES, TENSORS, changed

from replanner.errors import (
    AccessDenied,
    InputError,
    ModelNotFound,
    RateLimited,
    ReplannerError,
    UnsupportedModel,
    UpstreamError,
)
from replanner.hub.disk import git_digest
from replanner.hub.huggingface import HuggingFaceHub
from replanner.planning.model_files import ModelFiles

NO_WAIT = (0.0, 0.0)
SECRET = "hf_secret"  # noqa: S105 -- no real token


def seen(hub: Hub, **settings: Any) -> HuggingFaceHub:
    return HuggingFaceHub(endpoint=hub.url, retry_waits_s=NO_WAIT, **settings)


def failure(hub: Hub, model: str, revision: str = "main", **settings: Any) -> ReplannerError:
    with pytest.raises(ReplannerError) as caught:
        seen(hub, **settings).fetch(model, revision)
    assert SECRET not in repr(caught.value) + caught.value.hint
    return caught.value


def test_a_branch_is_read_at_the_commit_it_stands_for(hub: Hub) -> None:
    files = seen(hub).fetch("acme/tiny", "main")
    assert (files.model_id, files.revision) == ("acme/tiny", "main")
    assert files.commit == hub.commits["acme/tiny"][1]
    assert files.config == {**LLAMA, "max_position_embeddings": 4096}
    assert files.moved_to is None


def test_a_tag_and_a_branch_with_a_slash_are_resolved(hub: Hub) -> None:
    old, new = hub.commits["acme/tiny"]
    assert seen(hub).resolve("acme/tiny", "v1.0") == old
    assert seen(hub).resolve("acme/tiny", "feature/x") == new


def test_the_first_digits_of_a_commit_are_resolved(hub: Hub) -> None:
    commit = hub.commits["acme/tiny"][0]
    assert seen(hub).resolve("acme/tiny", commit[:10]) == commit


def test_a_pinned_commit_is_read_whatever_the_branch_says(hub: Hub) -> None:
    files = seen(hub).fetch("acme/tiny", "main", commit=hub.commits["acme/tiny"][0])
    assert files.revision == "main"
    assert files.config["max_position_embeddings"] == 2048


def test_every_file_that_matters_has_a_digest_and_a_size(hub: Hub) -> None:
    files = {file.path: file for file in seen(hub).fetch("acme/tiny", "v1.0").files}
    assert set(files) == {
        "README.md",
        "config.json",
        "model.safetensors.index.json",
        "tokenizer/vocab.txt",
    }
    assert files["config.json"].digest == git_digest(CONFIG)
    assert files["config.json"].size == len(CONFIG)


def test_the_index_says_what_the_weights_add_up_to(hub: Hub) -> None:
    index = seen(hub).fetch("acme/tiny", "main").checkpoint
    assert index is not None
    assert index.total_bytes == 6_553_612_288
    assert index.tensors is None
    assert len(index.file_names) == 2


def test_without_an_index_the_header_of_the_only_file_is_read_and_no_weight(hub: Hub) -> None:
    one = seen(hub)
    calls = hub.asked(lambda: one.fetch("acme/single", "main"))
    index = one.fetch("acme/single", "main").checkpoint
    assert index is not None
    assert index.total_bytes == TENSOR_BYTES
    assert index.tensors == TENSORS
    weights = [call for call in calls if call["path"].endswith("model.safetensors")]
    assert {call["range"] for call in weights} == {"bytes=0-99999"}


def test_the_quantization_file_is_read_where_there_is_one(hub: Hub) -> None:
    assert seen(hub).fetch("acme/single", "main").quant_config == {"producer": {}}
    assert seen(hub).fetch("acme/tiny", "main").quant_config is None


def test_the_token_does_not_follow_a_file_to_another_host(hub: Hub) -> None:
    one = seen(hub, token=SECRET)
    calls = hub.asked(lambda: one.fetch("acme/single", "main"))
    assert {call["path"].startswith("/_cdn/"): call["token"] for call in calls} == {
        False: True,
        True: False,
    }


def test_large_files_are_known_by_their_sha256(hub: Hub) -> None:
    files = {file.path: file for file in seen(hub).fetch("acme/single", "main").files}
    assert files["model.safetensors"].digest.startswith("sha256:")
    assert files["model.safetensors"].size > TENSOR_BYTES


def test_a_model_that_moves_has_a_new_commit_in_the_next_look(hub: Hub) -> None:
    before = seen(hub)
    old = before.fetch("acme/moving", "main")
    new = hub.commit(
        "acme/moving", config_json=changed(max_position_embeddings=old_length(old) * 2)
    )
    assert before.fetch("acme/moving", "main").commit == old.commit
    after = seen(hub).fetch("acme/moving", "main")
    assert after.commit == new != old.commit
    assert old_length(after) == old_length(old) * 2


def old_length(files: ModelFiles) -> int:
    length = files.config["max_position_embeddings"]
    assert isinstance(length, int)
    return length


def test_one_look_asks_for_a_model_once(hub: Hub) -> None:
    one = seen(hub)
    one.fetch("acme/tiny", "main")
    assert hub.asked(lambda: one.fetch("acme/tiny", "main")) == []
    assert hub.asked(lambda: one.resolve("acme/tiny", "main")) == []


def test_one_look_asks_for_a_missing_model_once(hub: Hub) -> None:
    one = seen(hub)

    def ask() -> None:
        with pytest.raises(ModelNotFound):
            one.fetch("acme/ghost", "main")

    assert len(hub.asked(ask)) == 1
    assert hub.asked(ask) == []


def test_resolving_is_one_small_request(hub: Hub) -> None:
    calls = hub.asked(lambda: seen(hub).resolve("acme/tiny", "main"))
    assert [call["path"] for call in calls] == ["/api/models/acme/tiny/revision/main?expand=sha"]


def test_a_full_commit_is_resolved_without_a_request(hub: Hub) -> None:
    commit = "0" * 40
    assert hub.asked(lambda: seen(hub).resolve("acme/tiny", commit)) == []


def test_a_moved_model_is_read_and_its_new_name_reported(hub: Hub) -> None:
    files = seen(hub).fetch(hub.fault("acme/old", "moved", to="acme/tiny"), "main")
    assert files.moved_to == "acme/tiny"
    assert files.model_id == "acme/old"
    assert files.commit == hub.commits["acme/tiny"][1]


def test_a_missing_model_is_not_found(hub: Hub) -> None:
    error = failure(hub, "acme/ghost")
    assert type(error) is ModelNotFound
    assert "'acme/ghost'" in error.message
    assert "HF_TOKEN" in error.hint


def test_a_missing_revision_is_named(hub: Hub) -> None:
    error = failure(hub, "acme/tiny", "mian")
    assert type(error) is ModelNotFound
    assert error.message == "acme/tiny has no branch, tag or commit 'mian'"


@pytest.mark.parametrize(
    ("token", "said"), [(None, "no token was given"), (SECRET, "was not granted access")]
)
def test_a_gated_model_says_where_to_ask_for_access(hub: Hub, token: str | None, said: str) -> None:
    hub.fault("acme/gated", "gated", of="acme/tiny", granted=["hf_good"])
    error = failure(hub, "acme/gated", token=token)
    assert type(error) is AccessDenied
    assert said in error.message
    assert f"{hub.url}/acme/gated" in error.hint
    assert "HF_TOKEN" in error.hint


def test_a_gated_model_is_read_with_a_token_that_was_granted_access(hub: Hub) -> None:
    hub.fault("acme/gated", "gated", of="acme/tiny", granted=["hf_good"])
    files = seen(hub, token="hf_good").fetch("acme/gated", "main")  # noqa: S106
    assert files.commit == hub.commits["acme/tiny"][1]


def test_a_disabled_model_is_denied(hub: Hub) -> None:
    error = failure(hub, hub.fault("acme/off", "disabled"))
    assert type(error) is AccessDenied
    assert "acme/off is disabled" in error.message


def test_a_refused_token_is_bad_input_and_never_printed(hub: Hub) -> None:
    error = failure(hub, hub.fault("acme/bad", "bad-token"), token=SECRET)
    assert type(error) is AccessDenied
    assert error.exit_code == 2
    assert "refused the token" in error.message


def test_a_token_with_a_line_break_is_refused_before_it_is_sent(hub: Hub) -> None:
    error = failure(hub, "acme/tiny", token=f"{SECRET}\nX: y")
    assert type(error) is AccessDenied


def test_the_token_is_no_part_of_the_adapters_repr() -> None:
    assert SECRET not in repr(HuggingFaceHub(token=SECRET))


def test_a_rate_limit_says_when_to_come_back_and_is_not_pressed(hub: Hub) -> None:
    hub.fault("acme/busy", "limited", retry_after=7)
    assert len(hub.asked(lambda: failure(hub, "acme/busy"))) == 1
    error = failure(hub, "acme/busy")
    assert isinstance(error, RateLimited)
    assert error.retry_after_s == 7
    assert "in 7 s" in error.message


def test_a_server_error_is_unknown_after_two_more_tries(hub: Hub) -> None:
    hub.fault("acme/boom", "error", status=502)
    assert len(hub.asked(lambda: failure(hub, "acme/boom"))) == 3
    assert "answered 502" in failure(hub, "acme/boom").message


def test_a_short_server_error_is_not_noticed(hub: Hub) -> None:
    hub.fault("acme/wobbly", "error", status=500, times=2, of="acme/tiny")
    assert seen(hub).resolve("acme/wobbly", "main") == hub.commits["acme/tiny"][1]


def test_a_slow_hub_is_given_up_on(hub: Hub) -> None:
    hub.fault("acme/slow", "slow", seconds=1, of="acme/tiny")
    slow = HuggingFaceHub(endpoint=hub.url, timeout_s=0.2, retry_waits_s=())
    with pytest.raises(UpstreamError, match=r"did not answer within 0\.2 s"):
        slow.fetch("acme/slow", "main")


def test_a_model_without_config_is_unsupported(hub: Hub) -> None:
    error = failure(hub, "acme/bare")
    assert type(error) is UnsupportedModel
    assert error.message == "acme/bare has no config.json"


def test_a_gguf_repository_says_why_there_is_no_config(hub: Hub) -> None:
    assert "GGUF" in failure(hub, "acme/gguf").message


def test_a_config_that_is_no_object_is_unsupported(hub: Hub) -> None:
    error = failure(hub, "acme/list")
    assert type(error) is UnsupportedModel
    assert error.message == "config.json of acme/list holds no JSON object"


def test_a_kept_commit_is_read_without_a_request(hub: Hub, tmp_path: Path) -> None:
    commit = hub.commits["acme/single"][0]
    online = seen(hub, cache_dir=tmp_path).fetch("acme/single", "main")
    again = seen(hub, cache_dir=tmp_path)
    assert hub.asked(lambda: again.fetch("acme/single", "main", commit=commit)) == []
    assert again.fetch("acme/single", "main", commit=commit) == online


def test_offline_answers_what_was_answered_online(hub: Hub, tmp_path: Path) -> None:
    hub.fault("acme/old", "moved", to="acme/tiny")
    for model in ("acme/single", "acme/old"):
        online = seen(hub, cache_dir=tmp_path).fetch(model, "main")
        offline = seen(hub, cache_dir=tmp_path, offline=True, hub_cache_dir=tmp_path / "none")
        assert hub.asked(lambda m=model, o=offline: o.fetch(m, "main")) == []  # type: ignore[misc]
        assert offline.fetch(model, "main") == online


def test_a_cache_that_cannot_be_written_stops_nothing(hub: Hub, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    assert seen(hub, cache_dir=file / "below").fetch("acme/tiny", "main").commit


def test_an_outage_is_never_answered_from_the_cache(hub: Hub, tmp_path: Path) -> None:
    seen(hub, cache_dir=tmp_path).fetch("acme/tiny", "main")
    hub.fault("acme/tiny", "error", status=500)
    error = failure(hub, "acme/tiny", cache_dir=tmp_path)
    assert type(error) is UpstreamError
    assert error.exit_code == 3


def test_offline_reads_the_clients_own_cache(tmp_path: Path) -> None:
    repository = tmp_path / "models--acme--tiny"
    commit, blob = "a" * 40, git_digest(CONFIG).removeprefix("git:")
    snapshot = repository / "snapshots" / commit
    for folder in (snapshot, repository / "blobs", repository / "refs"):
        folder.mkdir(parents=True)
    (repository / "refs/main").write_text(commit)
    (repository / "blobs" / blob).write_bytes(CONFIG)
    (repository / "blobs" / ("b" * 64)).write_bytes(bytes(100))
    (snapshot / "config.json").symlink_to(f"../../blobs/{blob}")
    (snapshot / "pytorch_model.bin").symlink_to(f"../../blobs/{'b' * 64}")
    files = HuggingFaceHub(offline=True, hub_cache_dir=tmp_path).fetch("acme/tiny", "main")
    assert files.commit == commit
    assert [file.digest for file in files.files] == [git_digest(CONFIG), "sha256:" + "b" * 64]
    assert files.checkpoint is not None
    assert files.checkpoint.total_bytes == 100


def test_a_cached_tokenizer_is_no_cached_model(tmp_path: Path) -> None:
    snapshot = tmp_path / "models--acme--tiny/snapshots" / ("a" * 40)
    snapshot.mkdir(parents=True)
    (snapshot / "tokenizer.json").write_bytes(b"{}")
    with pytest.raises(UpstreamError, match="is not in the cache"):
        HuggingFaceHub(offline=True, hub_cache_dir=tmp_path).fetch("acme/tiny", "a" * 40)


def test_the_clients_own_cache_is_found_by_itself(tmp_path: Path) -> None:
    code = "from replanner.hub.huggingface import _default_hub_cache;print(_default_hub_cache())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"HF_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == str(tmp_path / "hub")


def test_offline_and_not_cached_is_unknown(tmp_path: Path) -> None:
    offline = HuggingFaceHub(offline=True, cache_dir=tmp_path, hub_cache_dir=tmp_path)
    with pytest.raises(UpstreamError, match="revision main of acme/tiny is not in the cache"):
        offline.fetch("acme/tiny", "main")
    with pytest.raises(UpstreamError, match="is not in the cache"):
        offline.fetch("acme/tiny", "main", commit="a" * 40)


def test_a_refused_connection_is_unknown() -> None:
    gone = HuggingFaceHub(endpoint="http://127.0.0.1:9", retry_waits_s=NO_WAIT)
    with pytest.raises(UpstreamError, match=r"127\.0\.0\.1:9 could not be reached"):
        gone.fetch("acme/tiny", "main")


def test_a_password_in_the_endpoint_is_not_printed() -> None:
    gone = HuggingFaceHub(endpoint="http://me:pass@127.0.0.1:9", retry_waits_s=())
    with pytest.raises(UpstreamError) as caught:
        gone.fetch("acme/tiny", "main")
    assert "pass" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize("endpoint", ["huggingface.co", "file:///etc/passwd", "http://"])
def test_an_endpoint_that_is_no_address_is_bad_input(endpoint: str) -> None:
    with pytest.raises(InputError, match="no http or https address"):
        HuggingFaceHub(endpoint=endpoint)


@pytest.mark.parametrize(
    "model", ["../etc", "a/b/c", "acme/..", "a//b", "acme/x?y", "acme/x#y", "a" * 97, "", "a\nb"]
)
def test_what_is_no_model_id_is_never_asked_for(model: str) -> None:
    with pytest.raises(InputError, match="is no model id"):
        HuggingFaceHub(endpoint="http://127.0.0.1:9").fetch(model, "main")


@pytest.mark.parametrize("revision", ["", "../main", "-x", "a b", "main\n", "x" * 256, "a//b"])
def test_what_is_no_revision_is_never_asked_for(revision: str) -> None:
    with pytest.raises(InputError, match="is no branch, tag or commit"):
        HuggingFaceHub(endpoint="http://127.0.0.1:9").fetch("acme/tiny", revision)


def test_a_pin_that_is_no_commit_is_bad_input() -> None:
    with pytest.raises(InputError, match="is no commit"):
        HuggingFaceHub().fetch("acme/tiny", "main", commit="../../etc")


def test_the_client_is_not_imported_before_it_is_needed() -> None:
    code = (
        "import sys, replanner.hub.huggingface as h, replanner.hub.folder;"
        "h.HuggingFaceHub(); print('huggingface_hub' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_offline_mode_of_the_client_is_told_apart(hub: Hub) -> None:
    code = (
        "import sys; from replanner.hub.huggingface import HuggingFaceHub as H;"
        "from replanner.errors import UpstreamError\n"
        "try: H(endpoint=sys.argv[1], retry_waits_s=()).fetch('acme/tiny', 'main')\n"
        "except UpstreamError as e: print(e.message)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, hub.url],
        env={"HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "huggingface_hub is in offline mode" in done.stdout
    assert json.dumps(done.stderr) == '""'


def test_a_commits_date_is_asked_for_once(hub: Hub) -> None:
    old, new = hub.commits["acme/tiny"]
    looking = seen(hub)
    asked = hub.asked(lambda: [looking.committed_at("acme/tiny", new) for _ in range(2)])
    dates = [looking.committed_at("acme/tiny", commit) or 0 for commit in (old, new)]
    assert len(asked) == 1
    assert 1_700_000_000 < dates[0] <= dates[1] < 2_500_000_000


def test_a_hub_that_tells_no_history_does_not_know_the_date(hub: Hub) -> None:
    commit = hub.commits["acme/tiny"][0]
    hub.fault("acme/tiny", "missing")
    assert seen(hub).committed_at("acme/tiny", commit) is None
    assert HuggingFaceHub(endpoint=hub.url, offline=True).committed_at("acme/tiny", commit) is None


def test_a_date_that_cannot_be_asked_for_is_unknown(hub: Hub) -> None:
    hub.fault("acme/tiny", "error")
    with pytest.raises(UpstreamError):
        seen(hub).committed_at("acme/tiny", hub.commits["acme/tiny"][0])
