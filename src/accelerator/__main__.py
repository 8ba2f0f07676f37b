"""``python -m accelerator`` is ``ax``."""

import sys

from accelerator.cli.main import main

sys.exit(main())
