"""``ax grep``: lines of datasets that match.

From the command line to the output: :mod:`command` (options) makes a :mod:`query`, :mod:`plan` says what that means for
each dataset, :mod:`workers` runs :mod:`scan` in a process a slice (:mod:`matching` and :mod:`context` choose lines,
:mod:`textlines`, :mod:`styled` or :mod:`jsonlines` write them), and :mod:`merge` puts what comes from them in order.
"""
