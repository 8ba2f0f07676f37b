description = "A job that does nothing in three phases: what each process costs."

options = {"number": 0}


def prepare():
    return None


def analysis(sliceno):
    return sliceno


def synthesis():
    return None
