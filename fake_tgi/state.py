"""Everything that one fake owns, assembled: two fakes in one process never meet.

Nothing here decides anything. `use()` changes settings while the fake runs; `clear()` brings it back to how
it started.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from .answering import Ids, Unscripted, is_drawn, shards_for
from .changing import TIMING, changed
from .clock import clock_of
from .cors import Cors
from .health import Health
from .infer import Infer
from .journal import Journal
from .limits import Permits
from .metrics import Metrics
from .model import Model
from .requests import GrammarType
from .scenarios import Scenarios
from .seeds import SeedSource
from .settings import Settings
from .shard import Grammar, Shard, ShardRequest
from .shards.recorded import RecordedAnswers
from .shards.scripted import GenerationQueue
from .shards.seeded import SeededShard
from .shipped import DATA
from .stubs.stub_map import StubMap
from .tokenizer import Tokenizer
from .validation import Limits, Validator

if TYPE_CHECKING:
    from .call import Call
    from .delays import Delays
    from .faults import Faults
    from .frames import Frame
    from .generation import Generation
    from .journal import ServeEvent
    from .recordings.beyond import Beyond
    from .recordings.replay import Replay
    from .stubs.stub_file import StubFile
    from .templates import ChatTemplate
    from .vision.sight import Sight
    from .workers.memory import SharedMemory

__all__ = ["State"]


class State:
    """One fake's settings, model, guards and books.

    `tokenizer`, `shard` and `clock` (seconds, monotonic) replace the ones that the settings name. `like` is
    a fake that was started with the same ones, whose files need not be read again; `memory` is what it counts
    in together with fakes of other processes.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        tokenizer: Tokenizer | None = None,
        shard: Shard | None = None,
        clock: Callable[[], float] | None = None,
        like: State | None = None,
        memory: SharedMemory | None = None,
    ) -> None:
        self.settings = self.started = settings
        self._memory = memory
        self._touched = False
        self._simple: bool | None = None
        self._unscripted: dict[str, Unscripted] = {}
        self.clock = clock = clock or clock_of(settings.clock, settings.speedup)
        self._folder = settings.model_folder
        self.tokenizer = tokenizer or Tokenizer.load(self._folder)
        self.compute_type = os.environ.get("COMPUTE_TYPE", "gpu+optimized").encode()
        self.metrics = Metrics(settings.max_input_tokens, settings.max_total_tokens)
        self.journal = Journal(clock=clock)
        self.metrics.produced = self.journal.produced
        self.queue = GenerationQueue()
        self.scenarios = Scenarios()
        file = _stub_file(settings) if like is None else like.stubs.file
        self.stubs: StubMap = StubMap(self.tokenizer, self.scenarios, file)
        self._seeds = SeedSource(settings.seed, memory.seeds if memory is not None else None)
        self._shard = shard
        self._recorded = RecordedAnswers(self.tokenizer)
        self.replay = self._replayed = _replay(settings, self.tokenizer, like)
        self.model = Model(self.queue, self._find_recorded, *self._shards(settings))
        self.health = Health(self.model.well, self.model.alive)
        self.permits = memory.permits if memory is not None else Permits(settings.max_concurrent_requests)
        self.infer = Infer(
            self.model,
            Validator(
                _limits(settings),
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
        self.infer.delays = self._delays(settings)
        self.infer.sight = _sight(settings)
        self.drawn = is_drawn(settings)
        """Whether unscripted answers have ids."""
        self.told: Callable[[str], None] = like.told if like is not None else _nobody
        """Is told, in a line for the user, the id of each answer that has one."""
        self.beyond: Beyond | None = like.beyond if like is not None else None
        """The real server that stands behind a replay."""
        self.struck: Callable[[str], None] = _nobody
        """Is told of each fault of a stub that strikes the call that is being answered, in words."""
        self._faults = self._planned() if settings.fault or settings.allow_fault_header else None
        self._template = cache(self._read_template)  # one for all that are copied from this state
        self.cors = Cors(settings.cors_allow_origin)
        self.api_key = f"bearer {settings.api_key}".lower() if settings.api_key is not None else None

    def another(self) -> State:
        """A fake of its own that was started as this one was: what files hold is read once for both."""
        return State(self.started, tokenizer=self.tokenizer, shard=self._shard, clock=self.clock, like=self)

    def use(self, settings: Settings) -> None:
        """Goes on with other settings, for calls that come from now on.

        Only those that fake_tgi/changing.py lists may differ. Another seed starts the counts of faults and
        of repeated requests anew. Raises SettingsError, and has then changed nothing.
        """
        names = changed(self.settings, settings)
        delays = self._delays(settings) if names & TIMING else self.infer.delays
        self.settings, self._touched, self._simple = settings, True, None
        self.infer.delays = delays
        self.infer.validator.limits = _limits(settings)
        self.permits.resize(settings.max_concurrent_requests)
        if "seed" in names:
            self._seeds.reseed(settings.seed)
            if self._faults is not None:
                self._faults.plan = replace(self._faults.plan, seed=settings.seed)
        if names & {"answers", "ignore_eos", "seed"}:
            self.answer()

    def play(self, replay: Replay | None) -> None:
        """Answers from other recordings, or none, from now on; `clear` brings back those of the start."""
        self.replay, self._simple = replay, None
        self.answer()

    def answer(self) -> None:
        """Puts the shards behind the router that settings and recordings ask for."""
        self._touched, self._simple = True, None
        self._unscripted = {}
        self.drawn = is_drawn(self.settings)
        self.model.answer_with(*self._shards(self.settings))

    def unscripted(self, answers: str) -> Unscripted:
        """What says the `answers` of this kind, or the one with this id, as if nobody had scripted any."""
        found = self._unscripted.get(answers)
        if found is None:
            settings = replace(self.settings, answers=answers)
            found = self._unscripted[answers] = Unscripted(settings, self.tokenizer)
        return found

    def _shards(self, settings: Settings) -> tuple[Shard, Callable[[], Shard]]:
        shard = self._shard
        if self.replay is not None and self.replay.on_miss != "seeded":
            from .recordings.generations import Unrecorded  # whoever replays has it already

            shard = Unrecorded()
        return shards_for(settings, self.tokenizer) if shard is None else (shard, lambda: shard)

    def _find_recorded(self, request: ShardRequest) -> Generation | None:
        if self.replay is not None:
            found = self.replay.generations.find(request)
            if found is not None or self.replay.on_miss != "seeded":
                return found
        return self._recorded.find(request) if self.settings.answers == "seeded" else None

    @property
    def plain(self) -> bool:
        """Whether nothing stands between a call and the model, makes it wait, or goes wrong."""
        simple = self._simple
        if simple is None:  # what is said at the start, or by settings that change
            simple = self._simple = (
                self.infer.sight is None
                and self.api_key is None
                and not self.settings.strict
                and not self.drawn
                and self.replay is None
                and self._faults is None
            )
        infer = self.infer
        return (
            simple
            and self.stubs.idle
            and infer.delays is None
            and infer.shard is self.model
            and self.permits.free > 0
        )

    def plain_shard(self, inputs: str) -> SeededShard | None:
        """What answers this prompt at once and without fail; None where that cannot be promised."""
        shard = self.model.fallback()
        return shard if type(shard) is SeededShard and inputs not in self._recorded.tokens else None

    @property
    def template(self) -> ChatTemplate | None:
        """The model's chat template; None where it has none. Read when first asked for."""
        return self._template()

    def _read_template(self) -> ChatTemplate | None:
        from .templates import load_chat_template  # the engine is imported by what answers chats

        config = self.settings.tokenizer_config_path
        return load_chat_template(
            self._folder or DATA,
            Path(config) if config is not None else None,
        )

    def answered_by(self, shard: Shard) -> State:
        """This state, but with `shard` behind the router: limits, health and books stay shared."""
        return self.inferring(self.infer.over(shard))

    def inferring(self, infer: Infer) -> State:
        """This state, but with another infer layer."""
        other = copy(self)
        other.infer, other._simple = infer, None
        return other

    def telling(self, call: Call, event: ServeEvent) -> State:
        """This state, but the ids of drawn answers go into `event` and to the user, a stub's faults too."""
        infer = self.infer.over(self.model.of_call() if self.drawn else self.infer.shard)
        infer.told = Ids(call, event, self.told)
        other = self.inferring(infer)
        other.struck = event.strike
        return other

    @property
    def ordered(self) -> bool:
        """Whether answers may follow from the order of all calls, and not from each call alone."""
        return (
            self.stubs.ordered
            or len(self.queue) > 0
            or self.replay is not None
            or (self._faults is not None and self._faults.ordered)
            or self.settings.simulate_batching
        )

    @property
    def faults(self) -> Faults:
        """What goes wrong; nothing, unless somebody has said so. Made when it is first asked for."""
        if self._faults is None:
            self._faults, self._simple = self._planned(), None
        return self._faults

    def with_faults(
        self, call: Call, frames: Iterator[Frame], tell: Callable[[str], None]
    ) -> Iterator[Frame]:
        """`frames` as they are to be played; `tell` learns of each fault that strikes, in words."""
        return frames if self._faults is None else self._faults.apply(call, frames, tell)

    def _planned(self) -> Faults:
        from .fault_plans import FaultPlan  # costs start-up time that only faults need to pay
        from .faults import Faults, rules_of

        made = Faults(
            FaultPlan(rules_of(self.started.fault), self.started.seed),
            self.clock,
            self.permits,
            model_id=self.settings.model_id,
            by_header=self.settings.allow_fault_header,
            tally=self._memory.chances if self._memory is not None else None,
        )
        if self.settings.seed != self.started.seed:
            made.plan = replace(made.plan, seed=self.settings.seed)
        return made

    def waiting(self) -> tuple[int, int]:
        """How many generations wait for a simulated batch, and the tokens that they may take up in it."""
        scheduler = self.infer.delays.scheduler if self.infer.delays is not None else None
        if scheduler is None:
            return 0, 0
        scheduler.advance(self.clock())
        return scheduler.queued, scheduler.queued_tokens

    def _delays(self, settings: Settings) -> Delays | None:
        if not settings.timed:
            return None
        from .delays import configured  # costs start-up time that only timed answers need to pay

        delays = configured(settings)
        if delays is not None and delays.scheduler is not None:
            delays.scheduler.told = self.metrics.step
        return delays

    def unix_time(self) -> int:
        """What answers carry as `created`, in whole seconds since 1970."""
        return int(time.time())

    def clear(self) -> None:
        """Forgets everything that calls and controls have changed."""
        if self._replayed is not None:
            self._replayed.clear()
        if self._touched:
            self.replay, self._simple = self._replayed, None
            self.use(self.started)
            self.answer()
            self._touched = False
        self.model.clear()
        if self._faults is not None:
            self._faults.clear()
        self.health.flag = True
        self.metrics.clear()
        self.journal.clear()
        self._seeds.clear()
        self.stubs.clear()
        self.scenarios.clear()
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


def _replay(settings: Settings, tokenizer: Tokenizer, like: State | None) -> Replay | None:
    if like is not None:
        return like._replayed.again() if like._replayed is not None else None
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


def _nobody(line: str) -> None:
    pass


def _limits(settings: Settings) -> Limits:
    return Limits(
        max_best_of=settings.max_best_of,
        max_stop_sequences=settings.max_stop_sequences,
        max_top_n_tokens=settings.max_top_n_tokens,
        max_input_tokens=settings.max_input_tokens,
        max_total_tokens=settings.max_total_tokens,
    )
