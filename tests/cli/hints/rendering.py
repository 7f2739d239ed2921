"""Hints about files that are rendered for programs."""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import subprocess
from functools import partial

from leafseal.run.render import generations
from leafseal.system import in_memory

from .scenario import Act, Scenario, Stage

_TO = "render --to out --allow-disk"
_GOOD = f"{_TO} --file p=app.yaml:/db/password"
_MAP = f"{_TO} --map render.yaml"
_ELSEWHERE = f"/dev/shm/leafseal-hint-{secrets.token_hex(8)}"  # in no other run of the tests
_entries = partial(Scenario, "run.render.entries")
_content = partial(Scenario, "run.render.content")
_template = partial(Scenario, "run.render.template")


def _map(entry: str) -> dict[str, str]:
    return {"render.yaml": f"render: [{{path: x, from: app.yaml, {entry}}}]\n"}


def _fails(name: str, number: int) -> Act:
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, "refused")

    return lambda at: at.service.setattr(os, name, fail)


def _is_well(at: Stage) -> None:
    at.service.undo()


def _on_disk(at: Stage) -> None:
    at.service.setattr(in_memory, "kind_of", lambda _: None)


def _is_anothers(at: Stage) -> None:
    real = os.lstat
    at.service.setattr(os, "lstat", lambda path, **named: _of_another(real(path, **named)))


def _of_another(status: os.stat_result) -> os.stat_result:
    return os.stat_result([*status[:4], 12345, *status[5:10]])


def _in_memory(at: Stage) -> None:
    at.service.setattr(in_memory, "kind_of", lambda _: "tmpfs")


def _locked(at: Stage) -> None:
    at.service.setattr(generations, "_SECONDS_TO_WAIT", 0.05)
    os.mkdir("out")
    at.names["held"] = str(descriptor := os.open("out", os.O_RDONLY))
    fcntl.flock(descriptor, fcntl.LOCK_EX)


def _released(at: Stage) -> None:
    os.close(int(at.names["held"]))


def _mounted(at: Stage) -> None:
    at.service.setattr(in_memory, "mount_of", lambda descriptor: str(descriptor))


def _start(at: Stage) -> None:
    at.service.child = subprocess.Popen(["sleep", "60"])
    with open("app.pid", "w", encoding="ascii") as file:
        file.write(f"{at.service.child.pid}\n")


def _end(at: Stage) -> None:
    at.service.child.wait(120)
    assert at.service.child.returncode == -15


_UNBOUND = (
    "! printf 'A=1\\nB=2\\n' > a.env",
    "encrypt -i --no-structure --age ME a.env",
    "! sed -i '1i $(id)=' a.env",
)

