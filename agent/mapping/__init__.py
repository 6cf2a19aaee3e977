"""The mapping: rows of any source → Records, Events or Rejects, by the keys of sources.yaml. Pure."""

from __future__ import annotations

from agent.mapping.mapper import Mapper
from agent.mapping.personal import MASK, looks_personal
from agent.mapping.spec import MappingSpec, columns, mapping_hash

__all__ = ["MASK", "Mapper", "MappingSpec", "columns", "looks_personal", "mapping_hash"]
