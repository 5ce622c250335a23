"""Decides how fast a configuration will be: a steady state of continuous batching on a roofline.

Every engine step serves the running sequences and the prompts of those that just arrived. What a
step costs is `roofline`'s; the constants and their errors are `speed_table`'s.
"""

import math
from typing import NamedTuple

from replanner.planning.facts import ModelFacts
from replanner.planning.feasibility import kv_dtype_of, parallel_of
from replanner.planning.hardware import Gpu
from replanner.planning.request import Workload
from replanner.planning.result import EngineConfig, Feasibility, Performance, Range
from replanner.planning.roofline import Roofline, cached_bytes, cost_of, machine_of
from replanner.planning.speed_table import speeds_for

# A queue is foreseen only where the KV pool is short by more than the memory model's own error.
_POOL_TOLERANCE = 0.03
# vLLM captures graphs up to this many tokens (`config/vllm.py`, max_cudagraph_capture_size).
_LARGEST_GRAPH = 512

_ASSUMPTIONS = (
    "ITL is the mean time per output token after the first, other requests' prefills included.",
    "Decode tokens per second are the whole system's output over all of its time, prefills too.",
    "All requests have the workload's mean lengths, replaced once done; no prefix is cached.",
)
_POOLING = (
    "A pooling model generates nothing: its vector counts as one token, and ITL is the time of"
    " the step that computes it."
)
_SPECULATIVE = "Speculative decoding: no speed-up is counted; acceptance depends on the traffic."
_QUEUE = "The KV cache or max_num_seqs holds {running:.0f} of {asked:.0f} requests; the others wait"
_NO_START = "It does not start as planned; the figures are those of the GPUs if it did."


class Load(NamedTuple):
    """The traffic of one data-parallel replica; `limit` is how many requests can run at once."""

    prompt: float
    output: float
    concurrency: float
    limit: float
    token_budget: float

    @property
    def running(self) -> float:
        return max(1.0, min(self.concurrency, self.limit))

    @property
    def chunks(self) -> float:
        """Steps that a prompt takes (a share of one where several go together counts as one)."""
        return max(1.0, self.prompt / self.token_budget)


class Times(NamedTuple):
    """Seconds, of one replica. `wait` is the part of `ttft` spent waiting to be admitted."""

    itl: float
    ttft: float
    wait: float
    prefill: float
    tokens_per_s: float


def estimate(
    facts: ModelFacts,
    config: EngineConfig,
    *,
    gpu: Gpu,
    workload: Workload,
    feasibility: Feasibility,
) -> Performance:
    """Rates and times at the workload's lengths and concurrency."""
    roofline = roofline_of(facts, config, gpu)
    load = load_of(roofline, config, workload, feasibility)
    if facts.pooling:
        load = load._replace(output=1.0)
    times = pooling_times(roofline, load) if facts.pooling else times_of(roofline, load)
    notes = _notes(facts, config, load, feasibility)
    return _performance(times, roofline, load, notes)


def roofline_of(facts: ModelFacts, config: EngineConfig, gpu: Gpu) -> Roofline:
    parallel = parallel_of(config)
    return Roofline(
        cost=cost_of(facts, parallel, kv_dtype_of(config, facts)),
        machine=machine_of(facts, parallel, gpu, eager=config.enforce_eager),
        speeds=speeds_for(gpu, config.vllm_version),
    )


def load_of(
    roofline: Roofline, config: EngineConfig, workload: Workload, feasibility: Feasibility
) -> Load:
    """The share of the traffic that one replica serves, and what it can run at once."""
    prompt, output = max(1, workload.prompt_tokens), max(1, workload.gen_tokens)
    concurrency = max(1.0, workload.concurrency / config.data_parallel_size)
    held = _held(roofline, feasibility, prompt, output, math.ceil(concurrency))
    return Load(
        prompt=float(prompt),
        output=float(output),
        concurrency=concurrency,
        limit=min(float(config.max_num_seqs), held),
        token_budget=float(max(1, config.max_num_batched_tokens)),
    )


def _held(
    roofline: Roofline, feasibility: Feasibility, prompt: int, output: int, requests: int
) -> float:
    """Requests of this traffic that the KV pool holds; they are half generated on average."""
    needed = feasibility.workload_kv_bytes
    if not needed or not feasibility.starts:
        return math.inf
    tensor = roofline.machine.parallel.tensor
    full = cached_bytes(roofline.cost, prompt + output, tensor)
    mean = cached_bytes(roofline.cost, prompt + output / 2, tensor)
    each = needed / requests * (mean / full if full else 1.0)
    memory = feasibility.memory
    pool = max(0, memory.kv_cache_bytes) + _POOL_TOLERANCE * memory.budget_bytes
    return pool / each


