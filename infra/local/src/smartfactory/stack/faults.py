"""What can stop a start, said for the person at the keyboard: Korean first, then English, each with the remedy."""

from collections.abc import Sequence

from common.errors import Text

_MOST_NAMES = 3


class StackFault(Exception):
    """The installation cannot start or go on. Nothing was lost; `remedy` says what to do."""

    def __init__(self, what: Text, remedy: Text, *, detail: str = "") -> None:
        self.what, self.remedy, self.detail = what, remedy, detail
        super().__init__(what.en)


def port_reserved(port: int) -> StackFault:
    """A port that only the administrator may open."""
    return StackFault(
        Text(f"포트 {port}번을 열 권한이 없습니다.", f"You may not open port {port}."),
        Text("--port로 1024 이상의 포트를 지정해 주세요.", "Choose a port of 1024 or above with --port."),
    )


def port_taken(port: int, holder: str | None) -> StackFault:
    """Somebody else listens where we should."""
    by_ko, by_en = (f" ({holder})", f" by {holder}") if holder else ("", "")
    return StackFault(
        Text(f"포트 {port}번을 이미 다른 프로그램이 쓰고 있습니다{by_ko}.", f"Port {port} is already taken{by_en}."),
        Text(
            "그 프로그램을 끝내거나 --port로 다른 포트를 지정해 주세요.",
            "Stop that program, or choose another with --port.",
        ),
    )


def kafka_port_taken(port: int, holder: str | None) -> StackFault:
    """Somebody else listens where integrators would look for Kafka."""
    fault = port_taken(port, holder)
    return StackFault(
        fault.what,
        Text(
            "그 프로그램을 끝내거나 --kafka-port로 다른 포트를 지정해 주세요.",
            "Stop that program, or choose another with --kafka-port.",
        ),
    )


def data_directory_held(directory: object, pid: int | None) -> StackFault:
    """Another supervisor runs on the same data."""
    return StackFault(
        Text(
            f"데이터 폴더 {directory}를 다른 실행({pid or '?'})이 쓰고 있습니다.",
            f"The data directory {directory} is in use by another run (pid {pid or 'unknown'}).",
        ),
        Text(
            "그 실행을 Ctrl-C로 끝내거나 --data-dir로 다른 폴더를 지정해 주세요.",
            "Stop that run with Ctrl-C, or choose another directory with --data-dir.",
        ),
    )


def data_directory_refused(directory: object, refused: OSError) -> StackFault:
    """It is a file, or belongs to somebody else, or lies on a disk that may not be written."""
    return StackFault(
        Text(
            f"데이터를 두는 {directory}에 쓸 수 없습니다({refused.strerror}).",
            f"{directory}, where the data is kept, cannot be written ({refused.strerror}).",
        ),
        Text(
            "쓸 수 있는 폴더를 --data-dir로 지정하거나 폴더의 권한을 확인해 주세요.",
            "Choose a directory that you may write with --data-dir, or check its permissions.",
        ),
    )


def data_of_others(directory: object, names: Sequence[str]) -> StackFault:
    """Things that this program did not make lie where its data is, or is to be: it neither uses nor removes them."""
    shown = ", ".join(names[:_MOST_NAMES])
    ko, en = "", ""
    if len(names) > _MOST_NAMES:
        ko, en = f" 등 {len(names)}개", f" and others, {len(names)} in all"
    return StackFault(
        Text(
            f"{directory}에 이 프로그램이 만들지 않은 것이 있습니다: {shown}{ko}. 바뀐 것은 없습니다.",
            f"{directory} holds what this program did not make: {shown}{en}. Nothing was changed.",
        ),
        Text(
            "다른 곳으로 옮긴 뒤 다시 실행하거나 --data-dir로 다른 폴더를 지정해 주세요.",
            "Move it elsewhere and run this again, or choose another directory with --data-dir.",
        ),
    )


