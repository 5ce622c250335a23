from oci_server import Registry, digest

from replanner.registry.access import Access
from replanner.registry.memory import Answer, Memory
from replanner.registry.oci import OciRegistry


def newest(registry: Registry, memory: Memory) -> str:
    """As one look finds it; the next one is another instance."""
    found = OciRegistry(Access(None), memory).pin(f"{registry.host}/acme/vllm", "v*")
    return found.rpartition("/")[2]


def test_a_list_of_tags_that_has_not_changed_is_not_sent_again(registry: Registry) -> None:
    registry.tells_etags, registry.page = True, 2
    for number in range(5):
        registry.push("acme/vllm", f"v0.33.{number}", "one")
    memory = Memory()
    first = newest(registry, memory)
    assert registry.unchanged == 0
    assert newest(registry, memory) == first == f"vllm:v0.33.4@{digest('one')}"
    assert registry.unchanged == 3
    registry.push("acme/vllm", "v0.33.5", "two")
    assert newest(registry, memory) == f"vllm:v0.33.5@{digest('two')}"


def test_a_tag_that_moved_is_seen_though_the_list_did_not_change(registry: Registry) -> None:
    registry.tells_etags = True
    registry.push("acme/vllm", "v1", "one")
    memory = Memory()
    newest(registry, memory)
    registry.push("acme/vllm", "v1", "two")
    assert newest(registry, memory) == f"vllm:v1@{digest('two')}"
    assert registry.unchanged == 1


def test_a_registry_that_knows_no_etags_is_asked_as_ever(registry: Registry) -> None:
    registry.push("acme/vllm", "v1", "one")
    memory = Memory()
    assert newest(registry, memory) == newest(registry, memory)
    registry.push("acme/vllm", "v2", "two")
    assert newest(registry, memory).startswith("vllm:v2@")


def test_a_private_list_is_not_told_to_who_may_not_read_it_any_more(registry: Registry) -> None:
    registry.tells_etags, registry.auth = True, "bearer"
    registry.push("acme/vllm", "v1", "one")
    memory = Memory()
    assert newest(registry, memory) == newest(registry, memory)
    assert registry.unchanged == 1


def test_the_memory_forgets_what_was_asked_for_the_longest_ago() -> None:
    memory = Memory(most_bytes=25)
    for url in "abc":
        memory.keep(url, Answer(200, {"etag": url}, (), b"x" * 10))
        memory.of("a")
    assert memory.of("b") is None
    assert memory.of("a")
    assert memory.of("c")
    for _ in range(9):
        memory.keep("c", Answer(200, {"etag": "c"}, (), b"x" * 10))
    assert memory.of("a")
    memory.keep("c", Answer(200, {}, (), b"x"))
    assert memory.of("c") is None
