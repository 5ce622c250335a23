"""Which GPU is judged, and where the line between its verdicts runs."""

from deployments import planned


def test_the_fullest_stage_of_a_pipeline_is_judged() -> None:
    """80 layers over 3 stages are 27, 27 and 26 (vllm/distributed/utils.py, get_pp_indices).

    Llama 2 70B has 855,654,400 parameters a layer; the first stage also holds the embedding.
    """
    got = planned("llama-70b", hardware__gpus=3, hardware__pp_size=3)
    assert got.feasibility.memory.weights_bytes == 2 * (27 * 855_654_400 + 32_000 * 8_192)
