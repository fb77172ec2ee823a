"""The command line of `serve` and the environment become Settings, as clap reads them for TGI.

A flag wins over its variable, which is then not even read, and both over the file of `--config`. Nothing may
be abbreviated or given twice. What TGI takes and a fake has no use for is read, checked and named in one
notice. What settings say of themselves is told of the flag, the variable or the file that said it. No I/O but
for `--help` and that file.
"""

from __future__ import annotations

import argparse
import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, field, fields
from pathlib import Path
from typing import Any, Final, NoReturn

from .flags import FLAGS, Flag, Group, refused, switch
from .mistakes import Mistake
from .quick_values import dataclass
from .settings import UNSET, Settings, SettingsError

__all__ = ["Arguments", "UsageError", "read_arguments"]

_BY_NAME: Final[Mapping[str, Flag]] = {flag.name: flag for flag in FLAGS}
_ANY_ADDRESS: Final = "0.0.0.0"  # noqa: S104  what TGI listens on when the name is no address
_TITLES: Final[dict[Group, str]] = {
    "server": "server",
    "limits": "limits, as TGI's router has them",
    "model": "model",
    "fake": "the fake's own",
}


class UsageError(Mistake, ValueError):
    """The command line or a variable cannot be read. One line: what was expected and what came."""

    exit_status = 2


@dataclass(frozen=True, slots=True)
class Arguments:
    """What to serve with, and the lines to tell the user first."""

    settings: Settings
    notices: tuple[str, ...]
    spelled: Mapping[str, str] = field(default_factory=dict)
    """By names of settings: the flag, variable or place in a file that said them."""

    def retold(self, error: str) -> str:
        """What an error says, with the names that the user gave to settings."""
        return _retold(error, self.spelled)


def read_arguments(arguments: Sequence[str], environment: Mapping[str, str]) -> Arguments:
    """Reads the words after `fake-tgi serve`. Raises UsageError, ConfigFileError, SettingsError, and
    SystemExit on --help.
    """
    given = _from_command_line(arguments)
    values = _from_environment(environment, given) | given
    spelled = {name: _BY_NAME[name].long if name in given else _BY_NAME[name].variable for name in values}
    noticed = [flag.name for flag in FLAGS if flag.environment == "noticed" and _says(environment, flag)]
    spelled = {name: _BY_NAME[name].variable for name in noticed} | spelled
    if (config := values.pop("config", None)) is not None:
        from .config_file import read_config  # only who gives one pays for it

        filed = read_config(config)
        spelled = {name: f"{name} in {config}" for name in filed} | spelled
        values = filed | values
    if values.pop("ngrok", False):
        raise UsageError("--ngrok: TGI's router stops when it is given, so the fake does; leave it out")
    _merge_old_name(values, spelled)
    notices = [*_hostname(values, "hostname" in given), *_misspelt(environment), *_idle(values, spelled)]
    known = {each.name for each in fields(Settings) if each.init}
    try:
        settings = Settings(**{name: value for name, value in values.items() if name in known})
    except SettingsError as error:
        raise SettingsError(_retold(str(error), spelled)) from None
    notices += [*_embedded(settings, values), *_no_config(settings, spelled)]
    return Arguments(settings, tuple(notices), spelled)


def _from_command_line(arguments: Sequence[str]) -> dict[str, Any]:
    found, rest = _parser().parse_known_args(list(arguments))
    if rest:
        raise UsageError(_unexpected(rest))
    return {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in vars(found).items()
        if value is not None
    }


