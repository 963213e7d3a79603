"""What the operator's settings let policies be made of: folders under the model roots, and models behind named endpoints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from django.conf import settings
from django.utils.translation import gettext

from accounts.marking import marked

MOST_FOLDERS = 200
DEEPEST = 3

NO_ROOT = marked("{name} is not a model root; the settings name {known}")
NO_FOLDER_NAME = marked("{rest} is not a folder within the model root {name}: write root/folder, without ..")
LEADS_OUT = marked("{source} leads out of the model root {name} through a link")
NO_FOLDER = marked("there is no folder {rest} in the model root {name}")
NO_ENDPOINT = marked("{name} is not an endpoint; the settings name {known}")
NO_MODEL = marked("the model at {name} is missing: write {source}")
SAID = (NO_ROOT, NO_FOLDER_NAME, LEADS_OUT, NO_FOLDER, NO_ENDPOINT, NO_MODEL)
"""Why a source leads to nothing: said at once on a page, and stored by a worker that meets it."""


class BadSource(Exception):
    """The source does not lead to something the settings name. The message is the reason, in the reader's language."""


def folder_of(source: str) -> tuple[Path, Path]:
    """Return (folder, model root) of `root/folder`. Neither `..` nor a link leads out of the root. Raises BadSource."""
    name, _, rest = source.partition("/")
    if name not in settings.MODEL_ROOTS:
        raise BadSource(gettext(NO_ROOT).format(name=repr(name), known=listed(settings.MODEL_ROOTS)))
    if not rest or "\0" in rest or ".." in PurePosixPath(rest).parts or rest.startswith("/"):
        raise BadSource(gettext(NO_FOLDER_NAME).format(rest=repr(rest), name=name))
    root = Path(settings.MODEL_ROOTS[name])
    folder = root / rest
    if not folder.resolve().is_relative_to(root.resolve()):
        raise BadSource(gettext(LEADS_OUT).format(source=source, name=name))
    if not folder.is_dir():
        raise BadSource(gettext(NO_FOLDER).format(rest=rest, name=name))
    return folder, root


def endpoint_of(source: str) -> tuple[str, str]:
    """Return (endpoint's name, model) of `endpoint/model`; the model's name may hold slashes. Raises BadSource."""
    name, _, model = source.partition("/")
    if name not in settings.OPENAI_ENDPOINTS:
        raise BadSource(gettext(NO_ENDPOINT).format(name=repr(name), known=listed(settings.OPENAI_ENDPOINTS)))
    if not model.strip() or not model.isprintable():
        raise BadSource(gettext(NO_MODEL).format(name=name, source=f"{name}/model"))
    return name, model


def listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or gettext("none")


def model_folders() -> list[str]:
    """Return `root/folder` for what looks like a model under the roots, in order, `MOST_FOLDERS` at the most."""
    found: list[str] = []
    for name, root in sorted(settings.MODEL_ROOTS.items()):
        for folder in models_below(Path(root), depth=DEEPEST):
            found.append(f"{name}/{folder.relative_to(root).as_posix()}")
            if len(found) == MOST_FOLDERS:
                return found
    return found


def models_below(folder: Path, *, depth: int) -> Iterator[Path]:
    """Yield the folders with a config.json; neither hidden ones nor links are entered, and none below a model."""
    for entry in folders_in(folder):
        if (entry / "config.json").is_file():
            yield entry
        elif depth > 1:
            yield from models_below(entry, depth=depth - 1)


def folders_in(folder: Path) -> list[Path]:
    """A root that is not there yet, or may not be read, holds nothing."""
    try:
        return sorted(entry for entry in folder.iterdir() if entry.is_dir() and not entry.is_symlink() and not entry.name.startswith("."))
    except OSError:
        return []
