"""The listing that stands for the files a cached revision does not hold."""

from pydantic import BaseModel, ConfigDict, Field


class KeptFile(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    path: str
    digest: str
    size: int = Field(ge=0)


class Kept(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    moved_to: str | None = None
    files: list[KeptFile]
