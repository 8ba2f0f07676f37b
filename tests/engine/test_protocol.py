"""Frames over a real socketpair."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelerator.engine.protocol import PROTOCOL, Channel, ProtocolError, check_hello, encode


@given(
    st.lists(
        st.dictionaries(st.text().filter(lambda key: key not in {"descriptors", "beside"}), st.text() | st.integers()),
        max_size=5,
    )
)
def test_frames_arrive_as_they_were_sent(frames):
    ours, theirs = Channel.pair()
    for frame in frames:
        assert ours.send(frame)
    ours.close()
    got = []
    while theirs.receive():
        got.extend(frame for frame, _ in theirs.frames())
    theirs.close()
    assert got == frames


@pytest.mark.parametrize("size", [0, 16_000, 17_000, 20_000_000])
def test_frames_of_any_size_are_sent_though_nobody_reads_yet(size):
    """Two ends that send each other sources at the same time must not wait for each other."""
    ours, theirs = Channel.pair()
    read, write = os.pipe()
    frame = {"text": "å" * (size // 6)}
    for end in (ours, theirs):
        assert end.send(frame, [write])
        assert end.send(frame)
    for end in (ours, theirs):
        got = []
        while len(got) < 2:
            end.receive()
            got.extend(end.frames())
        assert [one["text"] for one, _ in got] == [frame["text"]] * 2
        assert [len(descriptors) for _, descriptors in got] == [1, 0]
        for descriptor in got[0][1]:
            os.write(descriptor, b"x")
            os.close(descriptor)
        end.close()
    os.close(write)
    assert os.read(read, 10) == b"xx"
    os.close(read)


def test_a_frame_in_pieces():
    ours, theirs = Channel.pair()
    for byte in encode({"type": "x"}):
        assert list(theirs.frames()) == []
        ours._socket.send(bytes([byte]))
        theirs.receive()
    assert [frame for frame, _ in theirs.frames()] == [{"type": "x"}]
    ours.close()
    theirs.close()


def test_descriptors_come_with_their_frames():
    ours, theirs = Channel.pair()
    pipes = [os.pipe() for _ in range(3)]
    ours.send({"n": 0}, [pipes[0][1]])
    ours.send({"n": 1})
    ours.send({"n": 2}, [pipes[1][1], pipes[2][1]])
    got = []
    while len(got) < 3:
        theirs.receive()
        got.extend(theirs.frames())
    assert [len(descriptors) for _, descriptors in got] == [1, 0, 2]
    for (_, descriptors), wanted in zip(got[::2], [pipes[:1], pipes[1:]], strict=True):
        for descriptor, (read, _) in zip(descriptors, wanted, strict=True):
            os.write(descriptor, b"here")
            assert os.read(read, 10) == b"here"
            os.close(descriptor)
    for pipe in pipes:
        for descriptor in pipe:
            os.close(descriptor)
    ours.close()
    theirs.close()


def test_descriptors_that_nobody_takes_are_closed_with_the_channel():
    """Also those of a frame that has not come as a whole: a lock would stay held for ever."""
    ours, theirs = Channel.pair()
    read, write = os.pipe()
    ours.send({"n": 0, "text": "x" * 1_000}, [write])
    os.close(write)
    theirs.receive()
    theirs.close()
    os.set_blocking(read, False)
    assert os.read(read, 1) == b""
    os.close(read)
    ours.close()


def test_sending_to_nobody():
    ours, theirs = Channel.pair()
    theirs.close()
    assert not ours.send({"type": "x"})
    ours.close()
    assert not ours.send({"type": "x"})


@pytest.mark.parametrize(
    "data", [b"\xff\xff\xff\xffxxxx", b"\0\0\0\x01[", b"\0\0\0\x02[]", b'\0\0\0\x11{"descriptors":1}']
)
def test_nonsense_is_refused(data):
    ours, theirs = Channel.pair()
    ours._socket.send(data)
    theirs.receive()
    with pytest.raises(ProtocolError):
        list(theirs.frames())
    ours.close()
    theirs.close()


def test_another_version_is_refused():
    check_hello({"protocol": PROTOCOL})
    with pytest.raises(ProtocolError, match="same version"):
        check_hello({"protocol": PROTOCOL + 1})
