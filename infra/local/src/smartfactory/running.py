"""A running installation as other commands find it: by its data directory."""

from pathlib import Path
from typing import Annotated, cast

from cyclopts import Parameter

from common.errors import Text
from smartfactory.stack.datadir import DataDirectory
from smartfactory.stack.faults import StackFault

DataDir = Annotated[Path, Parameter(env_var="SMARTFACTORY_DATA_DIR", help="Where the installation keeps everything.")]
DATA_DIR = Path(".run")


def running_data(data_dir: Path) -> DataDirectory:
    """The data directory, or a fault when nothing runs on it."""
    data = DataDirectory(data_dir)
    if not data.is_held():
        raise StackFault(
            Text(f"{data.root}에서 실행 중인 것이 없습니다.", f"Nothing is running on {data.root}."),
            Text("make run을 먼저 실행해 주세요.", "Start it first with `make run`."),
        )
    return data


def application_urls(data: DataDirectory) -> dict[str, str]:
    """Each service's database as its application role."""
    return cast("dict[str, str]", data.recall("application-urls") or {})


def owner_urls(data: DataDirectory) -> dict[str, str]:
    """Each service's database as the role that owns its tables."""
    return cast("dict[str, str]", data.recall("owner-urls") or {})


def readable_urls(data: DataDirectory) -> dict[str, str]:
    """Each service's database as a role that reads every table."""
    return cast("dict[str, str]", data.recall("readable-urls") or {})