def data_directory_missing(directory: object) -> StackFault:
    """There is no installation to do this to."""
    return StackFault(
        Text(f"{directory}에는 아직 아무것도 없습니다.", f"There is nothing at {directory} yet."),
        Text(
            "make run을 먼저 실행하거나 --data-dir를 확인해 주세요.",
            "Start it first with `make run`, or check --data-dir.",
        ),
    )


def data_of_another_version(directory: object, found: str, wanted: str) -> StackFault:
    """The data was written by a release whose files we do not understand."""
    return StackFault(
        Text(
            f"데이터 폴더 {directory}는 다른 판({found})의 것입니다. 이 프로그램은 {wanted}판을 씁니다.",
            f"The data directory {directory} is of format {found}; this program uses format {wanted}.",
        ),
        Text(
            "그 판으로 되돌아가서 실행하거나, 자료가 필요 없으면 make clean-data 후 다시 실행해 주세요.",
            "Run the release that wrote it, or, if the data is not needed, `make clean-data` and run again.",
        ),
    )


def data_of_another_purpose(directory: object, found: str) -> StackFault:
    """What a sandbox makes up and what the programme keeps never lie in one directory."""
    whose = {"sandbox": Text("연습용 자료", "a sandbox's data")}.get(found, Text("사업 자료", "the programme's data"))
    return StackFault(
        Text(
            f"데이터 폴더 {directory}에는 {whose.ko}가 있어 함께 쓸 수 없습니다. 바뀐 것은 없습니다.",
            f"The data directory {directory} holds {whose.en}, which nothing else is mixed with. Nothing was changed.",
        ),
        Text("--data-dir로 다른 폴더를 지정해 주세요.", "Choose another directory with --data-dir."),
    )


def disk_full(directory: object, free_mib: int, needed_mib: int) -> StackFault:
    """Databases and logs would fail half way."""
    return StackFault(
        Text(
            f"{directory}의 디스크 여유 공간이 {free_mib} MiB뿐입니다. {needed_mib} MiB가 필요합니다.",
            f"Only {free_mib} MiB of disk are free at {directory}; {needed_mib} MiB are needed.",
        ),
        Text(
            "공간을 확보하거나 --data-dir로 다른 디스크를 지정해 주세요.",
            "Make room, or use another disk with --data-dir.",
        ),
    )


def kafka_is_not_ours(where: str) -> StackFault:
    """Access lists are wanted on a broker whose settings are somebody else's."""
    return StackFault(
        Text(
            f"{where}의 Kafka는 여기서 시작한 것이 아니어서 권한을 켤 수 없습니다.",
            f"The Kafka at {where} is not started here, so its access lists cannot be switched on.",
        ),
        Text(
            "KAFKA_BOOTSTRAP_SERVERS를 비우거나 --secure 없이 실행해 주세요.",
            "Unset KAFKA_BOOTSTRAP_SERVERS, or run without --secure.",
        ),
    )


def download_failed(detail: str) -> StackFault:
    """Kafka's JARs could not be had."""
    return StackFault(
        Text("Kafka를 내려받지 못했습니다.", "Kafka could not be downloaded."),
        Text(
            "네트워크를 확인하고 다시 실행해 주세요. 받은 것은 보관되어 이어서 받습니다."
            " 이미 있는 Kafka를 쓰려면 KAFKA_BOOTSTRAP_SERVERS를 지정해 주세요.",
            "Check the network and run again; what was fetched is kept. To use a Kafka that exists, set"
            " KAFKA_BOOTSTRAP_SERVERS.",
        ),
        detail=detail,
    )


def program_failed(name: str, log_file: object, detail: str) -> StackFault:
    """A server or service ended or never became ready."""
    return StackFault(
        Text(f"{name}이(가) 시작하지 못했거나 멈췄습니다.", f"{name} did not start, or stopped."),
        Text(
            f"기록은 {log_file}에 있습니다. smartfactory doctor도 원인을 찾아 줍니다.",
            f"Its log is {log_file}; `smartfactory doctor` looks for the cause.",
        ),
        detail=detail,
    )
