"""Makes `python -m edufilter` the command `edufilter`."""

from pipelines.__main__ import main

if __name__ == "__main__":
    main()
