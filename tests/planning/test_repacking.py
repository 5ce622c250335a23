"""What kernels add to the weights, held against figures that servers printed."""

import pytest
from configs import LLAMA_3_1_8B
from known_models import config

from replanner.planning.facts import Parallel
from replanner.planning.model_facts import model_facts
from replanner.planning.repacking import absorbed_bytes, repacked_bytes
from replanner.planning.units import GIB
from replanner.planning.weights import shard_weights

GPT_OSS = model_facts(config("openai__gpt-oss-20b"))
DEEPSEEK = model_facts(config("deepseek-ai__DeepSeek-V3"))
LLAMA = model_facts(LLAMA_3_1_8B)
ONE = Parallel()


def test_gpt_oss_grows_on_hopper_by_the_padding_of_what_is_summed() -> None:
    """0.11.0 on H100 printed 13.47 GiB for 12.82 GiB of parameters: 2,880 is padded to 3,072."""
    loaded = shard_weights(GPT_OSS, ONE)[0].total_bytes + repacked_bytes(GPT_OSS, ONE, 9)
    assert loaded / GIB == pytest.approx(13.47, rel=0.005)


def test_marlin_pads_both_dimensions() -> None:
    """2,880 to 2,944 and to 3,072: 9 % more."""
    before = shard_weights(GPT_OSS, ONE)[0].expert_bytes
    assert repacked_bytes(GPT_OSS, ONE, 8) / before == pytest.approx(0.09, abs=0.005)
    assert repacked_bytes(GPT_OSS, ONE, 12) == repacked_bytes(GPT_OSS, ONE, 8)


def test_datacentre_blackwell_pads_both_to_256() -> None:
    before = shard_weights(GPT_OSS, ONE)[0].expert_bytes
    assert repacked_bytes(GPT_OSS, ONE, 10) / before == pytest.approx(0.137, abs=0.005)


def test_ranks_share_the_padding() -> None:
    pair = repacked_bytes(GPT_OSS, Parallel(pipeline=2), 8)
    assert pair == pytest.approx(repacked_bytes(GPT_OSS, ONE, 8) / 2, rel=0.01)


def test_other_weights_stay_as_they_are() -> None:
    assert repacked_bytes(LLAMA, ONE, 9) == 0
    assert repacked_bytes(DEEPSEEK, ONE, 9) == 0


def test_latent_attention_of_0_7_keeps_products_of_its_projections() -> None:
    """DeepSeek R1, 0.7.3, eight H200: 83.88 GiB loaded where the parameters are 79.29 GiB."""
    eight = Parallel(tensor=8)
    loaded = shard_weights(DEEPSEEK, eight)[0].total_bytes + absorbed_bytes(
        DEEPSEEK, eight, "0.7.3"
    )
    assert loaded / GIB == pytest.approx(83.88, rel=0.01)


@pytest.mark.parametrize("version", ["0.7.0", "0.8.0", "0.33.0"])
def test_other_releases_do_not(version: str) -> None:
    assert absorbed_bytes(DEEPSEEK, ONE, version) == 0


def test_models_without_latents_have_nothing_to_absorb() -> None:
    assert absorbed_bytes(LLAMA, ONE, "0.7.3") == 0
