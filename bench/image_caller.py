"""The official SDK making pictures in a process of its own, which tells what processor time that takes.

`python -m bench.image_caller ENDPOINT TIMES THREADS` makes so many pictures with the `openai` package, so many at once
with one client, and leaves each in a folder. One picture more comes before and does not count: it warms up.
"""

import base64
import json
import sys
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ASKED: Mapping[str, Any] = {
    "model": "gpt-image-2",
    "prompt": "A lighthouse at dusk",
    "size": "816x816",
    "quality": "low",
    "output_format": "jpeg",
}
"""The picture that is asked for, one that the model emulator draws quickly."""

_SECONDS = 60.0


def main(endpoint: str, times: int, threads: int) -> int:
    """Warm up, make the pictures, and print the processor time in seconds."""
    from openai import OpenAI

    images = OpenAI(api_key="local-key", base_url=f"{endpoint}/openai/v1", timeout=_SECONDS, max_retries=0).images

    def make(path: Path) -> None:
        answer = images.generate(**ASKED)
        for picture in answer.data or []:
            path.write_bytes(base64.b64decode(picture.b64_json or ""))

    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(threads) as pool:
        make(Path(folder) / "first.jpeg")
        before = time.process_time()
        list(pool.map(make, (Path(folder) / f"{number}.jpeg" for number in range(times))))
        sys.stdout.write(json.dumps({"cpu_seconds": time.process_time() - before}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