def _from_environment(environment: Mapping[str, str], given: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for flag in FLAGS:
        written = environment.get(flag.variable)
        if written is None or flag.environment != "read" or flag.name in given:
            continue
        try:
            value = (flag.read or switch)(written)
        except ValueError as error:
            raise UsageError(f"{flag.variable}: {refused(error, written)}") from None
        values[flag.name] = (value,) if flag.repeats else value
    return values


def _says(environment: Mapping[str, str], flag: Flag) -> bool:
    """Whether a variable that is not read is there and asks for anything."""
    return environment.get(flag.variable, "") not in ("", "false")


def _merge_old_name(values: dict[str, Any], spelled: dict[str, str]) -> None:
    old = values.pop("max_input_length", None)
    if old is None:
        return
    said = spelled.pop("max_input_length")
    if "max_input_tokens" in values:
        raise UsageError(
            f"{said} ({old}) is the old name of {spelled['max_input_tokens']} "
            f"({values['max_input_tokens']}); give one of them"
        )
    values["max_input_tokens"] = old
    spelled["max_input_tokens"] = said


def _hostname(values: dict[str, Any], typed: bool) -> list[str]:
    """A name that is no address becomes 0.0.0.0, as in TGI; but `localhost` is not opened to everyone.

    Only a typed name is worth a notice: container engines set HOSTNAME to the container's own.
    """
    name = values.get("hostname")
    if name is None:
        return []
    try:
        ipaddress.ip_address(name)
    except ValueError:
        values["hostname"] = "127.0.0.1" if name == "localhost" else _ANY_ADDRESS
        if typed and name != "localhost":
            return [f"--hostname {name} is not an IP address: listening on {_ANY_ADDRESS}, as TGI does"]
    return []


def _idle(values: Mapping[str, Any], spelled: Mapping[str, str]) -> list[str]:
    """What was said for nothing, but for a switch that was left off."""
    names = [
        spelled[flag.name]
        for flag in FLAGS
        if flag.group == "no effect" and flag.name in spelled and values.get(flag.name) not in (False, "")
    ]
    return [f"no effect on a fake: {', '.join(names)}"] if names else []


def _misspelt(environment: Mapping[str, str]) -> list[str]:
    """Variables with our prefix that are nearly one of ours: nobody else reads them either."""
    ours = {flag.variable for flag in FLAGS if flag.group == "fake"}
    found = []
    for name in environment:
        if name.startswith("FAKE_TGI_") and name not in ours:
            from difflib import get_close_matches  # only a mistake pays for it

            found += [
                f"{name} is not read: did you mean {near}?" for near in get_close_matches(name, ours, 1, 0.85)
            ]
    return found


def _retold(error: str, spelled: Mapping[str, str]) -> str:
    """What an error says of settings, of what the user gave; flags stand for what nobody gave."""

    def named(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        return spelled.get(name) or (_BY_NAME[name].long if name in _BY_NAME else found[0])

    return re.sub(r"`(\w+)`|^(\w+)(?=: )", named, error)


def _embedded(settings: Settings, values: Mapping[str, Any]) -> list[str]:
    name = values.get("tokenizer_name") or values.get("model_id")
    if settings.model_folder is not None or not name:
        return []
    return [f"{name} is not a folder here: using the embedded tokenizer (nothing is downloaded)"]


def _no_config(settings: Settings, spelled: Mapping[str, str]) -> list[str]:
    """TGI's router goes on without that file, and then without a chat template."""
    path = settings.tokenizer_config_path
    if path is None or Path(path).is_file():
        return []
    return [
        f"{spelled['tokenizer_config_path']}: {path} is not a file here: chats have no template, as in TGI"
    ]


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        message = re.sub(r"^argument (--[a-z-]+)(/-\w)?: ", r"\1: ", message)
        raise UsageError(
            message.replace("ignored explicit argument", "takes no value, got").replace(
                "expected one argument", "expected a value"
            )
        )


class _Once(argparse.Action):
    """Stores a value; a second one is an error, as in clap. A switch stores True."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, value: Any, option: Any = None
    ) -> None:
        if getattr(namespace, self.dest) is not None:
            raise argparse.ArgumentError(self, "given more than once")
        setattr(namespace, self.dest, True if self.nargs == 0 else value)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="fake-tgi serve",
        usage="fake-tgi [serve] [flags]",
        description="Answers as Text Generation Inference does, with no model behind it.",
        epilog=_idle_flags(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    groups = {group: parser.add_argument_group(title) for group, title in _TITLES.items()}
    for flag in FLAGS:
        options: dict[str, Any] = {"action": "append" if flag.repeats else _Once, "help": _help(flag)}
        if flag.read is None:
            options["nargs"] = 0
        else:
            options.update(type=_typed(flag), metavar="VALUE")
        names = [flag.long] if flag.short is None else [flag.long, f"-{flag.short}"]
        groups.get(flag.group, parser).add_argument(*names, dest=flag.name, **options)
    return parser


def _idle_flags() -> str:
    import textwrap  # argparse's own wrapping would break the flags at their hyphens

    names = (flag.long for flag in FLAGS if flag.group == "no effect" and flag.name != "ngrok")
    listed = textwrap.fill(
        ", ".join(names), initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False
    )
    return f"accepted without effect, so that TGI's own command lines work:\n{listed}"


def _typed(flag: Flag) -> Any:
    def read(written: str) -> object:
        assert flag.read is not None
        try:
            return flag.read(written)
        except ValueError as error:
            raise argparse.ArgumentTypeError(refused(error, written)) from None

    return read


def _help(flag: Flag) -> str:
    if flag.group == "no effect":
        return argparse.SUPPRESS
    defaults = {each.name: each.default for each in fields(Settings)}
    default = defaults.get(flag.name)
    shown = default not in (None, MISSING, UNSET, "", (), False) and not isinstance(default, bool)
    suffix = f"default {default}, " if shown else ""
    return f"{flag.help} [{suffix}env {flag.variable}]".replace("%", "%%")


def _unexpected(rest: Sequence[str]) -> str:
    import difflib  # only a mistake pays for it

    word = next((word for word in rest if word.startswith("-")), rest[0])
    if not word.startswith("-"):
        return f"unexpected argument {word!r}: fake-tgi serve takes flags only"
    name = word.split("=")[0]
    close = difflib.get_close_matches(name.replace("_", "-"), [flag.long for flag in FLAGS], n=1)
    hint = f"did you mean {close[0]}?" if close else "fake-tgi serve --help lists the flags"
    return f"unknown flag {name}: {hint}"
