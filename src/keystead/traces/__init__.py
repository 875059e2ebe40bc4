"""
What a request did, and for how long: spans of OpenTelemetry, sent to a collector that the operator names.

Owns the OpenTelemetry SDK, which is an extra. Nothing a client writes becomes part of a span, and no
request waits for the collector. Must not decide anything: it is handed what it watches.
"""
