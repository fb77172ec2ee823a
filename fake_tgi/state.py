"""Everything that one fake owns, assembled: two fakes in one process never meet.

Nothing here decides anything. `clear()` brings a fake back to how it started, but for its settings.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from copy import copy
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from .clock import clock_of
from .cors import Cors
from .health import Health
from .infer import Infer
from .journal import Journal
from .limits import Permits
from .metrics import Metrics
from .model import FindRecorded, Model
from .model_folder import find_model_folder
from .requests import GrammarType
from .scenarios import Scenarios
from .settings import Settings
from .shard import Grammar, Shard
from .shards.recorded import RecordedAnswers
from .shards.scripted import GenerationQueue
from .shards.seeded import SeededShard, SeedSource
from .stubs.stub_map import StubMap
from .tokenizer import Tokenizer
from .validation import Limits, Validator

if TYPE_CHECKING:
    from .call import Call
    from .delays import Delays
    from .faults import Faults
    from .frames import Frame
    from .recordings.replay import Replay
    from .stubs.stub_file import StubFile
    from .templates import ChatTemplate
    from .vision.sight import Sight

__all__ = ["State"]


class State:
    """One fake's settings, model, guards and books.

    `tokenizer`, `shard` and `clock` (seconds, monotonic) replace the ones that the settings name.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        tokenizer: Tokenizer | None = None,
        shard: Shard | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock = clock or clock_of(settings.clock, settings.speedup)
        self._folder = find_model_folder(settings.tokenizer_name, settings.model_id)
        self.tokenizer = tokenizer or Tokenizer.load(self._folder)
        self.compute_type = os.environ.get("COMPUTE_TYPE", "gpu+optimized").encode()
        self.metrics = Metrics(settings.max_input_tokens, settings.max_total_tokens)
        self.journal = Journal(clock=clock)
        self.queue = GenerationQueue()
        self.scenarios = Scenarios()
        self.stubs = StubMap(self.tokenizer, self.scenarios, _stub_file(settings))
        self._seeds = SeedSource(settings.seed)
        self.replay = _replay(settings, self.tokenizer)
        recorded: FindRecorded = RecordedAnswers(self.tokenizer).find
        answering = shard
        if self.replay is not None:
            recorded, answering = self.replay.model(recorded, shard)
        self.model = Model(
            self.queue,
            recorded,
            answering or SeededShard(self.tokenizer, settings.seed, ignore_eos=settings.ignore_eos),
            (lambda: answering) if answering is not None else self._obedient,
        )
        self.health = Health(self.model.well, self.model.alive)
        self.permits = Permits(settings.max_concurrent_requests)
        self.infer = Infer(
            self.model,
            Validator(
                Limits(
                    max_best_of=settings.max_best_of,
                    max_stop_sequences=settings.max_stop_sequences,
                    max_top_n_tokens=settings.max_top_n_tokens,
                    max_input_tokens=settings.max_input_tokens,
                    max_total_tokens=settings.max_total_tokens,
                ),
                self.tokenizer,
                grammar=self._compile_grammar,
                draw_seed=self._seeds.draw,
                measured=self.metrics.measured,
            ),
            self.permits,
            self.health,
            self.metrics,
            clock,
        )
        self.infer.delays = _delays(settings)
        self.infer.sight = _sight(settings)
        self._faults = self._planned() if settings.fault or settings.allow_fault_header else None
        self._template = cache(self._read_template)  # one for all that are copied from this state
        self.cors = Cors(settings.cors_allow_origin)
        self.api_key = f"bearer {settings.api_key}".lower() if settings.api_key is not None else None

    @cached_property
    def _grammar_shard(self) -> Shard:
        from .shards.grammar import (
            GrammarShard,  # hypothesis costs time and memory that only grammars need to pay
        )

        return GrammarShard(self.tokenizer, self.settings.seed)

    def _obedient(self) -> Shard:
        return self._grammar_shard

    @property
    def template(self) -> ChatTemplate | None:
        """The model's chat template; None where it has none. Read when first asked for."""
        return self._template()

    def _read_template(self) -> ChatTemplate | None:
        from .templates import load_chat_template  # the engine is imported by what answers chats

        config = self.settings.tokenizer_config_path
        return load_chat_template(
            self._folder or Path(str(files("fake_tgi") / "data")),
            Path(config) if config is not None else None,
        )

    def answered_by(self, shard: Shard) -> State:
        """This state, but with `shard` behind the router: limits, health and books stay shared."""
        return self.inferring(self.infer.over(shard))

    def inferring(self, infer: Infer) -> State:
        """This state, but with another infer layer."""
        other = copy(self)
        other.infer = infer
        return other

    @property
    def faults(self) -> Faults:
        """What goes wrong; nothing, unless somebody has said so. Made when it is first asked for."""
        if self._faults is None:
            self._faults = self._planned()
        return self._faults

    def with_faults(
        self, call: Call, frames: Iterator[Frame], tell: Callable[[str], None]
    ) -> Iterator[Frame]:
        """`frames` as they are to be played; `tell` learns of each fault that strikes, in words."""
        return frames if self._faults is None else self._faults.apply(call, frames, tell)

    def _planned(self) -> Faults:
        from .fault_plans import FaultPlan  # costs start-up time that only faults need to pay
        from .faults import Faults, rules_of

        return Faults(
            FaultPlan(rules_of(self.settings.fault), self.settings.seed),
            self.clock,
            self.permits,
            model_id=self.settings.model_id,
            by_header=self.settings.allow_fault_header,
        )

    def unix_time(self) -> int:
        """What answers carry as `created`, in whole seconds since 1970."""
        return int(time.time())

    def clear(self) -> None:
        """Forgets everything that calls and controls have changed."""
        self.model.clear()
        if self._faults is not None:
            self._faults.clear()
        self.health.flag = True
        self.metrics.clear()
        self.journal.clear()
        self._seeds.clear()
        self.stubs.clear()
        self.scenarios.clear()
        if self.replay is not None:
            self.replay.clear()
        if self.infer.delays is not None:
            self.infer.delays.clear()

    def _compile_grammar(self, grammar: GrammarType) -> Grammar | str:
        from .grammars import (
            compile_grammar,
        )  # JSON Schema costs start-up time that only grammars need to pay

        return compile_grammar(grammar, disabled=self.settings.disable_grammar_support)


def _stub_file(settings: Settings) -> StubFile | None:
    if settings.stubs is None:
        return None
    from .stubs.stub_file import StubFile  # only a file of stubs pays for reading files

    return StubFile(settings.stubs)


def _replay(settings: Settings, tokenizer: Tokenizer) -> Replay | None:
    if settings.replay is None and settings.on_miss == "seeded" and settings.upstream is None:
        return None
    from .recordings.replay import (
        replay_of,  # reading recordings costs start-up time that only a replay need pay
    )

    return replay_of(settings, tokenizer)


def _sight(settings: Settings) -> Sight | None:
    """What loads images for the model in the settings' folder; None for a model that sees none."""
    if settings.model_folder is None:
        return None
    from .vision.models import vision_model

    model = vision_model(settings.model_folder)
    if model is None:
        return None
    from .vision.sight import Sight  # fetching costs start-up time that only models which see need to pay

    return Sight(model, settings.max_image_fetch_size)


def _delays(settings: Settings) -> Delays | None:
    if not settings.timed:
        return None
    from .delays import configured  # costs start-up time that only timed answers need to pay

    return configured(settings)
