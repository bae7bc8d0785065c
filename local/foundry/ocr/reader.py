"""The OCR engine: reads pages side by side on a bounded set of threads."""

import asyncio
import os
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import ThreadPoolExecutor

from local.foundry.ocr.documents import Document
from local.foundry.ocr.page import PageReading
from local.foundry.ocr.reading import read_page


class Reader:
    """Reads as many pages at once as there are processors; each page runs on one thread, so that they do not fight."""

    def __init__(self) -> None:
        """Make the threads' pool; the models load with the first page that needs them."""
        self._pool = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="page")

    async def read(self, document: Document, indices: Sequence[int]) -> AsyncGenerator[PageReading, None]:
        """The pages in the order asked for, read ahead; pages nobody waits for any more are given up."""
        loop = asyncio.get_running_loop()
        pending = [loop.run_in_executor(self._pool, read_page, document, index) for index in indices]
        try:
            for page in pending:
                yield await page
        finally:
            for page in pending:
                page.cancel()

    def close(self) -> None:
        """Give up the pages that have not begun."""
        self._pool.shutdown(wait=False, cancel_futures=True)
