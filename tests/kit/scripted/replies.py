"""What an annotator answers."""

import asyncio


def replies_of(annotator, *windows):
    """Return the replies to some questions, asked one after the other; the annotator is closed then."""

    async def attempts():
        try:
            return [await annotator.annotate(window) for window in windows]
        finally:
            await annotator.close()

    return asyncio.run(attempts())
