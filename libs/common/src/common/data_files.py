"""Rules that come with a program as data files."""

from importlib.resources import files

_SUFFIX = ".json"


def json_files(package: str, folder: str) -> dict[str, bytes]:
    """What each JSON file of a package's folder says, by its name without the suffix.

    For a module's top level: a file that is read only when a request asks for it holds up everybody else's request.
    """
    return {
        entry.name.removesuffix(_SUFFIX): entry.read_bytes()
        for entry in (files(package) / folder).iterdir()
        if entry.name.endswith(_SUFFIX)
    }
