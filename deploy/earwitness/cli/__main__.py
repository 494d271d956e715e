"""`python -m earwitness.cli` is the command `earwitness`."""

import sys

from earwitness.cli.app import main

sys.exit(main())
