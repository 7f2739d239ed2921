"""What is measured: each work as a command of leafseal and, where a `sops` is at hand, one of sops."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import inputs
import loopback_kms
from measuring import Command, Failure, output_of

LEAFSEAL, SOPS, PYTHON = "leafseal", "sops", "bare Python"
KMS_MILLISECONDS = 50


@dataclass(frozen=True)
class Work:
    """One row of the table: the same work for each program, and what leafseal must reach.

    `ratio` is the most that leafseal's time may be of sops's, `above` the seconds it may take more than the bare
    interpreter, `megabytes` the peak of its memory.
    """

    name: str
    commands: dict[str, Command]
    ratio: float | None = None
    above: float | None = None
    megabytes: int | None = None


@dataclass(frozen=True)
class Workshop:
    """A temporary folder with a key of its own, and the programs."""

    folder: Path
    sops: str | None
    services: Mapping[str, str]
    leafseal: str = field(default_factory=lambda: str(Path(sys.executable).with_name("leafseal")))

    @classmethod
    def open(cls, folder: Path, sops: str | None, services: Mapping[str, str]) -> Workshop:
        """Make the key. `services` are variables that lead to key services, and what these ask for."""
        workshop = cls(folder, sops, services)
        workshop.key_file.parent.mkdir(parents=True)
        workshop.key_file.write_bytes(output_of(workshop.run("keygen")))
        workshop.key_file.chmod(0o600)  # as keygen leaves it; else each command would warn of it
        return workshop

    @property
    def key_file(self) -> Path:
        """Return where both programs look for the identity."""
        return self.folder / "home" / ".config" / "sops" / "age" / "keys.txt"

    @property
    def recipient(self) -> str:
        """Return the recipient, as the key file tells it."""
        return next(
            line.rpartition(" ")[2]
            for line in self.key_file.read_text().splitlines()
            if line.startswith("# public key")
        )

    def run(self, *arguments: str) -> Command:
        """Return a command of leafseal."""
        return self._command([self.leafseal, *arguments])

    def run_sops(self, *arguments: str) -> Command:
        """Return a command of sops."""
        return self._command([str(self.sops), *arguments])

    def bare(self) -> Command:
        """Return the least that any Python program takes."""
        return self._command([sys.executable, "-I", "-c", "pass"])

    def loop_of_sops(self, verb: str, paths: list[Path], out: Path) -> Command:
        """Return a shell that starts sops once for each file."""
        names = " ".join(shlex.quote(path.name) for path in paths)
        each = f'{shlex.quote(str(self.sops))} {verb} --output {shlex.quote(str(out))}/"$name" "$name" || exit 1'
        return self._command(["/bin/sh", "-c", f"for name in {names}; do {each}; done"], paths[0].parent)

    def both(self, *arguments: str) -> dict[str, Command]:
        """Return the same command line for both programs."""
        commands = {LEAFSEAL: self.run(*arguments)}
        return {**commands, SOPS: self.run_sops(*arguments)} if self.sops else commands

    def _command(self, argv: list[str], folder: Path | None = None) -> Command:
        home = self.folder / "home"
        environ = {"HOME": str(home), "PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", **self.services}
        return Command(argv, folder or self.folder, environ)


def all_works(workshop: Workshop, *, divisor: int) -> Iterator[Work]:
    """Make the inputs and yield the works, in the order of the table; a `divisor` above 1 makes all of them smaller."""
    few, many = 10_000 // divisor, 100_000 // divisor
    yield from _pair(workshop, f"YAML, {few:,} leaves", f"{few}.yaml", inputs.yaml_text(few), 0.4)
    yield from _pair(workshop, f"YAML, {many:,} leaves", f"{many}.yaml", inputs.yaml_text(many), 0.2, megabytes=400)
    yield from _pair(workshop, f"JSON, {few:,} leaves", f"{few}.json", inputs.json_text(few), 0.4)
    yield from _pair(workshop, f"dotenv, {few:,} leaves", f"{few}.env", inputs.dotenv_text(few), 1.2)
    sealed = _seal(workshop, "small.yaml", inputs.small_text())
    commands = {**workshop.both("decrypt", sealed), PYTHON: workshop.bare()}
    yield Work("one file of 10 leaves, decrypt", commands, above=0.10)
    yield from _many(workshop, 1_000 // divisor)
    yield from _with_kms(workshop, 200 // divisor)


def _pair(
    workshop: Workshop, what: str, name: str, text: str, ratio: float, *, megabytes: int | None = None
) -> Iterator[Work]:
    (workshop.folder / name).write_text(text)
    encrypt = workshop.both("encrypt", "--age", workshop.recipient, name)
    yield Work(f"{what}, encrypt", encrypt, ratio, megabytes=megabytes)
    yield Work(f"{what}, decrypt", workshop.both("decrypt", _seal(workshop, name, text)), ratio, megabytes=megabytes)


def _seal(workshop: Workshop, name: str, text: str, *recipient: str) -> str:
    """Encrypt a file, make sure that every program opens it to the same, and return its name."""
    (workshop.folder / name).write_text(text)
    sealed = f"sealed-{name}"
    recipient = recipient or ("--age", workshop.recipient)
    (workshop.folder / sealed).write_bytes(output_of(workshop.run("encrypt", *recipient, name)))
    if output_of(workshop.run("decrypt", sealed)) != text.encode():
        raise Failure(f"{name}: leafseal does not give back what it was given")
    if workshop.sops:
        as_json = ("decrypt", "--output-type", "json", sealed)
        if output_of(workshop.run(*as_json)) != output_of(workshop.run_sops(*as_json)):
            raise Failure(f"{name}: leafseal and sops read different values")
    return sealed


def _many(workshop: Workshop, count: int) -> Iterator[Work]:
    paths = inputs.write_many(workshop.folder / "many", count)
    recipient, names = workshop.recipient, [f"many/{path.name}" for path in paths]
    sealed, opened, by_sops = (workshop.folder / name for name in ("many-sealed", "many-opened", "many-by-sops"))
    for folder in (sealed, opened, by_sops):
        folder.mkdir()
    encrypt = {LEAFSEAL: workshop.run("encrypt", "--age", recipient, "--output-dir", "many-sealed", *names)}
    output_of(encrypt[LEAFSEAL])
    sealed_paths = [sealed / path.name for path in paths]
    sealed_names = [f"many-sealed/{path.name}" for path in paths]
    decrypt = {LEAFSEAL: workshop.run("decrypt", "--output-dir", "many-opened", *sealed_names)}
    if workshop.sops:
        encrypt[SOPS] = workshop.loop_of_sops(f"encrypt --age {recipient}", paths, by_sops)
        decrypt[SOPS] = workshop.loop_of_sops("decrypt", sealed_paths, by_sops)
    yield Work(f"{count:,} files of 10 leaves into a folder, encrypt", encrypt, 0.5)
    yield Work(f"{count:,} files of 10 leaves into a folder, decrypt", decrypt, 0.5)


def _with_kms(workshop: Workshop, count: int) -> Iterator[Work]:
    sealed = _seal(workshop, "kms.yaml", inputs.small_text(), "--kms", loopback_kms.key(0))
    commands = {**workshop.both("decrypt", sealed), PYTHON: workshop.bare()}
    yield Work("one file of 10 leaves with a key of AWS KMS, decrypt", commands)
    paths = inputs.write_many(workshop.folder / "kms", count)
    by_kms, opened, by_sops = (workshop.folder / name for name in ("kms-sealed", "kms-opened", "kms-by-sops"))
    for folder in (by_kms, opened, by_sops):
        folder.mkdir()
    names = [f"kms/{path.name}" for path in paths]
    recipient = ("--kms", loopback_kms.key(KMS_MILLISECONDS))
    output_of(workshop.run("encrypt", *recipient, "--output-dir", by_kms.name, *names))
    sealed_names = [f"{by_kms.name}/{path.name}" for path in paths]
    decrypt = {LEAFSEAL: workshop.run("decrypt", "--output-dir", opened.name, *sealed_names)}
    if workshop.sops:
        decrypt[SOPS] = workshop.loop_of_sops("decrypt", [by_kms / path.name for path in paths], by_sops)
    what = f"{count:,} files, each with its own key of AWS KMS, {KMS_MILLISECONDS} ms a call, decrypt into a folder"
    yield Work(what, decrypt, 0.15)