SCENARIOS = [
    Scenario("cli.render", "add --file NAME=FILE:PATH, or --map FILE", _TO, (_GOOD,)),
    Scenario(
        "cli.shared.suggestions",
        'write each after its option, such as {}; see "{} --help"',
        f"{_TO} p=app.yaml:/db/password",
        (_GOOD,),
    ),
    Scenario(
        "cli.shared.click_commands",
        'add {} {}; "{} --help" lists all options',
        "render --allow-disk --file p=app.yaml:/db/password",
        ("render --allow-disk --file p=app.yaml:/db/password --to out",),
    ),
    Scenario(
        "cli.shared.keeping_up",
        "give the name of a FILE",
        f"{_TO} --watch --file a=-:/x",
        (_GOOD,),
    ),
    _content(
        "end the name in .env, .json, .yaml or .properties, or add format: to a map",
        f"{_TO} --file db=app.yaml:/db",
        (f"{_TO} --file db.json=app.yaml:/db", _map("pointer: /db, format: properties"), _MAP),
    ),
    _content(
        "give it an entry of its own, with path and pointer",
        f"{_TO} --file ./=app.yaml",
        (f"{_TO} --file ./=app.yaml:/db --file db.yaml=app.yaml:/db",),
    ),
    _content("leave out the / at the end of the name", f"{_TO} --file p/=app.yaml:/db/password", (_GOOD,)),
    _content(
        "end the name in .json or .yaml, or use format: json in a map",
        f"{_TO} --file l.env=app.yaml:/list",
        (f"{_TO} --file l.yaml=app.yaml:/list", _map("pointer: /list, format: json"), _MAP),
    ),
    _content(
        "use format: raw", _MAP, (_map("pointer: /db/port, format: raw"), _MAP), _map("pointer: /db/port, format: ini")
    ),
    _content(
        "give them a value, or write JSON: end the name in .json, or use format: json in a map",
        f"{_TO} --file a.env=a.env",
        (f"{_TO} --file a.json=a.env",),
        before=_UNBOUND,
    ),
    _entries("add from: FILE", _MAP, (_map("pointer: /db/port"), _MAP), {"render.yaml": "render: [{path: x}]\n"}),
    _entries(
        "give each file a path of its own",
        f"{_GOOD} --file p=app.yaml:/db/port",
        (f"{_GOOD} --file q=app.yaml:/db/port",),
    ),
    _entries("use {}", _MAP, (_map("pointer: /db/port, mode: '0400'"), _MAP), _map("pointer: /db/port, mod: '0400'")),
    _entries(
        "write a list: render: [{path: db/password, from: secrets.yaml, pointer: /db/password}]",
        _MAP,
        ({"render.yaml": "render: [{path: db/password, from: app.yaml, pointer: /db/password}]\n"}, _MAP),
        {"render.yaml": "render: 1\n"},
    ),
    _entries('write it as "0400" or "0440"', f"{_GOOD} --mode 400", (f"{_GOOD} --mode 0400",)),
    _entries(
        'write the owner as "USER:GROUP", such as "999:999"',
        f"{_GOOD} --owner :",
        (f"{_GOOD} --owner {os.getuid()}:{os.getgid()}",) if os.name != "nt" else (),
    ),
    _entries(
        'write the owner as numbers, such as "999:999"',
        f"{_GOOD} --owner no-such-user",
        (f"{_GOOD} --owner {os.getuid()}:{os.getgid()}",) if os.name != "nt" else (),
    ),
    _entries("write {}", f"{_TO} --file p", (_GOOD,)),
    Scenario(
        "run.render.folder",
        "choose a folder that does not exist yet",
        _GOOD.replace("out", "above/out"),
        (_is_well, _GOOD.replace("out", "above/new")),
        before=("! mkdir above above/out && chmod 1777 above", _is_anothers),
        stage="at_machine",
    ),
    Scenario(
        "run.render.folder",
        "choose a folder below /dev/shm or /run",
        "render --to out --allow-disk --file p=app.yaml:/db/password",
        (
            _in_memory,
            f"render --to {_ELSEWHERE} --file p=app.yaml:/db/password",
            f"! rm -r {_ELSEWHERE}",
        ),
        {"../home/config/leafseal/policy.toml": "no_disk_plaintext = true\n"},
        before=(_on_disk, "! mkdir -p /dev/shm"),
        stage="at_machine",
    ),
    Scenario(
        "run.render.folder",
        "create the folder above it: mkdir -p {}",
        "render --to a/b --allow-disk --file p=app.yaml:/db/password",
        ("! mkdir -p a", "render --to a/b --allow-disk --file p=app.yaml:/db/password"),
    ),
    Scenario(
        "run.render.folder",
        "{}; to write to this one anyway, add --allow-disk",
        "render --to out --file p=app.yaml:/db/password",
        (_GOOD,),
        before=(_on_disk,),
        stage="at_machine",
    ),
    Scenario(
        "run.render.generations",
        "choose a folder that only leafseal writes to",
        _GOOD,
        ("render --to out2 --allow-disk --file p=app.yaml:/db/password",),
        before=("! mkdir -p out/..data",),
    ),
    Scenario(
        "run.render.generations",
        "choose another folder, or move it away: mv {} {}",
        _GOOD,
        ("! mv out/p out/p.old", _GOOD),
        before=("! mkdir out; echo x > out/p",),
    ),
    Scenario(
        "run.render.generations",
        "make room there for three times the files: two generations are kept",
        _GOOD,
        (_is_well, _GOOD),
        before=(_fails("fchmod", errno.ENOSPC), "! mkdir out"),
        stage="at_machine",
    ),
    Scenario(
        "run.render.generations",
        "mount the whole folder, not a file in it",
        _GOOD,
        ("! rm out/p", _is_well, _GOOD),
        before=("! mkdir out; echo x > out/p", _mounted),
        stage="at_machine",
    ),
    Scenario(
        "run.render.generations",
        "wait until it ends, or choose another folder",
        _GOOD,
        (_released, _GOOD),
        before=(_locked,),
        stage="at_machine",
    ),
    Scenario(
        "run.render.notify",
        "the files are there; start the program, or restart it if it runs",
        f"{_GOOD} --signal TERM:./app.pid",
        (_start, f"{_TO} --file q=app.yaml:/db/password --signal TERM:./app.pid", _end, _GOOD),
        stage="at_machine",
    ),
    Scenario(
        "run.render.notify",
        "write --signal HUP:PID, or HUP:/run/app.pid for a file with the number",
        f"{_GOOD} --signal HUP",
        (_start, f"{_GOOD} --signal TERM:./app.pid", _end, _GOOD),
        stage="at_machine",
    ),
    _template(
        "copy it beside the map, and name the copy as template",
        _MAP,
        ("init --help", {"t": "a"}, _map("template: t"), _MAP),
        files={**_map("template: ../t"), "../t": "a"},
    ),
    _template(
        "add }, or write $${/ for the text ${/",
        _MAP,
        ({"t": "a ${/db/port|json} $${/"}, _MAP),
        {**_map("template: t"), "t": "a ${/db/port|json $${/"},
    ),
    _template(
        "use one of {}",
        _MAP,
        ({"t": "${/db/port|xml}"}, _MAP),
        {**_map("template: t"), "t": "${/db/port|html}"},
    ),
    _template(
        "write ${{}|json}, or one of {}; or add escape: to the map",
        _MAP,
        ({"t": "${/db/port|json}"}, _MAP, {"t": "${/db/port}"}, _map("template: t, escape: none"), _MAP),
        {**_map("template: t"), "t": "${/db/port}"},
    ),
    Scenario(
        "run.render.tree",
        "run it as root, or as that user and without an owner",
        f"{_GOOD} --owner {4000 + os.getuid()}" if os.name != "nt" else _GOOD,
        (_GOOD,),
        before=(_fails("fchown", errno.EPERM),),
        stage="at_machine",
    ),
    Scenario(
        "run.render.values",
        "add --document N, or in a map document: N; the first is 0",
        f"{_TO} --file x=two.yaml:/a",
        (
            f"{_TO} --file x=two.yaml:/a --document 1",
            {"render.yaml": "render: [{path: x, from: two.yaml, pointer: /a, document: 1}]"},
            _MAP,
        ),
        {"two.yaml": "a: 1\n---\na: 2\n"},
        before=("encrypt -i --no-structure --age ME two.yaml",),
    ),
    Scenario("run.render.values", "the file has {}", f"{_TO} --file x=app.yaml:db.passwrd", (_GOOD,)),
]
