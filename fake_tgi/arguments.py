"""The command line of `serve` and the environment become Settings, as clap reads them for TGI.

A flag wins over its variable, which is then not even read, and both over the file of `--config`. Nothing may
be abbreviated or given twice. What TGI takes and a fake has no use for is read, checked and named in one
notice. What settings say of themselves is told of the flag, the variable or the file that said it. No I/O but
for `--help` and that file.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any, Final

from .flags import FLAGS, Flag, refused, switch
from .mistakes import UsageError
from .quick_values import dataclass
from .settings import GIVEN, Settings, SettingsError

__all__ = ["Arguments", "UsageError", "read_arguments"]

_BY_NAME: Final[Mapping[str, Flag]] = {flag.name: flag for flag in FLAGS}
_AS_TYPED: Final[Mapping[str, Flag]] = {flag.long: flag for flag in FLAGS} | {
    f"-{flag.short}": flag for flag in FLAGS if flag.short is not None
}
_ANY_ADDRESS: Final = "0.0.0.0"  # noqa: S104  what TGI listens on when the name is no address


@dataclass(frozen=True, slots=True)
class Arguments:
    """What to serve with, and the lines to tell the user first."""

    settings: Settings
    notices: tuple[str, ...]
    spelled: Mapping[str, str] = field(default_factory=dict)
    """By names of settings: the flag, variable or place in a file that said them."""

    def retold(self, error: str) -> str:
        """What an error says, with the names that the user gave to settings."""
        if self.settings.stubs is not None and error.startswith(f"{Path(self.settings.stubs)}: "):
            error = f"`stubs`: {error}"  # it is about the file as a whole, not about what stands in it
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
        from .config_file import read_lines  # only who gives one pays for it

        filed = read_lines(config)
        spelled = {name: f"{name} ({config}, line {line})" for name, (_, line) in filed.items()} | spelled
        values = {name: value for name, (value, _) in filed.items()} | values
    if values.pop("ngrok", False):
        raise UsageError("--ngrok: TGI's router stops when it is given, so the fake does; leave it out")
    _merge_old_name(values, spelled)
    notices = [*_hostname(values, "hostname" in given), *_misspelt(environment), *_idle(values, spelled)]
    try:
        settings = Settings(**{name: value for name, value in values.items() if name in GIVEN})
    except SettingsError as error:
        raise SettingsError(_retold(str(error), spelled)) from None
    notices += [
        *_unwaiting(settings, spelled),
        *_embedded(settings, values),
        *_no_config(settings, spelled),
    ]
    return Arguments(settings, tuple(notices), spelled)


def _from_command_line(arguments: Sequence[str]) -> dict[str, Any]:
    """What is plainly right is read here; argparse, which takes longer to set up than all else here takes,
    gives the help, and tells what is wrong with the rest."""
    found = _plainly(arguments)
    if found is None:
        from .usage import read_words

        found = read_words(arguments)
    return found


def _plainly(arguments: Sequence[str]) -> dict[str, Any] | None:
    """The values of flags, each written `--flag value`, `--flag=value` or `-f value`; None for any other."""
    found: dict[str, Any] = {}
    words = iter(arguments)
    for word in words:
        name, equals, value = word.partition("=")
        flag = _AS_TYPED.get(name)
        if flag is None or (flag.name in found and not flag.repeats) or (equals and not value):
            return None
        if flag.read is None:
            if equals:
                return None
            found[flag.name] = True
            continue
        if not equals:
            value = next(words, "-")
            if value.startswith("-"):
                return None
        try:
            read = flag.read(value)
        except ValueError:
            return None
        found[flag.name] = (*found.get(flag.name, ()), read) if flag.repeats else read
    return found


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


def _unwaiting(settings: Settings, spelled: Mapping[str, str]) -> list[str]:
    """Where prompts come in chunks nobody waits to join a batch, in TGI as well."""
    names = [spelled[name] for name in ("max_waiting_tokens", "waiting_served_ratio") if name in spelled]
    if not names or (settings.simulate_batching and not settings.support_chunking):
        return []
    return [f"no effect but with --simulate-batching and --support-chunking false: {', '.join(names)}"]


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
