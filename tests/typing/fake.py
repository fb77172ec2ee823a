"""What a type checker makes of programs that start a fake. Checked by mypy, never run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from typing_extensions import assert_type

from fake_tgi.answers import Answers, answers_of
from fake_tgi.app import Application, create_app
from fake_tgi.cli import main
from fake_tgi.config_file import read_config
from fake_tgi.generation import Generation, Token
from fake_tgi.listening import CannotListen
from fake_tgi.server import Server, run
from fake_tgi.settings import Settings, SettingsError
from fake_tgi.shard import Shard, ShardRequest
from fake_tgi.state import State
from fake_tgi.tokenizer import Tokenizer


class OneWord:
    """What a user plugs in need only have the shape of a Shard."""

    def generate(self, request: ShardRequest) -> Generation:
        return Generation((Token(1, "yes", -0.1),), "yes", "length", request.input_length)

    def slow(self, request: ShardRequest) -> bool:
        return False


def a_server_in_a_thread(shard: Shard) -> None:
    app = create_app(Settings(max_best_of=1, cors_allow_origin=("http://a.test",)), shard=shard)
    assert_type(app, Application)
    with Server(app, "127.0.0.1", port=0) as server:
        assert_type(server, Server)
        assert_type(server.base_url, str)
        assert_type(server.port, int)
    assert_type(Server(create_app()).start(), Server)
    server.stop(grace=1.5)


a_server_in_a_thread(OneWord())


def a_server_in_the_foreground() -> None:
    try:
        status = run(create_app(), "127.0.0.1", 0, grace=90, started=lambda url: None)
    except (CannotListen, SettingsError) as error:
        assert_type(str(error), str)
    else:
        assert_type(status, int)
    assert_type(main(["--port", "0"]), int)


def settings_are_complete() -> None:
    settings = Settings(model_id="a/b")
    assert_type(settings.max_input_tokens, int)
    assert_type(settings.api_key, str | None)
    assert_type(settings.model_folder, Path | None)


def a_tokenizer() -> None:
    tokenizer = Tokenizer.load(Path("model"))
    assert_type(tokenizer.encode("text"), list[int])
    assert_type(tokenizer.count("text"), int)


def what_runs_is_changed() -> None:
    state = create_app(Settings(answers="echo")).state
    assert_type(state.use(replace(state.settings, seed=7)), None)
    assert_type(state.another(), State)
    state.play(None)
    state.told = print
    assert_type(answers_of("hypothesis:5"), Answers)
    assert_type(read_config("fake.yaml"), dict[str, Any])
