import json
import os
import sys

from accelerator.job import CurrentJob
from accelerator.job.context import Context, context


def test_what_a_slice_tells_its_parent(current_job):
    job = current_job(phase="prepare")
    job.save(1, "kept")
    job.save(1, "temp", temp=True)
    job.save(1, "turned", temp=True)
    context.finished_datasets.append("before")
    context.subjobs["test-7"] = False
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        code = 1
        try:
            context.enter_job(job, "analysis", 2)
            job.save(1, "slice", sliceno=2)
            job.register_file("turned")
            context.finished_datasets.append("new")
            os.write(write, json.dumps(context.export_registrations()).encode())
            code = 0
        finally:
            os._exit(code)
    os.close(write)
    exported = json.loads(os.read(read, 65536))
    os.close(read)
    assert os.waitpid(pid, 0)[1] == 0

    assert exported == {"registered": {"slice.2": False, "turned": False}, "finished_datasets": ["new"], "subjobs": {}}
    context.enter_job(job, "synthesis")
    context.absorb_registrations(exported)
    context.absorb_registrations({**exported, "registered": {}, "subjobs": {"test-7": True}})
    assert context.registered == {"kept": False, "temp": True, "turned": False, "slice.2": False}
    assert context.finished_datasets == ["before", "new"]
    assert context.subjobs == {"test-7": True}
    assert (context.phase, context.sliceno) == ("synthesis", -1)


def test_another_job_begins_with_nothing(current_job):
    current_job().save(1)
    context.enter_job(CurrentJob("test-9"), "prepare")
    assert context.registered == {}
    context.leave_job()
    assert (context.job, context.phase) == (None, "")


def test_a_new_context_is_outside():
    fresh = Context()
    assert (fresh.workdirs, fresh.slices, fresh.job, fresh.phase, fresh.sliceno) == ({}, None, None, "", -1)
    assert sys.modules["accelerator.job.context"].context is context