def times_of(roofline: Roofline, load: Load) -> Times:
    """A closed loop: each request's output is generated beside the others' prefills."""
    running, stages = load.running, roofline.machine.parallel.pipeline
    batch = max(1.0, running / stages)  # stages work on different sequences at the same time
    step = roofline.step(batch, load.prompt + load.output / 2)
    itl = step + _others_prefills(roofline, load, batch)
    prefill = roofline.prefill(load.prompt, load.chunks)
    first = _first_token(roofline, load, step=step, prefill=prefill)
    service = first + itl * (load.output - 1)
    wait = (max(load.concurrency, running) - running) / running * service
    return Times(itl, first + wait, wait, prefill, running * load.output / service)


def _others_prefills(roofline: Roofline, load: Load, batch: float) -> float:
    """What prompts add to the mean step: computation, and in mixed steps slower launches."""
    prompts_per_step = (load.running - 1) / load.output
    mixed = min(1.0, prompts_per_step * load.chunks)
    slower = roofline.shared.mixed_step * roofline.fixed()
    further = roofline.untouched(batch, load.prompt)
    return prompts_per_step * roofline.prompt(load.prompt) + mixed * (slower + further)


def _first_token(roofline: Roofline, load: Load, *, step: float, prefill: float) -> float:
    shared = roofline.shared
    uncaptured = roofline.cost.layers * shared.first_layer_us * 1e-6
    base = shared.first_ms * 1e-3 + (uncaptured if load.prompt > _LARGEST_GRAPH else 0.0)
    own = shared.first_prefill * prefill + shared.first_step * step
    others = shared.queue * math.pow(load.running - 1, shared.queue_power)
    return base + own * (1 + others)


def pooling_times(roofline: Roofline, load: Load) -> Times:
    """Forward passes over as many prompts as the token budget holds, one after the other."""
    together = max(1.0, min(load.running, load.token_budget / load.prompt))
    step = roofline.prefill(together * load.prompt, load.chunks)
    turns = max(load.concurrency, together) / together
    first = roofline.shared.first_ms * 1e-3 + step * turns
    rate = max(load.concurrency, together) / first
    return Times(step, first, step * (turns - 1), step / together, rate)


def _notes(
    facts: ModelFacts, config: EngineConfig, load: Load, feasibility: Feasibility
) -> tuple[str, ...]:
    queue = _QUEUE.format(running=load.running, asked=load.concurrency)
    told = (
        (facts.pooling, _POOLING),
        (config.speculative is not None, _SPECULATIVE),
        (load.running < load.concurrency, f"{queue}, which the best ends of the ranges omit."),
        (not feasibility.starts, _NO_START),
    )
    return (*_ASSUMPTIONS, *(text for applies, text in told if applies))


def _performance(
    times: Times, roofline: Roofline, load: Load, notes: tuple[str, ...]
) -> Performance:
    speeds, replicas, output = roofline.speeds, roofline.machine.parallel.data, load.output
    lasts = times.ttft + (output - 1) * times.itl
    ttft = _range(times.ttft * 1e3, speeds.ttft_error)
    request = _range(output / lasts, speeds.error)
    # whether there is a queue at all is uncertain, so the better ends leave it out
    unqueued_ms = (times.ttft - times.wait) * 1e3 / (1 + speeds.ttft_error)
    unqueued_rate = output / (lasts - times.wait) * (1 + speeds.error)
    return Performance(
        decode_tokens_per_s=_range(replicas * times.tokens_per_s, speeds.error),
        request_tokens_per_s=Range(request.low, request.expected, max(request.high, unqueued_rate)),
        prefill_tokens_per_s=_range(load.prompt / times.prefill, speeds.ttft_error),
        ttft_ms=Range(min(ttft.low, unqueued_ms), ttft.expected, ttft.high),
        itl_ms=_range(times.itl * 1e3, speeds.error),
        assumptions=(speeds.basis, *notes),
    )


def _range(expected: float, error: float) -> Range:
    """Symmetric in the ratio: an error of 0.25 is from 1/1.25 to 1.25 times the expected."""
    return Range(low=expected / (1 + error), expected=expected, high=expected * (1 + error))
