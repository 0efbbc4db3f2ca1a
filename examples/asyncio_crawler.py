"""A crawler and the site it crawls, on loopback; tasks are told apart: python examples/asyncio_crawler.py"""

import asyncio
import re

from follow import FollowConfig, follow

PAGES = {"/": "<a href='/a'> <a href='/b'>", "/a": "<a href='/b'>", "/b": "<a href='/missing'>"}
statements = {}


def gather(record):
    """Keep the records by task: each task's statements stay together, whatever runs in between."""
    statements.setdefault(record["task"], []).append(record)


async def serve(reader, writer):
    path = (await reader.readline()).split()[1].decode()
    status = "200 OK" if path in PAGES else "404 Not Found"
    writer.write(f"HTTP/1.0 {status}\r\n\r\n{PAGES.get(path, '')}".encode())
    await writer.drain()
    writer.close()


@follow(follower=gather, config=FollowConfig(fields=("task",), follow_return=True))
async def fetch(port, path):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.0\r\n\r\n".encode())
    answer = (await reader.read()).decode()
    writer.close()
    head, _, body = answer.partition("\r\n\r\n")
    if " 200 " not in head:
        raise LookupError(path)
    return re.findall("href='(.*?)'", body)


async def crawl(port):
    seen, waiting = {"/"}, ["/"]
    while waiting:
        tasks = [asyncio.create_task(fetch(port, path), name=f"fetch {path}") for path in waiting]
        found = await asyncio.gather(*tasks, return_exceptions=True)
        links = {link for answer in found if isinstance(answer, list) for link in answer}
        waiting = sorted(links - seen)
        seen |= links


async def main():
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        await crawl(server.sockets[0].getsockname()[1])


asyncio.run(main())
for task, records in sorted(statements.items()):
    print(task)
    for record in records:
        values = {v["var"]: v["val"] for v in record["local_vars"]}
        last = record.get("exception") or values.get("return", "")
        print(f"    {record['instruction']:66}  {last}".rstrip())
