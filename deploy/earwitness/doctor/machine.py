"""This machine: the embedded stack's processes and ports, and room on the disk."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from earwitness.doctor.findings import Finding, ok, problem
from earwitness.embedded.home import Home
from earwitness.embedded.ports import HOST, is_free
from earwitness.embedded.state import StackState

__all__ = ["check_disk", "check_ports", "check_processes"]

FREE_BYTES = 1 << 30
"""Kafka and ClickHouse stop taking anything when the disk is full: a GiB is some hours of warning."""
FREE_FILES = 10_000


def check_processes(home: Path, state: StackState) -> list[Finding]:
    """Whether the embedded stack is up, all of it."""
    where = f"the stack in {home}"
    if state.phase != "ready":
        tail = f": {state.message}" if state.message else ""
        return [problem("processes", where, f"is {state.phase}{tail}", f"run: earwitness up --home {home}")]
    findings = []
    for service in state.services:
        if service.state != "ready":
            last = f" after {service.last_exit}" if service.last_exit else ""
            log = Home(home).log(service.name)
            findings.append(problem("processes", service.name, f"is {service.state}{last}", f"read the end of {log}"))
    return findings or [ok("processes", where, f"all {len(state.services)} processes are ready")]


def check_ports(ports: Mapping[str, int], state: StackState) -> list[Finding]:
    """Whether each of the stack's ports is listened on by its own process, or free for it.

    Args:
        ports: the ports of the last start, by service.
        state: the stack as it is now.
    """
    owners = {service.name: service.process.pid for service in state.services if service.process is not None}
    owners["controller"] = owners.get("broker", -1)
    up = state.phase in {"starting", "ready"}
    findings = []
    for name, port in ports.items():
        where = f"port {port} of {HOST}, the {name}'s"
        if is_free(port):
            continue
        holder = _listener(port)
        if up and name in owners and (holder is None or holder.pid == owners[name]):
            continue
        who = f"process {holder.pid} ({_name(holder)})" if holder is not None else "a process of another user"
        do = "end that process; or run `earwitness up`, which takes another port, and give clients the new address"
        findings.append(problem("ports", where, f"is taken by {who}", do))
    return findings or [ok("ports", HOST, f"{len(ports)} ports are the stack's own{'' if up else ', and free'}")]


def check_disk(path: Path) -> list[Finding]:
    """Whether there is room, and whether one may write at all."""
    try:
        system = os.statvfs(path)
    except OSError as error:
        return [
            problem("disk", str(path), f"cannot be looked at: {error.strerror}", "mount it, or give another --home")
        ]
    free, whole = system.f_bavail * system.f_frsize, system.f_blocks * system.f_frsize
    room = f"{free / 1e9:,.1f} of {whole / 1e9:,.1f} GB are free"
    if system.f_flag & os.ST_RDONLY or not os.access(path, os.W_OK):
        return [problem("disk", str(path), "cannot be written", "mount it for writing, or give another --home")]
    if free < FREE_BYTES:
        do = "make room: the broker and ClickHouse take nothing more when it is full, and producers then spool"
        return [problem("disk", str(path), room, do)]
    if system.f_files and system.f_favail < FREE_FILES:
        return [problem("disk", str(path), f"only {system.f_favail} more files fit on it", "remove files, not bytes")]
    return [ok("disk", str(path), room)]


def _listener(port: int) -> psutil.Process | None:
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
                return psutil.Process(connection.pid)
    except psutil.Error:
        pass
    return None


def _name(process: psutil.Process) -> str:
    try:
        return str(process.name())
    except psutil.Error:
        return "gone by now"
