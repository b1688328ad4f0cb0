"""What 'make long-streams' does for an hour, for some thousand messages."""
from long_streams import LongStreams


def test_messages_of_a_long_stream_are_seen_as_they_go_in_constant_memory(tmp_path):
    streams = LongStreams(tmp_path, 2000, "--memory-limit", "4m", "--body-limit", "64k")
    try:
        streams.run(lambda _: all(stream.followed >= 5000 for stream in streams.streams), 0.1)
    finally:
        streams.stop()
