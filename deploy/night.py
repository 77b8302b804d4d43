"""`just night`: Prometheus and Alertmanager beside the running platform, and what an engineer gets.

Both are Debian's, read the rules and routes of `observability/` as they stand, and listen on this
machine alone. Pages end here, in this terminal, each with its runbook: nothing goes out.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shlex import quote
from typing import Any
from urllib.parse import urlsplit

import yaml
from rich.console import Console

from deploy.embedded.processes import Program, spawn, stop
from deploy.embedded.runfolder import DEFAULT_FOLDER, RunFolder, write_atomically
from deploy.embedded.trouble import StartRefused
from deploy.platform import Platform, read_platform

OBSERVABILITY = Path(__file__).resolve().parents[1] / "observability"
#: How often Prometheus asks: what must wake somebody within a minute is seen four times.
EVERY_SECONDS = 15
#: Debian's package and program of each.
_PROGRAMS = {"prometheus": "prometheus", "prometheus-alertmanager": "prometheus-alertmanager"}


@dataclass(frozen=True)
class Night:
    """Where both listen, and where Alertmanager brings its pages."""

    prometheus: str
    alertmanager: str
    pager: str


@dataclass(frozen=True)
class Page:
    """One alert as an engineer gets it. `way` is the receiver's: page, ticket or watchdog.

    `receiver` is its name in Alertmanager; `labels` say of which service, line or way it is.
    """

    way: str
    alert: str
    firing: bool
    summary: str
    runbook: str
    receiver: str = ""
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Beside:
    """What a night reads beside the platform: its rules, and who else tells figures."""

    rules: tuple[Path, ...] = ()  #: empty: those of `observability/`
    targets: tuple[str, ...] = ()  #: host:port
    every_seconds: int = EVERY_SECONDS


def pages_in(way: str, sent: Mapping[str, Any]) -> list[Page]:
    """Read what Alertmanager's webhook sends (version 4 of its format)."""
    return [
        Page(
            way=way,
            alert=each["labels"]["alertname"],
            firing=each["status"] == "firing",
            summary=each["annotations"].get("summary", ""),
            runbook=each["annotations"].get("runbook", ""),
            receiver=sent.get("receiver", ""),
            labels=each["labels"],
        )
        for each in sent["alerts"]
    ]


@contextmanager
def a_night(
    platform: Platform,
    ports: Mapping[str, int],
    told: Callable[[Page], None],
    beside: Beside | None = None,
) -> Iterator[Night]:
    """Run both beside a platform for the length of the block; StartRefused when one is missing.

    `beside` is what else is read, and how often: without it, what is read at night.
    `ports` are those of `prometheus`, `alertmanager` and `pager`; `told` is called for each page,
    in a thread of its own.
    """
    folder, beside = Path(platform.folder) / "night", beside or Beside()
    folder.mkdir(exist_ok=True)
    programs = {name: _program(name, package) for name, package in _PROGRAMS.items()}
    night = Night(*(f"http://127.0.0.1:{ports[name]}" for name in ports))
    asked = _write(folder / "prometheus.yml", _prometheus(platform, night, beside))
    routes = _write(folder / "alertmanager.yml", _alertmanager(night))
    with ExitStack() as stack:
        stack.enter_context(_pager(ports["pager"], told))
        for name, arguments in (
            (
                "prometheus-alertmanager",
                ("--config.file", str(routes), "--storage.path", str(folder / "silences"),
                 "--web.listen-address", _listen(night.alertmanager), "--cluster.listen-address="),
            ),
            (
                "prometheus",
                ("--config.file", str(asked), "--enable-feature=exemplar-storage",
                 "--storage.tsdb.path", str(folder / "series"),
                 "--web.listen-address", _listen(night.prometheus),
                 # What it said before it knew whom to tell is said again at once, not in a minute.
                 f"--rules.alert.resend-delay={beside.every_seconds}s"),
            ),
        ):  # fmt: skip
            log = Path(platform.logs) / f"{name}.log"
            program = Program(name, (programs[name], *arguments), log)
            stack.callback(stop, spawn(program), program)
        yield night


