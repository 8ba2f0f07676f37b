"""``python -m accelerator`` is ``ax``."""

import sys

from accelerator.cli.entry import main

sys.exit(main())
