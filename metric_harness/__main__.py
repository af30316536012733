"""`python -m metric_harness`: the console script, for where it is not on the path."""

import sys

from metric_harness.cli import main

if __name__ == "__main__":
    sys.exit(main())