def shell(platform: Platform, night: Night) -> dict[str, str]:
    """What the commands of a runbook find in the shell of whoever types them.

    `LEDGERS` reads everything and changes nothing, `OWNER` may; both hold a password.
    """
    owner = urlsplit(platform.owner_dsn)
    checker = (Path(platform.keys) / "checker.pg").read_text().strip()
    here = f"helpline_checker:{checker}@{owner.hostname}:{owner.port}"
    return {
        "PROMETHEUS": night.prometheus,
        "ALERTMANAGER": night.alertmanager,
        "NATS_MONITORING": platform.nats_monitoring_url,
        "CONSOLE": platform.doors["console"],
        "LEDGERS": owner._replace(netloc=here).geturl(),
        "OWNER": platform.owner_dsn,
        "LOGS": platform.logs,
        "HELPLINE_RUN_DIR": platform.folder,
        "HELPLINE_NATS_URL": platform.nats_url,
        "HELPLINE_KEYS_DIR": platform.keys,
    }


def _program(name: str, package: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise StartRefused(f"{name} is not installed.", f"apt-get install {package}")
    return found


def _prometheus(platform: Platform, night: Night, beside: Beside) -> dict[str, Any]:
    targets = [*(urlsplit(url).netloc for url in platform.operations.values()), *beside.targets]
    return {
        "global": {
            "scrape_interval": f"{beside.every_seconds}s",
            "evaluation_interval": f"{beside.every_seconds}s",
        },
        "rule_files": [
            str(file)
            for file in beside.rules
            or [OBSERVABILITY / "alerts" / f"{name}.yaml" for name in _rules()]
        ],
        "alerting": {
            "alertmanagers": [{"static_configs": [{"targets": [_listen(night.alertmanager)]}]}]
        },
        "scrape_configs": [{"job_name": "helpline", "static_configs": [{"targets": targets}]}],
    }


def _rules() -> list[str]:
    files = (OBSERVABILITY / "alerts").glob("*.yaml")
    return sorted(each.stem for each in files if each.stem != "tests")


def _alertmanager(night: Night) -> dict[str, Any]:
    """The routes as they stand, with the pager of this night for those of `observability/`."""
    routes: dict[str, Any] = yaml.safe_load((OBSERVABILITY / "alertmanager.yaml").read_text())
    for receiver in routes["receivers"]:
        for hook in receiver["webhook_configs"]:
            hook["url"] = night.pager + urlsplit(hook["url"]).path
    return routes


def _write(file: Path, content: Mapping[str, Any]) -> Path:
    file.write_text(yaml.safe_dump(dict(content), sort_keys=False))
    return file


def _listen(url: str) -> str:
    return urlsplit(url).netloc


@contextmanager
def _pager(port: int, told: Callable[[Page], None]) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = json.loads(self.rfile.read(int(self.headers["content-length"])))
            for page in pages_in(self.path.strip("/"), sent):
                told(page)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """What came is told once, by `told`."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def main(arguments: list[str] | None = None) -> int:
    """Run until Ctrl-C and tell every page; 2 when it cannot be started."""
    parser = argparse.ArgumentParser(prog="just night", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--run-dir", type=Path, default=DEFAULT_FOLDER, help="of the platform")
    run = RunFolder(parser.parse_args(arguments).run_dir.resolve())
    terminal = Console(highlight=False)

    def tell(page: Page) -> None:
        if page.way == "watchdog":
            return  # it fires always
        became = f"[bold red]{page.way}" if page.firing else f"[green]over ({page.way})"
        terminal.print(f"{became}[/] {page.alert}: {page.summary} -> {page.runbook}")

    try:
        platform = read_platform(run)
        ports = {
            "prometheus": run.ports.insist("prometheus", 19090),
            "alertmanager": run.ports.insist("alertmanager", 19093),
            "pager": run.ports.insist("pager", 19099),
        }
        with a_night(platform, ports, tell) as night:
            terminal.print(
                f"Alerts, and whatever you ask of the figures: {night.prometheus}/alerts"
            )
            terminal.print(f"What was sent to whom, and silences: {night.alertmanager}")
            file = Path(platform.folder) / "night" / "shell"
            said = (
                f"export {name}={quote(told)}\n" for name, told in shell(platform, night).items()
            )
            write_atomically(file, "".join(said))
            terminal.print(f"For the commands of the runbooks, in another terminal: . {file}")
            terminal.print(
                "Pages and tickets are told here, each with its runbook. Ctrl-C ends it."
            )
            threading.Event().wait()
    except StartRefused as refused:
        terminal.print(str(refused))
        return 2
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
