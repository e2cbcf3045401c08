"""`python -m pk_tui` is the same program as `pk-tui`."""

import sys

from pk_tui.control.client import main

if __name__ == "__main__":
    sys.exit(main())
