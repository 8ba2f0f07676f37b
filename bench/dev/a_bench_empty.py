description = "A job that does nothing: what a job costs."

options = {"number": 0}


def synthesis():
    return None
