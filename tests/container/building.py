"""Carries out a Dockerfile, one instruction after the other, in whichever kind of place there is."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from .context import Ignored, files_of
from .dockerfile import Dockerfile, DockerfileError, Instruction, Stage, assignments, expand
from .places import BASE_PATH, Place, Process

__all__ = ["Image", "build", "made_paths"]


@dataclass(slots=True)
class Image:
    """A stage's files, and how a container of it is started."""

    place: Place
    env: dict[str, str] = field(default_factory=lambda: {"PATH": BASE_PATH})
    cwd: str = "/"
    user: str = "0:0"

    def process(self, *argv: str, **variables: str) -> Process:
        """A process of a container: with the image's variables, which `variables` replace."""
        return Process(argv, self.env | variables, self.cwd, self.user)


def build(
    dockerfile: Dockerfile, context: Path, ignored: Ignored, new_place: Callable[[str], Place]
) -> Image:
    """The image of the last stage. `new_place` makes the place of a stage by its name.

    Raises CalledProcessError for a step that fails, DockerfileError for one that cannot be carried out.
    """
    stages: dict[str, Image] = {}
    image: Image | None = None
    for stage in dockerfile.stages:
        image = stages[stage.name] = Image(new_place(stage.name or "image"))
        image.place.prepare()
        for instruction in stage.instructions:
            _carry_out(instruction, image, stages, context, ignored)
    if image is None:
        raise DockerfileError("no FROM")
    return image


def made_paths(dockerfile: Dockerfile) -> list[str]:
    """The absolute paths that the instructions make."""
    made = set()
    for stage in dockerfile.stages:
        made |= {instruction.text for instruction in stage.all("WORKDIR")}
        targets = (instruction.text.split()[-1] for instruction in stage.all("COPY"))
        made |= {target.rstrip("/") for target in targets if target.startswith("/")}
    return sorted(made)


def _carry_out(
    instruction: Instruction, image: Image, stages: dict[str, Image], context: Path, ignored: Ignored
) -> None:
    match instruction.word:
        case "WORKDIR":
            image.cwd = str(Path(image.cwd, instruction.text))
            Path(f"{image.place.root}{image.cwd}").mkdir(parents=True, exist_ok=True)
        case "ENV":
            image.env |= assignments(instruction, image.env)
        case "USER":
            image.user = expand(instruction.text, image.env)
        case "RUN":
            process = image.process(*instruction.argv, **_of_the_build())
            image.place.run(process)
        case "COPY":
            _copy(instruction, image, stages, context, ignored)
        case "LABEL" | "EXPOSE" | "STOPSIGNAL" | "HEALTHCHECK" | "ENTRYPOINT" | "CMD":
            pass  # of the container, or of who looks at the image
        case word:
            raise DockerfileError(f"line {instruction.line}: {word} is not carried out by the tests")


def _copy(
    instruction: Instruction, image: Image, stages: dict[str, Image], context: Path, ignored: Ignored
) -> None:
    *sources, target = shlex.split(instruction.text)
    place = Path(f"{image.place.root}{Path(image.cwd, target)}")
    stage = instruction.flags.get("from")
    if stage is not None:
        (source,) = sources
        shutil.copytree(f"{stages[stage].place.root}{source}", place, symlinks=True, dirs_exist_ok=True)
        image.place.received(target, stages[stage].place.root)
        return
    into = target.endswith("/")
    if len(sources) > 1 and not into:
        raise DockerfileError(f"line {instruction.line}: several sources need a target that ends in a slash")
    for source, name in files_of(context, ignored, sources):
        path = place / name if into or (context / sources[0]).is_dir() else place
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(context / source, path)


def _of_the_build() -> dict[str, str]:
    """What lets pip reach an index from here: a builder has it from its own network."""
    names = (
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
        "http_proxy",
        "https_proxy",
        "no_proxy",
        "SSL_CERT_FILE",
    )
    return {name: value for name, value in os.environ.items() if name in names or name.startswith("PIP_")}


def healthcheck(stage: Stage) -> list[str]:
    """The words of the health check's command."""
    return stage.last("HEALTHCHECK").argv
