"""Has pyarrow import now what it would import later, in the process of every slice.

When pyarrow first meets a NumPy array or a list it imports pandas, if that is installed, which takes 0.3 s. Methods
that give it such things import this module. It runs where methods are imported: in the runner, once.
"""

import pyarrow as pa

pa.array([0]).to_numpy()
