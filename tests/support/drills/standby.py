"""A synchronous standby of the servers' PostgreSQL: what it has said is committed is on both disks."""

import itertools
import os
import shutil
from dataclasses import dataclass

from smartfactory.stack import ports
from smartfactory.stack import postgres as stack
from smartfactory.stack.postgres import Postgres, PostgresOptions, start_postgres
from smartfactory.stack.process import Command, run_to_end
from tests.support.servers import Servers
from tests.support.waiting import eventually_now

_NAME = "standby"
_numbers = itertools.count(1)


@dataclass
class Standby:
    """It follows the primary until it is promoted, and then is the servers' PostgreSQL."""

    servers: Servers
    options: PostgresOptions
    server: Postgres | None = None

    @classmethod
    def copied(cls, servers: Servers) -> "Standby":
        """A copy of the primary, made while it works; not yet started."""
        folder = servers.folder / f"{_NAME}-{next(_numbers)}"
        options = PostgresOptions(directory=folder, log=servers.folder / f"{folder.name}.log", port=ports.free_port())
        user = stack._prepare_directory(folder)
        admin = servers.postgres
        where = f"host={admin.host} port={admin.port} user={admin.user} application_name={_NAME}"
        copy = (str(stack._BIN / "pg_basebackup"), f"--pgdata={folder / 'cluster'}", f"--dbname={where}")
        run_to_end(
            Command(
                name="pg_basebackup",
                argv=(*copy, "--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast"),
                log=options.log,
                env={"PGPASSWORD": admin.password},
                cwd=folder,
                user=user,
            ),
            timeout_seconds=60,
        )
        password = folder / "superuser-password"
        password.write_text(admin.password)
        if user is not None:
            os.chown(password, user.uid, user.gid)
        return cls(servers, options)

    def begin(self) -> None:
        """Start it. On the main thread, whose end the kernel would take it with."""
        self.server = start_postgres(self.options)

    def follow(self) -> None:
        """Wait until it follows in step, and let no commit be acknowledged that is not on it too."""
        assert self.server is not None
        self.server.await_ready()
        admin = self.servers.postgres
        admin.run(f"ALTER SYSTEM SET synchronous_standby_names = '{_NAME}'")
        admin.run("SELECT pg_reload_conf()")
        follows = f"SELECT count(*) FROM pg_stat_replication WHERE application_name = '{_NAME}' AND sync_state = 'sync'"
        eventually_now(lambda: admin.run(follows) == "1", 60, what="the standby follows in step")

    @property
    def port(self) -> int:
        return self.options.port

    def promote(self) -> None:
        """Make it the primary, as an operator does when the primary is dead."""
        assert self.server is not None
        assert self.server.admin.run("SELECT pg_promote(true, 30)") == "t"
        dead = self.servers.adopt_postgres(self.server, self.options)
        shutil.rmtree(dead.directory, ignore_errors=True)
