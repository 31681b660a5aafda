"""Reads an MCAP file as other people's tools do: PyPI `mcap`, by index and as a stream, checksums checked, messages decoded by their schemas."""

import json
import sys

from mcap.reader import NonSeekingReader, make_reader
from mcap_protobuf.decoder import DecoderFactory

path = sys.argv[1]
out = {"topics": {}, "streamed": 0}
decoders = DecoderFactory()

with open(path, "rb") as file:
    reader = make_reader(file, validate_crcs=True)
    summary = reader.get_summary()
    out["statistics"] = {
        "messages": summary.statistics.message_count,
        "chunks": summary.statistics.chunk_count,
        "indexed": len(summary.chunk_indexes),
    }
    out["metadata"] = [{"name": one.name, **one.metadata} for one in reader.iter_metadata()]
    last = 0
    for schema, channel, message in reader.iter_messages():
        assert message.log_time >= last, "messages by index are in the order of their log times"
        last = message.log_time
        topic = out["topics"].setdefault(
            channel.topic, {"schema": schema.name, "encoding": schema.encoding, "count": 0}
        )
        topic["count"] += 1
        if schema.encoding == "jsonschema":
            properties = json.loads(schema.data)["properties"]
            assert isinstance(json.loads(message.data), dict) and isinstance(properties, dict)
        elif topic["count"] == 1:
            decoded = decoders.decoder_for("protobuf", schema)(message.data)
            topic["fields"] = {
                field.name: len(value) if isinstance(value, bytes) else value
                for field, value in decoded.ListFields()
                if isinstance(value, (str, int, float, bytes))
            }
            topic["seconds"] = decoded.timestamp.seconds
        if schema.name == "edgebind.Imu":
            decoded = decoders.decoder_for("protobuf", schema)(message.data)
            topic["readings"] = topic.get("readings", 0) + max(1, len(decoded.acc_z))
            assert decoded.linear_acceleration.z == (decoded.acc_z or [decoded.linear_acceleration.z])[-1]
            assert sum(decoded.arrival_us_steps) in (0, message.log_time // 1000)

with open(path, "rb") as file:
    for _ in NonSeekingReader(file, validate_crcs=True).iter_messages(log_time_order=False):
        out["streamed"] += 1

print(json.dumps(out))
