"""Weights of feed-forward layers: plain, gated, and mixtures of experts."""

from typing import NamedTuple

from replanner.planning.facts import Shard
from replanner.planning.modules.pieces import COLUMN, REPLICATED, ROW, Piece, linear


class Dense(NamedTuple):
    """One feed-forward layer; gated ones have two input projections."""

    width: int
    gated: bool = True
    bias: bool = False
    name: str = "mlp"
    divided: bool = True

    def pieces(self, hidden: int) -> list[Piece]:
        pieces: list[Piece] = []
        into, out = (COLUMN, ROW) if self.divided else (REPLICATED, REPLICATED)
        for name in _inputs(gated=self.gated):
            pieces += linear(
                f"{self.name}.{name}",
                "mlp",
                size=(self.width, hidden),
                split=into,
                bias=self.bias,
            )
        down = f"{self.name}.down_proj"
        return pieces + linear(down, "mlp", size=(hidden, self.width), split=out, bias=self.bias)


class Experts(NamedTuple):
    """A mixture: a router, routed experts of one width, and shared ones as a dense layer."""

    total: int
    used: int
    width: int
    gated: bool = True
    bias: bool = False
    router_bias: bool = False
    router_bytes: int = 0
    shared: Dense | None = None
    shared_gate: bool = False
    latent: int = 0  # experts work in a smaller space than the layer
    latent_norm: bool = False
    scales: bool = False  # Gemma 4 scales the router's input and each expert
    name: str = "mlp"

    @property
    def active_share(self) -> float:
        return min(1.0, self.used / self.total)

    def pieces(self, hidden: int) -> list[Piece]:
        pieces = self._router(hidden) + self._latent(hidden)
        inside = self.latent or hidden
        for name in _inputs(gated=self.gated):
            pieces += self._expert(name, self.width, inside)
        pieces += self._expert("down_proj", inside, self.width)
        if self.shared is not None:
            pieces += self.shared.pieces(hidden)
        if self.shared_gate:
            pieces.append(Piece(f"{self.name}.shared_expert_gate", "router", 1, hidden))
        return pieces

    def _router(self, hidden: int) -> list[Piece]:
        at, wide = f"{self.name}.gate", self.router_bytes
        weight = Piece(at, "router", self.total, hidden, element_bytes=wide)
        bias = Piece(f"{at}.bias", "router", self.total, element_bytes=wide)
        scales = Piece(f"{at}.scales", "router", hidden + self.total)
        chosen = [weight, *([bias] if self.router_bias else [])]
        return [*chosen, scales] if self.scales else chosen

    def _latent(self, hidden: int) -> list[Piece]:
        if not self.latent:
            return []
        down, up = (self.latent, hidden), (hidden, self.latent)
        return [  # left in the model's dtype by every known checkpoint
            Piece(f"{self.name}.fc1_latent_proj", "mlp", *down),
            Piece(f"{self.name}.fc2_latent_proj", "mlp", *up),
            *([Piece(f"{self.name}.latent_norm", "norm", self.latent)] if self.latent_norm else []),
        ]

    def _expert(self, name: str, rows: int, cols: int) -> list[Piece]:
        """One projection of every routed expert; they are divided like a dense layer's."""
        at, out = f"{self.name}.experts.0.{name}", name == "down_proj"
        share, count = self.active_share, self.total
        weight = Piece(
            at,
            "experts",
            rows,
            cols,
            "row" if out else "column",
            experts=count,
            quantizable=True,
            active_share=share,
        )
        kept: Shard = "replicated" if out else "column"
        bias = Piece(f"{at}.bias", "experts", rows, 1, kept, experts=count, active_share=share)
        return [weight, bias] if self.bias else [weight]


def _inputs(*, gated: bool) -> tuple[str, ...]:
    return ("gate_proj", "up_proj") if gated else ("up_proj",)
