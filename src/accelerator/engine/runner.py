"""The runner: imports methods once and forks a process for every job.

Started as ``python -m accelerator.engine.runner``.

One thread, one loop: requests from the session and from jobs (for their subjobs), and the ends of processes.
It ends with its session, and takes everything it started with it.
"""

import contextlib
import os
import selectors
import signal
import socket
import sys
import time
import traceback

import msgspec

from accelerator.config import Config
from accelerator.engine import job_process, memory, processes, timeouts
from accelerator.engine.failure import no_process
from accelerator.engine.forked_slices import ForkedSlices
from accelerator.engine.imports import Imports, answer_declare
from accelerator.engine.ordered import OrderedJob
from accelerator.engine.protocol import Channel, Frame, ProtocolError, check_hello
from accelerator.engine.standby import JobProcess, Standby
from accelerator.engine.tokens import Ledger
from accelerator.error import AcceleratorError
from accelerator.job.context import context
from accelerator.job.fork import fork
from accelerator.job.running import ProcessMark, boot_id, mark_process


class Runner:
    """The state of a runner and its loop.

    Args:
        session: connected to the session.
        hello: the session's first frame.
    """

    def __init__(self, session: Channel, hello: Frame) -> None:
        self._session = session
        self._marks = mark_process(), msgspec.convert(hello["session"], ProcessMark)
        boot_id()  # looked up here, once for all jobs
        self._config = Config.from_json(hello["config"])
        self._imports = Imports(self._config)
        context.register_workdirs(self._config.workdirs)
        context.slices = self._config.slices
        context.input_directory = self._config.input_directory
        context.result_directory = self._config.result_directory
        context.cores, context.memory = self._config.execution.cores, self._config.execution.memory
        self._python = hello["python"]
        self._ledger = Ledger(
            hello["cores"],
            hello["lent"],
            ask=lambda count: session.send({"type": "lack", "count": count}),
            pay=lambda count: session.send({"type": "return", "count": count}),
        )
        self._jobs: dict[int, OrderedJob] = {}
        self._waiting: list[OrderedJob] = []
        self._slices = ForkedSlices(self._imports, self._let_go)
        self._standby = Standby(self._fork_process)
        self._started = False
        self._selector = selectors.DefaultSelector()
        self._woken, self._wake = socket.socketpair()

    # -- the loop --

    def serve(self) -> None:
        """Serve until the session is gone."""
        for end in (self._woken, self._wake):
            end.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: self._end())
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        self._selector.register(self._session.fileno(), selectors.EVENT_READ, None)
        self._selector.register(self._woken.fileno(), selectors.EVENT_READ, self._woken)
        self._session.send({"type": "ready", "pid": os.getpid()})
        try:
            # The first requests may have come together with the hello.
            self._take_requests()
            while True:
                self._turn()
        except Exception:  # noqa: BLE001 - it ends with everything below it; the session says so, and this says why
            traceback.print_exc()
        finally:
            self._end()

    def _turn(self) -> None:
        for key, _ in self._selector.select(timeouts.seconds_left(self._jobs.values())):
            if key.data is self._woken:
                with contextlib.suppress(BlockingIOError):
                    while self._woken.recv(4096):
                        pass
                self._reap()
            elif key.data is None:
                if not self._session.receive():
                    self._end()
                self._take_requests()
            else:
                self._on_job(key.data)
        timeouts.end_late(self._jobs.values())
        if self._started:
            # Now, and not when the job ends: then the session has work, while a new job as a rule runs on one core.
            self._started = False
            self._standby.renew()

    def _take_requests(self) -> None:
        for frame, descriptors in self._session.frames():
            self._on_request(None, frame, descriptors)

    # -- requests --

    def _on_request(self, asker: OrderedJob | None, frame: Frame, descriptors: list[int]) -> None:
        kind = frame["type"]
        if asker is not None and frame.get("interpreter", self._python) != self._python:
            self._pass_on(asker, frame, descriptors)
        elif kind == "run":
            self._queue(OrderedJob(frame, asker, descriptors))
        elif kind == "resume" and asker is not None:
            self._wake_with(asker, {"type": "resumed", "id": frame["id"]})
        elif kind == "declare":
            self._answer(asker, answer_declare(self._imports, frame))
            if asker is not None:
                # The session has not seen the sources of subjobs; what they are now, they stay in this process.
                self._session.send({"type": "absorbed", "method": frame["method"], "source": frame["source"]})
            self._imports.warm_up()
        elif kind == "cancel":
            self._cancel(frame["id"])
        elif kind == "lend":
            self._ledger.receive(frame["count"])
        elif kind == "recall":
            self._ledger.recall(frame["count"])
        elif kind == "routed":
            self._pass_back(frame["asker"], frame["answer"])
        else:
            raise ProtocolError(f"the runner was sent a {kind!r} message")

    def _answer(self, asker: OrderedJob | None, frame: Frame) -> None:
        channel = self._session if asker is None else asker.channel
        if channel is not None:
            channel.send(frame)

    def _pass_on(self, asker: OrderedJob, frame: Frame, descriptors: list[int]) -> None:
        """Have the session pass on what a job asks of another interpreter's runner."""
        self._session.send({"type": "route", "asker": asker.jobid, "request": frame}, descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        if frame["type"] == "run":
            # As for its other subjobs; but not before the locks are on their way, as somebody may be forked now.
            self._ledger.release(asker.jobid)

    def _pass_back(self, jobid: str, answer: Frame) -> None:
        asker = next((job for job in self._jobs.values() if job.jobid == jobid), None)
        if asker is None:
            return
        if answer["type"] == "done":
            self._wake_with(asker, answer)
        else:
            self._answer(asker, answer)

    def _wake_with(self, asker: OrderedJob, answer: Frame) -> None:
        """Answer a job that waits for a subjob: it goes on computing, so it must have a core again first."""
        self._ledger.request(asker.jobid, lambda: self._answer(asker, answer), first=True)

    def _cancel(self, number: int) -> None:
        """End a job that the session asked for."""
        for job in [job for job in self._waiting if job.asker is None and job.order["id"] == number]:
            self._refuse(job, "The job was not started: nobody waits for it any more.")
        for job in self._jobs.values():
            if job.asker is None and job.order["id"] == number:
                processes.kill_group(job.pid)

    def _queue(self, job: OrderedJob) -> None:
        # First of all: what is forked from here on must know that it has locks of this job to close.
        self._waiting.append(job)
        if job.asker is not None:
            # It waits for this subjob, so others may have its core meanwhile.
            self._ledger.release(job.asker.jobid)
        self._ledger.request(job.jobid, lambda: self._start(job))

    # -- jobs --

    def _start(self, job: OrderedJob) -> None:
        try:
            self._imports.module_for(job.order)
            memory.look()
            process = self._process_for(job)
        except AcceleratorError as error:
            self._refuse(job, str(error))
            return
        except OSError as error:
            self._refuse(job, no_process(error))
            return
        self._waiting.remove(job)
        job.close_locks()
        job.pid, job.channel = process.pid, process.channel
        if job.order.get("timeout"):
            job.deadline = time.monotonic() + float(job.order["timeout"])
        self._jobs[job.pid] = job
        self._selector.register(process.channel.fileno(), selectors.EVENT_READ, job)
        job.started = time.time()
        self._session.send(job.notice("started"))
        self._started = True

    def _process_for(self, job: OrderedJob) -> JobProcess:
        """Return a process that has been given the order: one forked ahead, or a new one."""
        order = {**job.order, "type": "order"}
        process = self._standby.take(self._imports.count)
        if process is not None:
            if process.channel.send(order, job.locks):
                return process
            process.end()
        process = self._fork_process()
        process.channel.send(order, job.locks)
        return process

    def _fork_process(self) -> JobProcess:
        ours, theirs = Channel.pair()
        try:
            pid = fork(lambda: self._become(ours, theirs), new_group=True, title="accelerator: next job")
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        return JobProcess(pid, ours, self._imports.count)

    def _refuse(self, job: OrderedJob, text: str) -> None:
        self._waiting.remove(job)
        job.close_locks()
        self._ledger.drop(job.jobid)
        self._report(job, {"ok": False, "status": {"launch": text}})

    def _become(self, runners: Channel, channel: Channel) -> int:
        """In the forked process: be the job that is ordered next."""
        self._let_go()
        runners.close()
        return job_process.serve(self._config, channel, self._imports, *self._marks)

    def _let_go(self) -> None:
        """In a forked process: let go of all that is the runner's."""
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self._selector.close()
        for end in (self._woken, self._wake, self._session):
            end.close()
        for other in [*self._jobs.values(), *self._waiting]:
            other.let_go()
        self._standby.let_go()

    def _on_job(self, job: OrderedJob) -> None:
        channel = job.channel
        if channel is None or channel.closed:
            return
        if not channel.receive():
            # The process may live on with its channel closed; its end is noticed when it is reaped.
            self._selector.unregister(channel.fileno())
            channel.close()
            return
        self._take(job, channel)

    def _take(self, job: OrderedJob, channel: Channel) -> None:
        for frame, descriptors in channel.frames():
            kind = frame["type"]
            if kind == "done":
                job.said = frame
                if frame.get("alone") and job.asker is None:
                    self._report_early(job)
            elif kind == "tokens":
                self._on_tokens(job, frame)
            elif kind == "slice":
                self._slices.fork(job, frame["sliceno"], descriptors)
            else:
                self._on_request(job, frame, descriptors)

    def _on_tokens(self, job: OrderedJob, frame: Frame) -> None:
        self._ledger.release(job.jobid, frame.get("release", 0))
        if frame.get("withdraw"):
            self._ledger.withdraw(job.jobid, frame["withdraw"])
            self._answer(job, {"type": "withdrawn"})
        for _ in range(frame.get("want", 0)):
            self._ledger.request(job.jobid, lambda: self._answer(job, {"type": "grant"}))

    # -- ends --

    def _report_early(self, job: OrderedJob) -> None:
        """Let a session go on while the process of its finished job ends, if that leaves nothing behind."""
        if job.has_finished():
            job.reported, job.deadline = True, None
            self._ledger.drop(job.jobid)
            self._report(job, {"ok": True, "status": {}})

    def _reap(self) -> None:
        self._standby.reap()
        for job, frame in self._slices.reap():
            if job.pid in self._jobs:
                self._answer(job, frame)
        ended = []
        for pid in list(self._jobs):
            if processes.has_ended(pid):
                # Before the pid is free to be given again.
                processes.kill_group(pid)
                how = processes.reap(pid)
                job = self._jobs.pop(pid)
                self._close_channel(job)
                ended.append((job, *how))
        # What a job that lives has left behind is its own child, so these are of jobs that have ended.
        processes.reap_strangers(
            {*self._jobs, *self._slices.pids, *self._standby.pids}, end=bool(ended) or not self._jobs
        )
        for job, exitcode, peak in ended:
            self._finish(job, exitcode, peak)

    def _close_channel(self, job: OrderedJob) -> None:
        """Close the channel of a job that has ended, before another is forked: locks may still be in it."""
        channel = job.channel
        if channel is not None and not channel.closed:
            self._selector.unregister(channel.fileno())
            job.hear_out(channel)

    def _finish(self, job: OrderedJob, exitcode: int, peak: int) -> None:
        for other in [other for other in self._jobs.values() if other.asker is job]:
            other.asker = _NOBODY
            processes.kill_group(other.pid)
        for other in [other for other in self._waiting if other.asker is job]:
            self._waiting.remove(other)
            other.close_locks()
            self._ledger.drop(other.jobid)
        self._ledger.drop(job.jobid)
        outcome = job.outcome(exitcode, peak)
        self._session.send(job.notice("ended", ok=outcome["ok"], seconds=time.time() - job.started))
        if not job.reported:
            self._report(job, outcome)

    def _report(self, job: OrderedJob, outcome: Frame) -> None:
        frame = {**outcome, "type": "done", "id": job.order["id"], "jobid": job.jobid}
        asker = job.asker
        if asker is None:
            self._session.send(frame)
        elif asker is not _NOBODY and asker.pid in self._jobs:
            self._wake_with(asker, frame)

    def _end(self) -> None:
        """End everything, at once and without exception."""
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        self._standby.end()
        for pid in self._jobs:
            processes.kill_group(pid)
        for pid in self._jobs:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)
        self._jobs.clear()
        processes.reap_strangers(set(), end=True)
        os._exit(0)


_NOBODY = OrderedJob({"jobid": ""}, None, [])


def main(descriptor: int, session: int) -> None:
    """Be a runner.

    Args:
        descriptor: of the socket connected to the session.
        session: the session's pid if its end should end this process, else 0.
    """
    if session:
        processes.die_with_parent(session, signal.SIGTERM)
    processes.adopt_orphans()
    memory.reuse_memory()
    channel = Channel(socket.socket(fileno=descriptor))
    os.set_inheritable(descriptor, False)
    hello = channel.wait("hello")
    if hello is None:
        return
    check_hello(hello)
    Runner(channel, hello).serve()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
